"""What a plan runs in place of the list: fewer rows, less memory, the same bits.

That training by plans equals stepping through lists, bit by bit, is tested with every preset (test_presets).
"""

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops
from fastnn.engine import execute
from fastnn.engine.fusion import fused
from fastnn.engine.graph import Trace
from fastnn.engine.plan import Plan, finish
from fastnn.engine.rows import is_cellwise
from fastnn.engine.tensor import Variable
from fastnn.errors import GraphError, KernelError
from fastnn.ops.table import OPS
from tests.kernel_checks import machine
from tests.table_checks import Example

CELLWISE = [n for n, op in OPS.items() if op.kind == "elementwise"]


def plans(model, x, y, steps=3):
    """A plan that keeps every value, and one that does not, after the same training steps on copies of the state."""
    feeds = model.prepare_data(x, y, None)
    found = []
    for keep in (True, False):
        storage = {v: v.value.copy() for v in model.variables_of_training()}
        plan = Plan(model.step_list(len(y), feeds), keep=keep, storage=storage)
        losses = np.zeros(steps)
        plan.run_batches(feeds, np.tile(np.arange(len(y)), steps), 0, steps, losses=losses)
        found.append((plan, [*storage.values(), losses]))
    return found


def trained(*stack, x, y, loss="mse"):
    """The plan that does not keep values, having shown that it trains to the same bits in less memory."""
    model = fastnn.Sequential([layers.Input(x.shape[1:]), *stack])
    model.compile("adam", loss)
    (kept, expected), (plan, received) = plans(model, x, y)
    for a, b in zip(expected, received, strict=True):
        np.testing.assert_array_equal(a, b)
    for name in (*plan.listing.outputs, *plan.listing.watch.values()):
        np.testing.assert_array_equal(kept.array(name), plan.array(name))
    assert plan.bytes < kept.bytes
    return plan


def kernels(plan):
    return [(row.kernel, row.backward) for row in plan.program.rows]


def pictures(count=5, size=9, channels=2, seed=0):
    return np.random.default_rng(seed).normal(size=(count, size, size, channels)).astype(np.float32)


def targets(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def test_relu_ends_the_kernel_before_it_and_masks_the_gradient_behind_it():
    convolutional = [layers.Conv2D(3, 3, activation="relu"), layers.Conv2D(4, 3, padding="same", activation="relu")]
    plan = trained(
        *convolutional, layers.Flatten(), layers.Dense(3, "relu"), layers.Dense(2), x=pictures(), y=targets(5, 2)
    )
    assert not {"relu", "flatten"} & {kernel for kernel, _ in kernels(plan)}
    assert sum(row.relu for row in plan.program.rows) == 3
    assert sum(row.mask is not None for row in plan.program.rows) == 3
    assert sorted(i for row in plan.program.rows for i in row.steps) == sorted(
        i for i, s in enumerate(plan.listing.steps) if s.op.name != "flatten"
    )


@pytest.mark.parametrize(
    "layer", [layers.Conv2DTranspose(3, 3, strides=2), layers.DepthwiseConv2D(3), layers.Conv2D(4, 3, groups=2)]
)
def test_every_kind_of_convolution_ends_with_relu(layer):
    plan = trained(layer, layers.ReLU(), layers.Flatten(), layers.Dense(2), x=pictures(), y=targets(5, 2))
    assert ("relu", False) not in kernels(plan)


def test_a_value_that_is_read_elsewhere_too_is_written():
    start = layers.Input((4,))
    before = layers.Dense(4)(start)
    after = layers.ReLU()(before)
    model = fastnn.Model(start, layers.Dense(1)(layers.Concatenate()([before, after])))
    model.compile("sgd", "mse")
    (_, expected), (plan, received) = plans(model, targets(6, 4), targets(6, 1))
    assert {("relu", False), ("relu", True)} <= set(kernels(plan))
    for a, b in zip(expected, received, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_value_that_is_an_output_too_is_written():
    start = layers.Input((4,))
    before = layers.Dense(4)(start)
    model = fastnn.Model(start, [before, layers.ReLU()(before), layers.Reshape((2, 2))(before)])
    x = targets(6, 4)
    dense, relu, reshaped = model.predict(x, verbose=0)
    np.testing.assert_array_equal(relu, np.maximum(dense, 0))
    np.testing.assert_array_equal(reshaped.reshape(6, 4), dense)
    assert (dense < 0).any()


def test_a_shortcut_hands_its_gradient_on_without_a_copy():
    start = layers.Input((9, 9, 3))
    one = layers.Conv2D(4, 3, padding="same")(start)
    two = layers.Conv2D(4, 3, padding="same")(layers.ReLU()(one))
    model = fastnn.Model(start, layers.Dense(2)(layers.Flatten()(layers.Add()([one, two]))))
    model.compile("sgd", "mse")
    (_, expected), (plan, received) = plans(model, pictures(channels=3), targets(5, 2))
    assert ("add", True) not in kernels(plan)
    for a, b in zip(expected, received, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_second_name_of_a_variable_is_no_copy_of_what_it_was():
    """The variable changes before its other name is read: the old numbers have to be kept."""
    variable = Variable(np.arange(4, dtype=np.float32), name="counter")
    with Trace() as trace:
        before = ops.reshape(trace.place(variable), shape=(2, 2))
        variable.assign(ops.add(trace.place(variable), 1.0))
        total = ops.add(before, 0.0)
    plan = Plan(finish(trace, [], outputs=[total, before]))
    plan.run()
    np.testing.assert_array_equal(plan.array(before.name), [[0, 1], [2, 3]])
    np.testing.assert_array_equal(plan.array(total.name), [[0, 1], [2, 3]])


def test_what_is_not_kept_is_not_shown():
    plan = trained(layers.Dense(4, "relu"), layers.Dense(1), x=targets(6, 3), y=targets(6, 1))
    with pytest.raises(GraphError, match="a value that this plan keeps, received 'dense"):
        plan.array(next(n for n in plan.listing.values if n.endswith(".dense")))
    with pytest.raises(GraphError, match="keeps every value"):
        plan.run(0, 2)


def test_an_error_names_the_layer_of_a_row_that_moved():
    with Trace() as trace:
        x = trace.add_value("x", (2, 3), "float32", "input")
        w = trace.add_value("w", (3, 3), "float32", "input")
        labels = trace.add_value("labels", (2,), "int32", "input")
        with trace.layer("head"):
            p = ops.relu(ops.dense(x, w))
            loss = ops.sparse_categorical_crossentropy(labels, ops.reshape(p, shape=(2, 3)))
    plan = Plan(finish(trace, [x, w, labels], outputs=[loss]))
    assert len(plan.program.rows) == 2
    plan.load("labels", [0, 7])
    with pytest.raises(KernelError, match=r"layer 'head' \(sparse_categorical_crossentropy\)"):
        plan.run()


def test_nan_and_infinity_pass_as_they_do_one_by_one():
    x = targets(6, 4)
    x[0, 1], x[1, 2], x[2] = np.nan, np.inf, -np.inf
    with np.errstate(all="ignore"):
        trained(layers.Dense(8, "relu"), layers.Dense(4, "relu"), layers.Dense(1), x=x, y=targets(6, 1))


def test_no_row_writes_over_what_a_later_one_reads():
    plan = trained(
        layers.Conv2D(4, 3, activation="tanh"),
        layers.BatchNormalization(),
        layers.Conv2D(4, 3, activation="elu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(2, "sigmoid"),
        x=pictures(),
        y=targets(5, 2),
    )
    program, buffers = plan.program, plan.buffers
    last = {program.home(n): i for i, row in enumerate(program.rows) for n in row.reads}
    last |= dict.fromkeys(map(program.home, (*plan.listing.outputs, *plan.listing.watch.values())), len(program.rows))
    alive = {n for n in last if n not in {w for row in program.rows for w in row.writes}}
    shared = 0
    for i, row in enumerate(program.rows):
        alive = {n for n in alive if last[n] > i}
        for name in row.writes:
            over = [n for n in alive - {name} if np.shares_memory(buffers[name], buffers[n])]
            assert not over, (row, over)
            shared += any(np.shares_memory(buffers[name], buffers[n]) for n in row.reads if n != name)
        alive |= {n for n in row.writes if n in last}
    assert shared, "no row wrote over an operand that died with it"


@pytest.mark.parametrize("name", CELLWISE)
def test_a_cellwise_kernel_may_write_over_an_operand(name):
    for case in OPS[name].cases:
        example = Example(OPS[name], case, "float32")
        inputs = example.as_computed()
        forward = example.kernel()
        for isa in execute.isas():
            with machine(isa):
                check_over(OPS[name], False, inputs, [np.empty_like(r) for r in forward.values()], 0, example.attrs)
                if example.differentiable and is_cellwise(OPS[name], True):
                    check_backward_over(example, inputs, forward)


def check_backward_over(example, inputs, forward):
    operands = [*example.upstream(forward), *example.saved(example.by_role(forward, inputs))]
    roles = example.op.gradient_roles(example.count)
    shapes = dict(zip(example.op.roles(example.count), example.shapes, strict=True))
    for k, role in enumerate(roles):
        if shapes[role] is not None:
            places = [shapes[r] for r in roles]
            places[k] = np.empty(shapes[role], np.float32)
            check_over(example.op, True, operands, places, k, example.attrs)


def check_over(op, back, operands, places, k, attrs):
    """Result k written into memory of its own, and over each operand that is like it."""
    execute.run_kernel(op, back, operands, places, attrs)
    expected = places[k].copy()
    for j, operand in enumerate(operands):
        if operand is not None and (operand.shape, operand.dtype) == (expected.shape, expected.dtype):
            copies = [None if x is None else x.copy() for x in operands]
            over = [copies[j] if i == k else p for i, p in enumerate(places)]
            execute.run_kernel(op, back, copies, over, attrs)
            np.testing.assert_array_equal(copies[j], expected)


def test_rows_are_found_once_per_list():
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(4, "relu"), layers.Dense(1)])
    model.compile("sgd", "mse")
    feeds = model.prepare_data(targets(6, 3), targets(6, 1), None)
    listing = model.step_list(6, feeds)
    assert fused(listing).rows == fused(listing).rows
    assert len(fused(listing).rows) == len(listing.steps) - 2


def normalized(**options):
    """Two batch normalizations beside a shortcut, the second one with `options`."""
    start = layers.Input((9, 9, 3))
    first = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(start)))
    second = layers.BatchNormalization(**options)(layers.Conv2D(4, 3, padding="same", use_bias=False)(first))
    return start, first, second


def check_batch_norms(model, joined, left=0):
    model.compile("adam", "mse")
    (_, expected), (plan, received) = plans(model, pictures(channels=3), targets(5, 2))
    for a, b in zip(expected, received, strict=True):
        np.testing.assert_array_equal(a, b)
    names = [kernel for kernel, _ in kernels(plan)]
    assert names.count("fused_batch_norm") == 2 * joined
    assert names.count("standardize") == left
    return plan


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}, {"scale": False, "center": False}])
@pytest.mark.parametrize("relu", [True, False])
def test_batch_normalization_is_one_row_each_way(options, relu):
    start, first, second = normalized(**options)
    total = layers.Add()([second, first])
    total = layers.ReLU()(total) if relu else total
    model = fastnn.Model(start, layers.Dense(2)(layers.Flatten()(total)))
    plan = check_batch_norms(model, joined=2)
    assert "multiply" not in {kernel for kernel, _ in kernels(plan)}
    assert "accumulate" not in {kernel for kernel, _ in kernels(plan)}
    assert (
        sum(row.accumulate for row in plan.program.rows) == 1
    )  # the convolution's gradient is added to the shortcut's


def test_frozen_batch_normalization_is_one_row_too():
    start, first, second = normalized()
    model = fastnn.Model(start, layers.Dense(2)(layers.Flatten()(layers.Add()([first, second]))))
    frozen = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for variable in (frozen[0].gamma, frozen[1].beta):
        variable.trainable = False
    check_batch_norms(model, joined=2)


def test_batch_normalization_whose_values_are_read_elsewhere_stays():
    start, first, second = normalized()
    both = layers.Concatenate()([layers.ReLU()(second), layers.Activation("tanh")(second)])
    plan = check_batch_norms(fastnn.Model(start, layers.Dense(2)(layers.Flatten()(both))), joined=2)
    assert ("relu", False) in kernels(plan)
    model = fastnn.Model(start, [layers.Dense(2)(layers.Flatten()(first)), second])
    x = pictures(channels=3)
    np.testing.assert_allclose(model.predict(x, verbose=0)[1], model(x)[1], rtol=1e-5, atol=1e-5)


def test_batch_normalization_over_another_axis_or_one_column_stays():
    start = layers.Input((9, 9, 3))
    middle = layers.BatchNormalization(axis=1)(start)
    model = fastnn.Model(start, layers.Dense(2)(layers.Flatten()(layers.Conv2D(1, 3)(middle))))
    check_batch_norms(model, joined=0, left=1)


@pytest.mark.parametrize("pool", [layers.MaxPooling2D(2), layers.MaxPooling2D(3, strides=2, padding="same")])
def test_a_maximum_hands_its_gradient_through_the_relu_before_it(pool):
    stack = [layers.Conv2D(4, 3, activation="relu"), pool, layers.Flatten(), layers.Dense(2)]
    plan = trained(*stack, x=pictures(), y=targets(5, 2))
    assert ("fused_max_pool2d_relu", True) in kernels(plan)
    assert ("relu", True) not in kernels(plan)


def test_a_sum_ends_with_relu():
    start = layers.Input((4,))
    one, two = layers.Dense(3, "tanh")(start), layers.Dense(3, "sigmoid")(start)
    model = fastnn.Model(start, layers.Dense(1)(layers.ReLU()(layers.Subtract()([layers.Add()([one, two]), one]))))
    model.compile("sgd", "mse")
    assert ("fused_add_relu", False) not in kernels(plans(model, targets(6, 4), targets(6, 1))[1][0])
    model = fastnn.Model(start, layers.Dense(1)(layers.ReLU()(layers.Add()([one, two]))))
    model.compile("sgd", "mse")
    (_, expected), (plan, received) = plans(model, targets(6, 4), targets(6, 1))
    assert ("fused_add_relu", False) in kernels(plan)
    for a, b in zip(expected, received, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "stack",
    [
        [layers.Conv1DTranspose(3, 3, strides=2, activation="relu"), layers.Conv1D(4, 3, activation="relu")],
        [layers.Conv1D(4, 3), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling1D(2)],
        [layers.Conv1D(4, 3), layers.BatchNormalization(), layers.Reshape((2, 14)), layers.ReLU()],
        [layers.Conv1D(4, 3, activation="relu"), layers.MaxPooling1D(3, strides=1), layers.Reshape((-1,))],
        [layers.Dense(6), layers.Reshape((3, 18)), layers.ReLU(), layers.Dense(4, "relu")],
    ],
    ids=lambda stack: "-".join(type(layer).__name__ for layer in stack),
)
def test_other_axes_between_a_kernel_and_its_relu(stack):
    x = np.random.default_rng(2).normal(size=(5, 9, 3)).astype(np.float32)
    trained(*stack, layers.Flatten(), layers.Dense(2), x=x, y=targets(5, 2))


def branched(second, join):
    """A value that two layers read: what they make is joined."""
    start = layers.Input((9, 9, 3))
    first = layers.Conv2D(17, 3, padding="same")(start)
    return fastnn.Model(start, layers.Dense(2)(layers.Flatten()(join(first, second(first)))))


BRANCHES = {
    "winograd": (layers.Conv2D(17, 3, padding="same", activation="tanh"), 1),
    "1 x 1": (layers.Conv2D(17, 1, activation="tanh"), 1),
    "5 x 5": (layers.Conv2D(17, 5, padding="same", activation="tanh"), 1),
    "dense": (layers.Dense(17, activation="tanh"), 1),
    "dilated": (layers.Conv2D(17, 3, padding="same", dilation_rate=2, activation="tanh"), 0),
    "groups": (layers.Conv2D(17, 3, padding="same", groups=17, activation="tanh"), 0),
}


@pytest.mark.parametrize("second", BRANCHES)
@pytest.mark.parametrize("isa", execute.isas())
def test_the_second_gradient_of_a_value_is_added_to_the_first(second, isa):
    layer, added = BRANCHES[second]
    with machine(isa):
        model = branched(layer, lambda a, b: layers.Add()([a, b]))
        model.compile("sgd", "mse")
        (_, expected), (plan, received) = plans(model, pictures(channels=3), targets(5, 2))
    assert sum(row.accumulate for row in plan.program.rows) == added
    assert [kernel for kernel, _ in kernels(plan)].count("accumulate") == 1 - added
    for a, b in zip(expected, received, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_gradient_that_is_read_in_between_is_not_added_to():
    model = branched(layers.Conv2D(17, 3, padding="same", activation="tanh"), lambda a, b: layers.Multiply()([a, b]))
    third = layers.Dense(2)(layers.Flatten()(model.layers[1].output))
    model = fastnn.Model(model.input, layers.Add()([model.output, third]))
    model.compile("sgd", "mse")
    (_, expected), (plan, received) = plans(model, pictures(channels=3), targets(5, 2))
    assert "accumulate" in {kernel for kernel, _ in kernels(plan)}  # three gradients
    for a, b in zip(expected, received, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_sum_may_be_written_over_its_first_operand():
    for isa in execute.isas():
        for count in (1, 2, 3):
            xs = [targets(5, 7) + k for k in range(count)]
            expected = sum(xs[1:], xs[0].copy())
            with machine(isa):
                execute.run_kernel(OPS["accumulate"], False, xs, [xs[0]], {})
            np.testing.assert_array_equal(xs[0], expected)
