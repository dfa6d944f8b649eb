"""Every operation, every case: whatever follows from the record alone."""

import dataclasses

import numpy as np
import pytest

from fastnn.engine import execute
from fastnn.ops.cases import inputs_for
from fastnn.ops.table import OPS, Case, Op, find
from tests.table_checks import (
    GROWN,
    NAMED,
    NAMED_BACKWARD,
    Example,
    assert_close,
    changed_outside,
    gradient_errors,
    misplaced,
    sample_cells,
    widened,
)

every_op = pytest.mark.parametrize("op", OPS.values(), ids=OPS)


def of_all(named):
    """Make a check of one case a test of each operation: it tries all cases, and names those that fail."""
    by_op = {}
    for label, (op, case) in named.items():
        by_op.setdefault(op.name, {})[label] = case

    def as_test(check):
        @pytest.mark.parametrize("name", by_op)
        def test(name, settings):
            failed = {}
            for label, case in by_op[name].items():
                try:
                    check(OPS[name], case)
                except Exception as error:
                    failed[label] = error
            if failed:
                raise AssertionError(f"wrong for {', '.join(failed)}") from next(iter(failed.values()))

        test.check = check
        return test

    return as_test


every_case, every_backward, every_grown = of_all(NAMED), of_all(NAMED_BACKWARD), of_all(GROWN)


@pytest.fixture
def settings():
    """Instruction set and threads may be changed; they are put back."""
    isa, threads = execute.isa(), execute.threads()
    yield
    execute.isa(isa)
    execute.threads(threads)


# ---------------------------------------------------------------- the record


@every_op
def test_record_is_complete(op):
    assert op.formula
    assert op.explain is not None
    assert op.cases
    assert (op.backward is not None) == bool(op.grad_formula)
    assert set(op.optional) <= set(op.inputs)
    assert set(op.gradients or ()) <= set(op.inputs)
    assert set(op.saves) <= {*op.inputs, *op.outputs, *op.extra}
    assert set(op.dtypes) <= {*op.inputs, *op.outputs, *op.extra}


@every_op
def test_kernel_row_equals_record(op):
    rows = execute.compiled.entries()
    assert op.name in rows
    assert rows[op.name] == (list(op.inputs), list(op.attrs), op.backward is not None)


def test_every_kernel_has_a_record():
    """But for those that do several operations in one pass: of them tests/test_fused.py knows."""
    assert {name for name in execute.compiled.entries() if not name.startswith("fused_")} == set(OPS)
    assert not any(name.startswith("fused_") for name in OPS)


# ---------------------------------------------------------------- references


@every_case
def test_shape_rule_equals_reference(op, case):
    example = Example(op, case)
    results = example.reference()
    assert tuple(r.shape for r in results.values()) == tuple(op.infer(example.shapes, example.attrs))


@every_case
def test_reference_keeps_the_type(op, case):
    for dtype in ("float32", "float64"):
        example = Example(op, case, dtype)
        for role, result in example.reference(example.as_computed()).items():
            assert result.dtype == example.dtype_of(role), role


@every_backward
def test_reference_gradient_equals_finite_differences(op, case):
    for name, error in gradient_errors(op, case).items():
        assert error < 1e-6, name


@pytest.mark.full
@every_backward
def test_they_are_equal_at_another_point_too(op, case):
    for name, error in gradient_errors(op, case, seed=1).items():
        assert error < 1e-6, name


@every_backward
def test_gradients_have_the_shapes_of_inputs(op, case):
    example = Example(op, case)
    results = example.reference()
    grads = example.backward_reference(example.upstream(results), example.saved(example.by_role(results)))
    for role, shape in zip(op.roles(example.count), example.shapes, strict=True):
        if role in grads and shape is not None:
            assert grads[role].shape == shape


@pytest.mark.parametrize("name", ["multiply", "tanh", "mean", "softmax"])
def test_a_wrong_gradient_is_found(name):
    right = find(name)

    def wrong_backward(*args, **kwargs):
        return tuple(1.001 * g for g in right.backward(*args, **kwargs))

    wrong = dataclasses.replace(right, backward=wrong_backward)
    case = right.cases[0]
    assert max(gradient_errors(right, case).values()) < 1e-6
    assert max(gradient_errors(wrong, case).values()) > 1e-4


# ---------------------------------------------------------------- kernels


@every_case
def test_kernel_equals_reference(op, case):
    example = Example(op, case, "float32")
    expected = example.reference([widened(x) for x in example.as_computed()])
    for isa in execute.isas():
        execute.isa(isa)
        for role, actual in example.kernel().items():
            assert_close(actual, expected[role], f"{role} on {isa}")


@every_backward
def test_backward_kernel_equals_reference(op, case):
    example = Example(op, case, "float32")
    for isa in execute.isas():
        execute.isa(isa)
        forward = example.kernel()
        upstream, saved = example.upstream(forward), example.saved(example.by_role(forward))
        expected = example.backward_reference([widened(d) for d in upstream], [widened(s) for s in saved])
        for role, actual in example.backward_kernel(upstream, saved).items():
            if actual is not None:
                assert_close(actual, expected[role], f"d{role} on {isa}")


def kernel_results(example, place=np.copy):
    """All that forward and backward kernels write, by name."""
    results = example.kernel(place)
    everything = dict(results)
    if example.differentiable:
        upstream, saved = example.upstream(results), example.saved(example.by_role(results))
        saved = [None if s is None else place(s) for s in saved]
        grads = example.backward_kernel([place(d) for d in upstream], saved)
        everything.update({f"d{role}": g for role, g in grads.items() if g is not None})
    return everything


@every_grown
def test_threads_change_no_bit(op, case):
    example = Example(op, case, "float32")
    for isa in execute.isas():
        execute.isa(isa)
        execute.threads(1)
        alone = kernel_results(example)
        execute.threads(4)
        for name, together in kernel_results(example).items():
            np.testing.assert_array_equal(together, alone[name], err_msg=f"{name} on {isa}")


@every_case
def test_alignment_changes_no_bit(op, case):
    example = Example(op, case, "float32")
    for isa in execute.isas():
        execute.isa(isa)
        plain = kernel_results(example)
        for name, moved in kernel_results(example, misplaced).items():
            np.testing.assert_array_equal(moved, plain[name], err_msg=f"{name} on {isa}")


@every_backward
def test_unwanted_gradients_leave_the_others_alone(op, case):
    example = Example(op, case, "float32")
    forward = example.kernel()
    upstream, saved = example.upstream(forward), example.saved(example.by_role(forward))
    everything = example.backward_kernel(upstream, saved)
    example.backward_kernel(upstream, saved, wanted=())
    for role, full in everything.items():
        alone = example.backward_kernel(upstream, saved, wanted=(role,))[role]
        if full is not None:
            np.testing.assert_array_equal(alone, full, err_msg=f"d{role}")


@every_case
def test_nan_goes_where_numpy_sends_it(op, case):
    roles = op.roles(len(case.shapes))
    for k, role in enumerate(roles):
        example = Example(op, case, "float32")
        if role in op.dtypes or example.inputs[k] is None or example.inputs[k].dtype.kind != "f":
            continue
        example.inputs[k][...] = np.nan
        expected = example.reference([widened(x) for x in example.inputs])
        for name, actual in example.kernel().items():
            if actual.dtype.kind == "f":
                np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected[name]), err_msg=f"{role} to {name}")
            else:
                np.testing.assert_array_equal(actual, expected[name], err_msg=f"{role} to {name}")


# ---------------------------------------------------------------- arrays of any kind


def called(op, inputs, attrs):
    """What the public call gives, as arrays."""
    return [np.asarray(result) for result in execute.as_tuple(op(*inputs, **attrs))]


def strided(x):
    return np.repeat(x[..., None], 3, -1)[..., 1] if x.size else x


def fortran(x):
    return np.asarray(x, order="F")


def read_only(x):
    copy = x.copy()
    copy.flags.writeable = False
    return copy


def foreign(x):
    """The other order of bytes."""
    return x.astype(x.dtype.newbyteorder())


@every_case
def test_arrays_of_any_layout_give_the_same(op, case):
    for dtype in ("float32", "float64"):
        inputs = Example(op, case, dtype).inputs
        expected = called(op, inputs, case.attrs)
        for kind in (strided, fortran, read_only, foreign, misplaced):
            other = [None if x is None else kind(x) for x in inputs]
            before = [None if x is None else x.copy() for x in other]
            for actual, plain in zip(called(op, other, case.attrs), expected, strict=True):
                assert actual.dtype == plain.dtype
                np.testing.assert_array_equal(actual, plain, err_msg=kind.__name__)
            for x, old in zip(other, before, strict=True):
                np.testing.assert_array_equal(x, old, err_msg=f"{kind.__name__}: an input was written to")


@every_op
def test_arrays_that_hold_no_numbers_are_refused(op):
    example = Example(op, op.cases[0])
    for wrong in ("str", "complex128"):
        for k, x in enumerate(example.inputs):
            if x is not None:
                inputs = [x.astype(wrong) if j == k else y for j, y in enumerate(example.inputs)]
                with pytest.raises((TypeError, ValueError)):
                    op(*inputs, **op.cases[0].attrs)


# ---------------------------------------------------------------- explanations


def targets(example, results, upstream):
    """Every (target, array it belongs to) that an operation explains."""
    found = dict(results)
    if example.differentiable:
        grads = example.backward_reference(upstream, example.saved(example.by_role(results)))
        inner = example.op.backward_extra
        found.update({r if r in inner else f"d{r}": np.asarray(g) for r, g in grads.items() if g is not None})
    return found


def operands(example, results, upstream):
    """Every array that an explanation may name."""
    values = example.by_role(results)
    values.update({f"d{role}": d for role, d in zip(example.op.outputs, upstream, strict=True)})
    if example.op.backward_extra:  # a gradient may be explained by another one of the same step
        values.update({k: v for k, v in targets(example, results, upstream).items() if k not in values})
    return values


@every_case
def test_explanation_gives_the_number(op, case):
    example, rng = Example(op, case), np.random.default_rng(2)
    results = example.reference()
    upstream = example.upstream(results)
    values = operands(example, results, upstream)
    for target, array in targets(example, results, upstream).items():
        for cell in sample_cells(array.shape, 6, rng):
            expression = op.explain(target, cell, example.shapes, **example.attrs)
            difference = abs(expression.evaluate(values) - float(array[cell]))
            assert difference <= 1e-9 * expression.magnitude(values), f"{target}{cell}: {expression}"


@every_case
def test_explanation_names_every_cell_that_matters(op, case):
    example, rng = Example(op, case), np.random.default_rng(3)
    results = example.reference()
    upstream = example.upstream(results)
    values = operands(example, results, upstream)
    roles = op.roles(example.count)
    for target, array in targets(example, results, upstream).items():
        for cell in sample_cells(array.shape, 4, rng):
            expression = op.explain(target, cell, example.shapes, **example.attrs)
            cells = expression.cells()
            if target in results:
                if not set(cells) <= set(roles):
                    continue  # explained by an inner value, which depends on more inputs than the cell itself names
                changed = changed_outside(dict(zip(roles, example.inputs, strict=True)), cells, rng)
                again = example.reference([changed[r] for r in roles])[target]
            else:
                if set(cells) & (set(targets(example, results, upstream)) - set(results)):
                    continue  # explained by an inner gradient, for the same reason
                changed = changed_outside(values, cells, rng)
                saved = [changed[r] for r in op.saved_roles(example.count)]
                grads = example.backward_reference([changed[f"d{r}"] for r in op.outputs], saved)
                again = grads[target if target in op.backward_extra else target[1:]]
            tolerance = 1e-12 * expression.magnitude(values)
            difference = abs(float(again[cell]) - float(array[cell]))
            assert difference <= tolerance, f"{target}{cell} depends on more than {sorted(cells)}"


def test_an_explanation_that_leaves_out_a_cell_is_found():
    right = find("multiply")

    def short(target, index, shapes, **attrs):
        expression = right.explain(target, index, shapes, **attrs)
        return dataclasses.replace(expression, operands={"a": expression.operands["a"], "b": expression.operands["a"]})

    case = Case(((3, 5), (3, 5)))
    with pytest.raises(AssertionError):
        test_explanation_gives_the_number.check(dataclasses.replace(right, explain=short), case)
    with pytest.raises(AssertionError):
        test_explanation_names_every_cell_that_matters.check(dataclasses.replace(right, explain=short), case)


# ---------------------------------------------------------------- drawing


@every_case
def test_inputs_are_drawn_as_asked(op, case):
    again = inputs_for(op, case, "float64", 7)
    for role, shape, array, twin in zip(
        op.roles(len(case.shapes)), case.shapes, inputs_for(op, case, "float64", 7), again, strict=True
    ):
        if shape is None:
            assert array is None
            continue
        assert array.shape == shape
        assert array.dtype == twin.dtype
        assert array.dtype.kind != "f" or array.dtype == op.dtypes.get(role, "float64")
        np.testing.assert_array_equal(array, twin)


def test_ways_to_draw():
    op = Op("none", "elementwise", ("a", "b", "c", "d", "e"), lambda *a: a, lambda *a: a, "")
    shapes = ((4, 6),) * 5
    unit, positive, chance, hot, coin = inputs_for(
        op, Case(shapes, draw=("unit", "positive", "probability", "one_hot", "binary"))
    )
    assert unit.min() > 0
    assert unit.max() < 1
    assert positive.min() > 0
    np.testing.assert_allclose(chance.sum(-1), 1)
    assert chance.min() > 0
    assert sorted(np.unique(hot)) == [0, 1]
    assert (hot.sum(-1) == 1).all()
    assert set(np.unique(coin)) == {0, 1}
    apart = inputs_for(op, Case(shapes, draw=("distinct",) * 5))
    assert len(np.unique(np.stack(apart))) == 5 * 24
    labels = inputs_for(op, Case(shapes, draw=("labels:3", "step")))
    assert set(np.unique(labels[0])) == {0, 1, 2}
    with pytest.raises(ValueError, match="way to draw"):
        inputs_for(op, Case(shapes, draw=("unknown",)))


def keeps_integers(op):
    return op.keeps_integers and not set(op.roles(len(op.cases[0].shapes))) & set(op.dtypes)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("op", list(filter(keeps_integers, OPS.values())), ids=lambda op: op.name)
def test_kernel_of_integers_equals_reference(op, dtype, settings):
    for case in op.cases:
        drawn = Case(case.shapes, case.attrs, (dtype if dtype != "bool" else "truth",) * len(case.shapes))
        example = Example(op, drawn, dtype)
        example.inputs = example.as_computed()
        expected = example.reference()
        for isa in execute.isas():
            execute.isa(isa)
            try:
                results = example.kernel()
            except execute.UnsupportedError:
                continue  # refused, not misread
            for role, actual in results.items():
                assert actual.dtype == example.dtype_of(role)
                np.testing.assert_array_equal(actual, expected[role].astype(actual.dtype), err_msg=f"{role} on {isa}")
