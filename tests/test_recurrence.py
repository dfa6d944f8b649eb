"""Recurrent layers: against PyTorch, over several batches, in the stepper, and given nonsense."""

from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops
from fastnn.engine.stepper import Stepper
from fastnn.ops.table import Case, find
from tests.kernel_checks import ISAS, machine
from tests.table_checks import Example, assert_close, widened

WITNESS = dict(np.load(Path(__file__).parent / "golden" / "torch_recurrence.npz"))
KNOWN = (layers.SimpleRNN, layers.LSTM, layers.GRU)
X = np.random.RandomState(0).normal(size=(3, 6, 4)).astype("float32")


def columns(array, order):
    """Gates in another order, along the last axis."""
    parts = np.split(array, len(order), -1)
    return np.concatenate([parts[k] for k in order], -1)


@pytest.mark.parametrize(("name", "order"), [("lstm", (0, 1, 2, 3)), ("gru", (1, 0, 2))])
def test_torch_is_a_second_witness(name, order):
    w = {k.split("/")[1]: v for k, v in WITNESS.items() if k.startswith(f"{name}/")}
    kernel, recurrent = (columns(w[f"weight_{k}_l0"].T, order) for k in ("ih", "hh"))
    biases = [columns(w[f"bias_{k}_l0"], order) for k in ("ih", "hh")]
    x, h, c = fastnn.Variable(w["x"]), fastnn.Tensor(w["h"][0]), fastnn.Tensor(w["c"][0])
    kernel, recurrent = fastnn.Variable(kernel), fastnn.Variable(recurrent)
    with fastnn.GradientTape() as tape:
        if name == "lstm":
            y = ops.lstm(ops.dense(x, kernel, biases[0] + biases[1]), recurrent, h, c)[0]
        else:
            y = ops.gru(ops.dense(x, kernel), recurrent, np.stack(biases), h)[0]
        loss = ops.sum(y * fastnn.Tensor(w["w"]))
    dx, d_kernel, d_recurrent = tape.gradient(loss, [x, kernel, recurrent])
    pairs = ((y, w["y"]), (dx, w["dx"]), (d_kernel, columns(w["d_weight_ih_l0"].T, order)),
             (d_recurrent, columns(w["d_weight_hh_l0"].T, order)))  # fmt: skip
    for found, expected in pairs:
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cls", KNOWN)
def test_states_are_carried_from_batch_to_batch(cls):
    layer = cls(3, stateful=True, return_sequences=True)
    halves = [np.asarray(layer(X[:, :2])), np.asarray(layer(X[:, 2:]))]
    whole = cls(3, return_sequences=True)
    whole(X)
    whole.set_weights(layer.get_weights())
    np.testing.assert_allclose(np.concatenate(halves, 1), np.asarray(whole(X)), rtol=1e-5, atol=1e-6)
    layer.reset_state()
    np.testing.assert_array_equal(np.asarray(layer(X[:, :2])), halves[0])


@pytest.mark.parametrize("cls", KNOWN)
def test_states_are_carried_in_a_model(cls):
    def model(stateful):
        parts = [fastnn.Input(batch_shape=(3, 2, 4)), cls(3, stateful=stateful, return_sequences=True)]
        return fastnn.Sequential(parts)

    kept = model(True)
    first, second = (kept.predict(X[:, k : k + 2], batch_size=3, verbose=0) for k in (0, 2))
    kept.layers[0].reset_state()
    again = kept.predict(X[:, :2], batch_size=3, verbose=0)
    np.testing.assert_array_equal(first, again)
    plain = cls(3, return_sequences=True)
    plain(X)
    plain.set_weights(kept.get_weights())
    np.testing.assert_allclose(np.asarray(plain(X[:, :4]))[:, 2:], second, rtol=1e-5, atol=1e-6)


def test_training_carries_states_too():
    model = fastnn.Sequential([fastnn.Input(batch_shape=(3, 2, 4)), layers.GRU(3, stateful=True), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.train_on_batch(X[:, :2], np.ones((3, 1)))
    assert np.any(np.asarray(model.layers[0].states[0]))


@pytest.mark.parametrize("cls", KNOWN)
def test_any_length_of_sequence(cls):
    model = fastnn.Sequential([fastnn.Input((None, 4)), cls(3)])
    assert model.output_shape == (None, 3)
    for steps in (1, 2, 6):
        expected = np.asarray(model.layers[0](X[:, :steps]))
        np.testing.assert_allclose(model.predict(X[:, :steps], verbose=0), expected, rtol=1e-6)
    assert model.predict(X[:1], verbose=0).shape == (1, 3)


class Echo(layers.Layer):
    """A cell of one's own: adds the input to its state, and returns the doubled sum."""

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.state_size = size

    def call(self, x, states):
        total = states[0] + x
        return total * 2.0, [total]


def test_the_stepper_goes_back_over_states():
    model = fastnn.Sequential([fastnn.Input(batch_shape=(3, 2, 4)), layers.LSTM(2, stateful=True), layers.Dense(1)])
    model.compile("sgd", "mse")
    stepper = Stepper(model, X[:, :2], np.ones((3, 1), "float32"))
    state = next(n for n, v in stepper.listing.values.items() if v.role == "state" and "rnn_state" in n)
    stepper.train(3)
    late = stepper.value(state).copy()
    stepper.goto(len(stepper.steps))
    early = stepper.value(state).copy()
    assert np.any(early != late)
    stepper.goto(3 * len(stepper.steps))
    np.testing.assert_array_equal(stepper.value(state), late)
    assert not np.any(np.asarray(model.layers[0].states[0])), "the stepper works on a copy"


def test_a_cell_of_ones_own():
    y, state = layers.RNN(Echo(4), return_sequences=True, return_state=True)(X)
    np.testing.assert_allclose(np.asarray(y), 2 * np.cumsum(X, 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.asarray(state), X.sum(1), rtol=1e-5, atol=1e-6)
    mask = np.ones((3, 6), bool)
    mask[:, 2] = False
    y = np.asarray(layers.RNN(Echo(4), return_sequences=True)(X, mask=mask))
    np.testing.assert_array_equal(y[:, 2], y[:, 1])
    model = fastnn.Sequential([fastnn.Input((6, 4)), layers.RNN(Echo(4)), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, np.ones((3, 1)), verbose=0)


def test_the_stepper_shows_and_explains_gates_and_states():
    model = fastnn.Sequential([fastnn.Input((3, 2)), layers.LSTM(2, name="memory"), layers.Dense(1)])
    model.compile("sgd", "mse")
    stepper = Stepper(model, X[:, :3, :2], np.ones((3, 1), "float32"))
    stepper.goto(len(stepper.steps))
    for name in ("i", "f", "g", "o", "c", "previous"):
        found = stepper.explain(f"memory.lstm.{name}", (1, 2, 1))
        assert abs(found.recomputed - found.result) < 1e-5, name
    for name, cell in (("memory.lstm.dh", (1, 1, 0)), ("memory.lstm.dc", (1, 1, 0)), ("memory.dense.grad", (0, 1, 5))):
        found = stepper.explain(name, cell)
        assert abs(found.recomputed - found.result) < 1e-5, name


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", ["simple_rnn", "lstm", "gru", "gru before"])
@pytest.mark.parametrize(("batch", "units"), [(70, 40), (5, 40), (3, 260)])
def test_threads_change_no_bit(name, isa, batch, units):
    """Threads take samples; where samples are few and units many, they take units of each step."""
    op, attrs = find(name.split()[0]), {"reset_after": False} if name.endswith("before") else {}
    gates = {"simple_rnn": 1, "lstm": 4, "gru": 3}[op.name]
    rng = np.random.RandomState(1)
    x, u, state, drop = (
        rng.normal(size=s).astype("float32") / 8
        for s in ((batch, 3, gates * units), (units, gates * units), (batch, units), (batch, units))
    )
    optional = {"state": state, "drop": drop, "mask": rng.randint(0, 2, (batch, 3)).astype(bool)}
    found = []
    for threads in (1, 2, 3, 7):
        with machine(isa, threads):
            tensors = [fastnn.Variable(x), fastnn.Variable(u)]
            with fastnn.GradientTape() as tape:
                results = op(*tensors, *(optional.get(role) for role in op.inputs[2:]), **attrs)
                loss = ops.sum(ops.square(results[0]))
            found.append([np.asarray(a) for a in (*results, *tape.gradient(loss, tensors))])
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            np.testing.assert_array_equal(one, other)


def test_dropout_drops_the_same_in_all_steps():
    layer = layers.SimpleRNN(
        1, activation="linear", kernel_initializer="ones", recurrent_initializer="zeros", dropout=0.5,
        return_sequences=True, seed=3,
    )  # fmt: skip
    y = np.asarray(layer(np.ones((8, 5, 1), "float32"), training=True))
    assert set(np.unique(y)) == {0, 2}
    np.testing.assert_array_equal(y, y[:, :1].repeat(5, 1))
    np.testing.assert_array_equal(np.asarray(layer(np.ones((8, 5, 1), "float32"))), np.ones((8, 5, 1)))


# ---------------------------------------------------------------- nonsense


@pytest.mark.parametrize("cls", KNOWN)
@pytest.mark.parametrize("units", [0, -1, 2.5, None, "x"])
def test_units_are_positive_whole_numbers(cls, units):
    with pytest.raises(ValueError, match="units"):
        cls(units)


@pytest.mark.parametrize("name", ["dropout", "recurrent_dropout"])
@pytest.mark.parametrize("value", [-0.1, 1.5, "a"])
def test_shares_are_from_0_to_1(name, value):
    with pytest.raises(ValueError, match=name):
        layers.LSTM(2, **{name: value})


def test_states_of_wrong_number_or_shape():
    with pytest.raises(ValueError, match="initial_state"):
        layers.LSTM(2)(X, initial_state=[np.zeros((3, 2))])
    with pytest.raises(ValueError, match="initial_state"):
        layers.GRU(2)(X, initial_state=[np.zeros((3, 3))])
    with pytest.raises(ValueError, match="initial_state"):
        layers.SimpleRNN(2)(X, initial_state=np.zeros((2, 2)))


def test_stateful_layers_need_a_batch_size():
    with pytest.raises(ValueError, match="batch"):
        fastnn.Sequential([fastnn.Input((3, 2)), layers.LSTM(2, stateful=True)])
    layer = layers.LSTM(2, stateful=True)
    layer(X)
    with pytest.raises(ValueError, match="stateful"):
        layer(X[:2])


def test_inputs_without_time():
    for layer in (layers.LSTM(2), layers.TimeDistributed(layers.Dense(2)), layers.Bidirectional(layers.GRU(2))):
        with pytest.raises(ValueError, match="shape"):
            layer(np.zeros((2, 3), "float32"))
    with pytest.raises(ValueError, match="time step"):
        layers.LSTM(2)(np.zeros((2, 0, 3), "float32"))


def test_cells_and_wrapped_layers_are_checked():
    for wrong in (3, "lstm", object()):
        with pytest.raises(ValueError, match="cell"):
            layers.RNN(wrong)
        with pytest.raises(ValueError, match="layer"):
            layers.Bidirectional(wrong)
        with pytest.raises(ValueError, match="layer"):
            layers.TimeDistributed(wrong)
    with pytest.raises(ValueError, match="merge_mode"):
        layers.Bidirectional(layers.LSTM(2), merge_mode="max")
    with pytest.raises(ValueError, match="go_backwards"):
        layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2))
    with pytest.raises(ValueError, match="return_sequences"):
        layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2, go_backwards=True, return_sequences=True))


@pytest.mark.parametrize("wrong", [-1, 4, 100])
def test_numbers_without_a_row_name_the_layer(wrong):
    words = np.array([[1, wrong]])
    for run in (layers.Embedding(4, 2, name="words"), model_with_words().predict):
        with pytest.raises(ValueError, match=r"words|indices|numbers"):
            run(words)


def model_with_words():
    return fastnn.Sequential([fastnn.Input((2,), dtype="int32"), layers.Embedding(4, 2, name="words")])


@pytest.mark.parametrize("arguments", [(0, 2), (3, 0), (-1, 2), (2.5, 2), (True, 2)])
def test_lengths_of_a_table_are_positive(arguments):
    with pytest.raises(ValueError, match="_dim"):
        layers.Embedding(*arguments)


def test_attention_is_checked():
    x = np.zeros((2, 3, 4), "float32")
    with pytest.raises(ValueError, match="score_mode"):
        layers.Attention(score_mode="sum")
    with pytest.raises(ValueError, match="query, value"):
        layers.Attention()(x)
    for name in ("num_heads", "key_dim", "value_dim"):
        with pytest.raises(ValueError, match=name):
            layers.MultiHeadAttention(**{"num_heads": 2, "key_dim": 2, name: 0})
    with pytest.raises(ValueError, match="value and key"):
        layers.MultiHeadAttention(2, 2)(x, x, x[:, :2])
    with pytest.raises(ValueError, match="attention_mask"):
        layers.MultiHeadAttention(2, 2)(x, x, attention_mask=np.ones((2, 3, 2), bool))
    with pytest.raises(ValueError, match="axes"):
        layers.Dot(axes=1)([x, x[:, :2]])
    with pytest.raises(TypeError, match="axes"):
        layers.Dot(axes="1")


def test_first_weights_of_both_directions():
    source = layers.Bidirectional(layers.GRU(2))
    expected = np.asarray(source(X))
    copy = layers.Bidirectional(layers.GRU(2), weights=source.get_weights())
    np.testing.assert_array_equal(np.asarray(copy(X)), expected)


LARGE = [
    ("simple_rnn", (33, 7, 65), (65, 65), {"activation": "tanh"}),
    ("lstm", (33, 7, 260), (65, 260), {}),
    ("gru", (33, 7, 195), (65, 195), {}),
    ("gru", (33, 7, 195), (65, 195), {"reset_after": False}),
    ("lstm", (1, 5, 172), (43, 172), {}),
    ("lstm", (100, 2, 164), (41, 164), {"activation": "relu", "recurrent_activation": "hard_sigmoid"}),
    ("lstm", (2, 3, 1040), (260, 1040), {}),
    ("gru", (1, 4, 132), (44, 132), {}),
    ("gru", (2, 3, 780), (260, 780), {}),
    ("gru", (2, 3, 780), (260, 780), {"reset_after": False}),
]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("name", "x", "kernel", "attrs"), LARGE)
def test_kernels_on_larger_shapes(name, x, kernel, attrs, isa):
    """Several groups of samples and blocks of units, shared units, one sample, a part of a vector; mask and dropout."""
    op, row = find(name), (x[0], kernel[0])
    shapes = {"x": x, "recurrent_kernel": kernel, "state": row, "cell": row, "drop": row, "mask": x[:2]}
    if attrs.get("reset_after", True):
        shapes["bias"] = (2, x[2])
    draws = {"drop": "positive", "mask": "binary"}
    case = Case(tuple(shapes.get(r) for r in op.inputs), attrs, tuple(draws.get(r, "normal") for r in op.inputs))
    example = Example(op, case, "float32")
    for role in ("x", "recurrent_kernel"):
        example.inputs[op.inputs.index(role)] *= 0.1
    with machine(isa):
        results = example.kernel()
        expected = example.reference([widened(i) for i in example.inputs])
        for role, found in results.items():
            assert_close(found, expected[role], role)
        upstream, saved = example.upstream(results), example.saved(example.by_role(results))
        wanted = example.backward_reference([widened(d) for d in upstream], [widened(s) for s in saved])
        for role, found in example.backward_kernel(upstream, saved).items():
            if found is not None:
                assert_close(found, wanted[role], role)
