"""Square brackets and the records below them, against NumPy, on arrays, in gradients and in functional models."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import fastnn
from fastnn import GradientTape, Input, Model, Tensor, Variable, ops
from fastnn.errors import GraphError, KernelError, ShapeError
from tests.kernel_checks import Bilinear

SHAPES = npst.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)


def numbers(shape, dtype="float32"):
    """Different whole numbers of a shape."""
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)


def basic(data, shape):
    """A key of whole numbers, slices, None and an ellipsis that fits a shape."""
    keys = []
    named = data.draw(st.integers(0, len(shape)))
    for size in shape[:named]:
        if size and data.draw(st.booleans()):
            keys.append(data.draw(st.integers(-size, size - 1)))
        else:
            edge = st.none() | st.integers(-size - 2, size + 2)
            keys.append(slice(data.draw(edge), data.draw(edge), data.draw(st.sampled_from([None, 1, 2, 3, -1, -2]))))
        if data.draw(st.integers(0, 3)) == 0:
            keys.append(None)
    if data.draw(st.booleans()):
        keys.append(...)
    return tuple(keys)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), shape=SHAPES, dtype=st.sampled_from(["float32", "float64", "int32", "int64", "uint8", "bool"]))
def test_numbers_slices_and_new_axes(data, shape, dtype):
    x, key = numbers(shape, dtype), basic(data, shape)
    found = Tensor(x)[key]
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.numpy(), x[key])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), shape=SHAPES)
def test_the_gradient_of_a_part_is_one_there(data, shape):
    x, key = Variable(numbers(shape)), basic(data, shape)
    with GradientTape() as tape:
        part = x[key]
        total = ops.sum(part * 2.0)
    expected = np.zeros(shape, "float32")
    expected[key] = 2
    gradient = tape.gradient(total, x)
    np.testing.assert_array_equal(gradient.numpy(), expected)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), shape=npst.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
def test_arrays_of_indices(data, shape):
    x = numbers(shape)
    count = data.draw(st.integers(1, len(shape)))
    rows = npst.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=3)
    wide = data.draw(rows)
    key = tuple(data.draw(npst.arrays(np.int32, wide, elements=st.integers(-size, size - 1))) for size in shape[:count])
    np.testing.assert_array_equal(Tensor(x)[key].numpy(), x[key])
    single = (slice(None),) * (count - 1) + (key[count - 1],)
    np.testing.assert_array_equal(Tensor(x)[single].numpy(), x[single])
    variable = Variable(x)
    with GradientTape() as tape:
        total = ops.sum(variable[key])
    expected = np.zeros(shape, "float32")
    np.add.at(expected, key, 1)
    np.testing.assert_array_equal(tape.gradient(total, variable).numpy(), expected)


def test_truth_values_choose_where_data_is_known():
    x = numbers((3, 4))
    np.testing.assert_array_equal(Tensor(x)[x > 5].numpy(), x[x > 5])
    np.testing.assert_array_equal(Tensor(x)[np.array([True, False, True])].numpy(), x[[0, 2]])


def test_tensors_as_indices():
    x = Tensor(numbers((3, 2)))
    np.testing.assert_array_equal(x[Tensor([2, 0])].numpy(), [[4, 5], [0, 1]])
    np.testing.assert_array_equal(x[Tensor(np.asarray(1))].numpy(), [2, 3])


def test_loops_over_tensors():
    assert [float(x) for x in Tensor([1.0, 2.0])] == [1.0, 2.0]
    first, second = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert second.numpy().tolist() == [3.0, 4.0]
    assert first.shape == (2,)


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (3, IndexError, "from -3 to 2 along axis 0"),
        ((0, 0, 0), IndexError, "at most 2 indices"),
        ((..., ...), IndexError, "at most one ellipsis"),
        ("name", GraphError, "whole numbers, slices, None"),
        (1.5, GraphError, "as index, received 1.5"),
        ([0.5], GraphError, "an array of float64"),
        (slice(None, None, 0), GraphError, "a step other than 0"),
        ([5], KernelError, "indices"),
        ((slice(None), [0], [1]), IndexError, "at most 2"),
    ],
)
def test_wrong_keys(key, error, message):
    with pytest.raises(error, match=message):
        Tensor(numbers((3, 4)))[key]


def test_several_arrays_behind_a_slice_are_refused():
    with pytest.raises(GraphError, match="several arrays of indices on the first axes only"):
        Tensor(numbers((3, 4, 2)))[:, [0], [1]]


def test_parts_of_symbolic_tensors():
    x = Input((5, 4))
    assert x[:, -1].shape == (None, 4)
    assert x[..., None].shape == (None, 5, 4, 1)
    assert x[:, ::2, 1:].shape == (None, 3, 3)
    assert x[:, [0, 3, 3]].shape == (None, 3, 4)
    assert x[:2].shape == (2, 5, 4)
    data = numbers((3, 5, 4))
    model = Model(x, [x[:, -1], x[:, [4, 0], ::-1]])
    last, turned = model.predict(data, verbose=0)
    np.testing.assert_array_equal(last, data[:, -1])
    np.testing.assert_array_equal(turned, data[:, [4, 0], ::-1])


def test_a_model_with_a_slice_trains_like_one_on_the_slice():
    data, y = numbers((6, 5, 2)) / 30, numbers((6, 1)) / 6
    x = Input((5, 2))
    whole = Model(x, fastnn.layers.Dense(1, kernel_initializer="ones")(x[:, -1]))
    z = Input((2,))
    part = Model(z, fastnn.layers.Dense(1, kernel_initializer="ones")(z))
    for model, given_data in ((whole, data), (part, data[:, -1])):
        model.compile(optimizer="sgd", loss="mse")
        model.fit(given_data, y, epochs=2, batch_size=2, shuffle=False, verbose=0)
    for a, b in zip(whole.get_weights(), part.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# ---------------------------------------------------------------- take, pad, slices by name


@settings(max_examples=100, deadline=None)
@given(data=st.data(), shape=npst.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5))
def test_padding(data, shape):
    x = numbers(shape)
    mode = data.draw(st.sampled_from(["constant", "reflect", "symmetric"]))
    pairs = tuple((data.draw(st.integers(0, 7)), data.draw(st.integers(0, 7))) for _ in shape)
    np.testing.assert_array_equal(ops.pad(x, pairs, mode).numpy(), np.pad(x, pairs, mode))


@settings(max_examples=100, deadline=None)
@given(data=st.data(), shape=npst.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
def test_taking(data, shape):
    x = numbers(shape)
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    extent = x.size if axis is None else shape[axis]
    like = data.draw(npst.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    indices = data.draw(npst.arrays(np.int32, like, elements=st.integers(-extent, extent - 1)))
    np.testing.assert_array_equal(ops.take(x, indices, axis).numpy(), np.take(x, indices % extent, axis))
    rows = indices.reshape(-1) if axis is None else np.argsort(-x, axis)
    np.testing.assert_array_equal(
        ops.take_along_axis(x, rows, axis).numpy(), np.take_along_axis(x, rows % extent, axis)
    )


@pytest.mark.parametrize("index", [4, -5])
def test_indices_outside_are_named(index):
    for dtype in ("float32", "float64"):
        with pytest.raises(KernelError, match=r"indices .* position 1"):
            ops.take(np.zeros(4, dtype), [0, index], axis=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((-1, 0),), "pad_width"),
        ((((1, 1), (0, 0), (2, 2)),), "2 pairs"),
        ((1.5,), "pad_width"),
        ((1, "edge"), "'constant', 'reflect' or 'symmetric'"),
        ((1, "reflect", 3.0), "no constant_values unless"),
    ],
)
def test_wrong_padding(arguments, message):
    with pytest.raises(ValueError, match=message):
        ops.pad(numbers((2, 3)), *arguments)


def test_wrong_blocks():
    with pytest.raises(ShapeError, match="a block inside"):
        ops.slice(numbers((2, 3)), (1, 1), (1, 3))
    with pytest.raises(ShapeError, match="2 start indices"):
        ops.slice(numbers((2, 3)), (1,), (1,))


def test_positions_of_64_bits_choose_in_models():
    x = Input((4, 3))
    table = numbers((3, 2))
    model = Model(x, ops.take(table, ops.argmax(x, axis=-1), axis=0))
    data = np.random.default_rng(0).normal(size=(5, 4, 3)).astype("float32")
    np.testing.assert_array_equal(model.predict(data, verbose=0), table[data.argmax(-1)])


# ---------------------------------------------------------------- products of stacks


LEADS = [((), ()), ((2,), ()), ((), (3,)), ((2, 3), (3,)), ((2, 1), (1, 4)), ((1,), (5,)), ((3,), (3,)), ((0,), (1,))]


@pytest.mark.parametrize(("lead_a", "lead_b"), LEADS)
@settings(max_examples=8, deadline=None)
@given(rows=st.integers(0, 40), depth=st.integers(0, 40), cols=st.integers(0, 40))
def test_products_with_broadcast_leading_axes(lead_a, lead_b, rows, depth, cols):
    Bilinear("matmul", ((*lead_a, rows, depth), (*lead_b, depth, cols))).check()


def test_products_of_many_small_matrices_do_not_depend_on_threads():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(64, 8, 20, 16)).astype("float32"), rng.normal(size=(64, 8, 16, 20)).astype("float32")
    before = fastnn.engine.execute.threads()
    try:
        found = []
        for count in (1, 4):
            fastnn.engine.execute.threads(count)
            found.append(ops.matmul(a, b).numpy())
    finally:
        fastnn.engine.execute.threads(before)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[0], a @ b, rtol=1e-4, atol=1e-4)


EQUATIONS = [
    ("ij,jk->ik", (3, 4), (4, 5)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    ("...ij,...jk->...ik", (2, 3, 4), (2, 4, 5)),
    ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)),
    ("bqhd,bkhd->bhqk", (2, 3, 4, 5), (2, 6, 4, 5)),
    ("bhqk,bkhd->bqhd", (2, 4, 3, 6), (2, 6, 4, 5)),
    ("ij->ji", (3, 4)),
    ("ij->", (3, 4)),
    ("ij", (3, 4)),
    ("ji", (3, 4)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("aab->ab", (2, 2, 3)),
    ("i,i", (4,), (4,)),
    ("i,j->ij", (4,), (3,)),
    ("ij,kl->ijkl", (2, 3), (4, 2)),
    ("abc,abd->cd", (2, 3, 4), (2, 3, 5)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("ij,ij,ij->j", (2, 3), (2, 3), (2, 3)),
    ("...i,i->...", (2, 3, 4), (4,)),
    ("...a,...b->...ab", (2, 3, 4), (2, 1, 4)),
    ("b...,b...->...", (2, 3, 4), (2, 3, 4)),
    ("ab,cd", (2, 3), (4, 2)),
    (" i j , j -> i ", (3, 4), (4,)),
]


@pytest.mark.parametrize(("equation", "shapes"), [(e, s) for e, *s in EQUATIONS])
def test_einsum(equation, shapes):
    rng = np.random.default_rng(1)
    xs = [rng.normal(size=s) for s in shapes]
    found = ops.einsum(equation, *xs)
    np.testing.assert_allclose(found.numpy(), np.einsum(equation, *xs), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("equation", "shapes", "message"),
    [
        ("ij,jk->ik", [(3, 4)], "each of 1 operands"),
        ("ij->k", [(3, 4)], "behind the arrow once"),
        ("ij->ii", [(3, 4)], "behind the arrow once"),
        ("ijk->i", [(3, 4)], "as many letters as axes"),
        ("ij,jk->ik", [(3, 4), (5, 2)], "'j' to stand for axes of equal extents, not 4 and 5"),
        ("i1->i", [(3, 4)], "letters"),
    ],
)
def test_wrong_equations_are_named(equation, shapes, message):
    with pytest.raises(GraphError, match=message) as caught:
        ops.einsum(equation, *(np.zeros(s) for s in shapes))
    assert repr(equation) in str(caught.value)


def test_models_with_parts_are_saved(tmp_path):
    x = Input((4, 3))
    y = ops.stack([x[:, -1], x[..., 0, :]], axis=1)[:, ::-1, None]
    model = Model(x, [ops.pad(y, ((0, 0), (0, 0), (1, 0), (0, 0))), x[:, [2, 0]], x[1:]])
    data = numbers((2, 4, 3))
    for again in (Model.from_config(model.get_config()), saved(model, tmp_path / "parts.keras")):
        for a, b in zip(again(data), model(data), strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def saved(model, path):
    model.save(path)
    return fastnn.models.load_model(path)
