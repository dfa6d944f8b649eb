"""Models, data streams and masks that do not fit: the error says what was expected, what came, and where."""

import json

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, layers

X, Y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")
SEQUENCE = np.ones((2, 4, 3), "float32")


def model():
    made = Sequential([Input((2,), name="x"), layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


# ---------------------------------------------------------------- streams


def batches(count, *batch):
    for _ in range(count):
        yield batch


def changing():
    yield X, Y
    yield {"a": X}, Y


def failing():
    yield X, Y
    raise RuntimeError("the disk is gone")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda m: m.fit(batches(2, X, Y), steps_per_epoch=5, verbose=0), "Expected 5 batches.*Received: 2"),
        (lambda m: m.fit(batches(0, X, Y), verbose=0), "Received: 0 from the generator"),
        (lambda m: m.evaluate(batches(0, X, Y), verbose=0), "Received: 0 from the generator"),
        (lambda m: m.predict(batches(0, X), verbose=0), "Received: 0 from the generator"),
        (lambda m: m.fit(batches(2, X), verbose=0), "tuple of 1"),
        (lambda m: m.fit(batches(2, X, Y, Y[:, 0], 3), verbose=0), "tuple of 4"),
        (lambda m: m.fit(batches(2, np.ones((4, 3)), Y), verbose=0), r"'x'.*\(None, 2\).*Received: shape \(4, 3\)"),
        (lambda m: m.fit(batches(2, X, Y[:3]), verbose=0), "same number of samples.*'x' 4, 'y_true' 3"),
        (lambda m: m.fit(iter([X]), verbose=0), "Received: ndarray"),
        (lambda m: m.fit(iter([None]), verbose=0), "Received: NoneType"),
        (lambda m: m.fit(changing(), verbose=0), r"inputs named \['x'\].*Received: \['a'\]"),
    ],
)
def test_streams_that_end_early_or_give_something_else(act, words):
    made = model()
    with pytest.raises(ValueError, match=words):
        act(made)
    assert np.isfinite(made.fit(X, Y, verbose=0).history["loss"][0])  # and the model is still of use


def test_what_a_stream_raises_is_passed_on():
    with pytest.raises(RuntimeError, match="the disk is gone"):
        model().fit(failing(), verbose=0)


# ---------------------------------------------------------------- graphs


def changed(change):
    """A model of two layers from its configuration after a change of it."""
    x = Input((2,), name="x")
    config = Model(x, layers.Dense(2, name="b")(layers.Dense(2, name="a")(x))).get_config()
    config = json.loads(json.dumps(config))
    change({entry["name"]: entry for entry in config["layers"]})
    return Model.from_config(config)


def renamed(old, new):
    """A change of where layer `b`, or `a`, gets its input from."""

    def change(entries):
        entry = entries["b" if old == "a" else "a"]
        entry["inbound_nodes"] = json.loads(json.dumps(entry["inbound_nodes"]).replace(f'"{old}"', f'"{new}"'))

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (renamed("x", "b"), "layers that depend on the inputs.*'a'"),
        (renamed("a", "gone"), "layers that depend on the inputs.*'b'"),
        (lambda entries: entries["a"].update(class_name="Densest"), "'Densest'"),
    ],
    ids=["cycle", "missing", "unknown"],
)
def test_configurations_of_graphs_that_cannot_be(change, words):
    with pytest.raises(ValueError, match=words):
        changed(change)


def test_a_layer_cannot_be_shared_between_shapes_that_do_not_fit():
    shared = layers.Dense(2, name="shared")
    shared(Input((3,)))
    with pytest.raises(ValueError, match=r"'shared'.*expected 3 input features, received 4"):
        shared(Input((4,)))


def test_graphs_that_are_not_connected():
    x, other = Input((3,), name="x"), Input((3,), name="other")
    hidden = layers.Dense(2)(x)
    for inputs, outputs in ((other, hidden), (hidden, x)):
        with pytest.raises(ValueError, match="depend only on the inputs"):
            Model(inputs, outputs)
    with pytest.raises(ValueError, match="made by Input and layers"):
        Model(x, np.ones((2, 3)))


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([Y], "y for 2 outputs"),
        ([Y, Y, Y], "y for 2 outputs"),
        (Y, "y for 2 outputs"),
        ({"a": Y, "z": Y}, "'z'"),
        ([Y[:3], Y], "same number of samples"),
        ([np.ones((4, 2)), Y], r"output 'a' of shape \(None, 1\)"),
        ([None, Y], "'a'"),
    ],
)
def test_targets_of_another_structure(y, words):
    x = Input((2,))
    two = Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    two.compile("sgd", "mse")
    with pytest.raises(ValueError, match=words):
        two.fit(X, y, verbose=0)


@pytest.mark.parametrize("given", [{"loss": None}, {"loss": "mse", "loss_weights": {"z": 1.0}}, {"loss": ["mse"] * 3}])
def test_losses_that_do_not_fit(given):
    x = Input((2,))
    two = Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])

    def train():
        two.compile("sgd", **given)
        two.fit(X, [Y, Y], verbose=0)

    with pytest.raises(ValueError, match=r"[Ll]oss"):
        train()


# ---------------------------------------------------------------- masks


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: layers.LSTM(3)(SEQUENCE, mask=np.ones((2, 5), bool)), r"mask of shape \(2, 4\)"),
        (lambda: layers.GRU(3)(SEQUENCE, mask=np.ones((2,), bool)), r"mask of shape \(2, 4\)"),
        (lambda: layers.LSTM(3)(SEQUENCE, mask="x"), r"mask of shape \(2, 4\)"),
        (lambda: layers.Bidirectional(layers.GRU(3))(SEQUENCE, mask=np.ones((3, 4), bool)), r"mask of shape \(2, 4\)"),
        (
            lambda: layers.TimeDistributed(layers.Dense(2))(SEQUENCE, mask=np.ones((2, 5), bool)),
            r"begins with \(2, 4\)",
        ),
        (lambda: layers.GlobalAveragePooling1D()(SEQUENCE, mask=np.ones((2, 5), bool)), "global_average_pooling1d"),
        (
            lambda: layers.MultiHeadAttention(2, 3)(SEQUENCE, SEQUENCE, attention_mask=np.ones((2, 4, 6), bool)),
            "attention_mask",
        ),
        (lambda: layers.Attention()([SEQUENCE, SEQUENCE], mask=[None, np.ones((2, 6), bool)]), "attention"),
        (lambda: layers.Softmax()(np.ones((2, 4)), mask=np.ones((2, 5), bool)), "mask that broadcasts"),
        (
            lambda: layers.BatchNormalization()(SEQUENCE, training=True, mask=np.ones((2, 5), bool)),
            "batch_normalization",
        ),
    ],
)
def test_masks_of_another_shape(act, words):
    fastnn.utils.clear_session()
    with pytest.raises(ValueError, match=words):
        act()
