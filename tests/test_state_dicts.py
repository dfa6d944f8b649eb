"""Weights from and for PyTorch: networks that it made predict the same here, and its layouts come back."""

import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import fastnn
from fastnn import layers
from fastnn.exchange import load_state_dict, to_state_dict
from tests.exchange_checks import close

GOLDEN = np.load(Path(__file__).parent / "golden" / "torch_state.npz")
EPSILON = 1e-5  # PyTorch's


def pictures():
    return [
        layers.Input((13, 13, 3)),
        layers.Conv2D(4, 3),
        layers.BatchNormalization(epsilon=EPSILON),
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.Conv2D(6, (2, 3), groups=2, activation="tanh"),
        layers.DepthwiseConv2D(2, depth_multiplier=2, use_bias=False),
        layers.Conv2DTranspose(5, (2, 3), strides=(1, 2)),
        layers.Flatten(),
        layers.BatchNormalization(epsilon=EPSILON),
        layers.ReLU(),
        layers.Dense(100, activation="sigmoid"),
        layers.Dense(3),
    ]


def series():
    return [
        layers.Input((10, 2)),
        layers.Conv1D(4, 3, activation="relu"),
        layers.LayerNormalization(epsilon=EPSILON),
        layers.AveragePooling1D(2),
        layers.Flatten(),
        layers.Dense(2),
    ]


def words():
    return [
        layers.Input((7,), dtype="int32"),
        layers.Embedding(20, 6),
        layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
        layers.GRU(4, return_sequences=True),
        layers.LSTM(3, return_sequences=True),
        layers.LSTM(3, return_sequences=True),
        layers.SimpleRNN(3),
        layers.Dense(2),
    ]


def steps():
    return [layers.Input((5, 3)), layers.LSTM(4, return_sequences=True), layers.Flatten(), layers.Dense(2)]


def looking():
    x = layers.Input((5, 3))
    features = layers.Dense(6)(x)
    seen = layers.MultiHeadAttention(2, 3)(features, features)
    y = layers.LayerNormalization(epsilon=EPSILON)(features + seen)
    return fastnn.Model(x, layers.Dense(2)(y))


NETWORKS = {f.__name__: f for f in (looking, pictures, series, words, steps)}
CHANNELS_FIRST = ("pictures", "series")


def network(name):
    made = NETWORKS[name]()
    return fastnn.Sequential(made) if isinstance(made, list) else made


def golden(name):
    """The state dict, inputs as they are here, and outputs."""
    state = {k.split("/", 2)[2]: GOLDEN[k] for k in GOLDEN.files if k.startswith(f"{name}/state/")}
    x = GOLDEN[f"{name}/x"]
    return state, np.moveaxis(x, 1, -1) if name in CHANNELS_FIRST else x, GOLDEN[f"{name}/y"]


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_torch_predict_the_same(name):
    state, x, y = golden(name)
    model = network(name)
    matched = load_state_dict(model, state)
    assert list(matched) == [x.name for x in model.layers if x.weights]
    close(model.predict(x, verbose=0), y, name, 1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_state_dicts_come_back(name):
    state, _, _ = golden(name)
    model = network(name)
    matched = load_state_dict(model, state)
    again = network(name)
    found = to_state_dict(model)
    load_state_dict(again, found)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), again.get_weights(), strict=True))
    for layer, group in matched.items():
        for key in ("weight", "running_mean"):
            if f"{layer}.{key}" in found:
                np.testing.assert_array_equal(found[f"{layer}.{key}"], state[f"{group}.{key}"])


def test_flatten_is_told_from_pictures():
    state, x, y = golden("pictures")
    model = fastnn.Sequential(pictures())
    load_state_dict(model, state, flatten="channels_last")
    assert np.abs(model.predict(x, verbose=0) - y).max() > 1e-3
    load_state_dict(model, state, flatten="channels_first")
    close(model.predict(x, verbose=0), y, "first", 1e-5)


def test_pictures_of_any_size():
    model = fastnn.Sequential(
        [layers.Input((None, None, 3)), layers.Conv2D(2, 3, strides=2, padding="same"), layers.GlobalMaxPooling2D()]
    )
    state = {"0.weight": np.ones((2, 3, 3, 3)), "0.bias": np.zeros(2)}
    load_state_dict(model, state)
    assert model.predict(np.ones((1, 7, 7, 3)), verbose=0).tolist() == [[27.0, 27.0]]


def test_branches_and_names():
    first, second = layers.Input((2,)), layers.Input((2,))
    outputs = [layers.Dense(2, name="b")(second), layers.Dense(2, name="a")(first)]
    model = fastnn.Model([first, second], outputs)
    rng = np.random.default_rng(0)
    state = {f"{n}.{k}": rng.normal(size=s) for n in ("left", "right") for k, s in (("weight", (2, 2)), ("bias", (2,)))}
    assert load_state_dict(model, state, {"a": "left"}) == {"a": "left", "b": "right"}
    np.testing.assert_allclose(model.get_layer("a").kernel.numpy(), state["left.weight"].T, rtol=1e-6)
    assert set(to_state_dict(model, {"a": "left", "b": "right"})) == set(state)


def test_own_call_without_graph():
    class Own(fastnn.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = layers.Dense(3), layers.Dense(1)

        def call(self, x):
            return self.out(self.hidden(x))

    model = Own()
    with pytest.raises(ValueError, match="not built"):
        load_state_dict(model, {})
    model.predict(np.ones((2, 4)), verbose=0)
    state = {"a.weight": np.ones((3, 4)), "a.bias": np.zeros(3), "b.weight": np.ones((1, 3)), "b.bias": np.ones(1)}
    load_state_dict(model, state)
    assert model.predict(np.ones((2, 4)), verbose=0).tolist() == [[13.0], [13.0]]
    with pytest.raises(ValueError, match="no graph"):
        load_state_dict(model, state, flatten="channels_first")


class Tensorlike:
    """What a tensor of PyTorch answers to."""

    def __init__(self, array):
        self.array = array

    def detach(self):
        return self

    cpu = float = detach

    def is_floating_point(self):
        return True

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array, dtype)


def test_files_and_tensors(tmp_path, monkeypatch):
    state, x, y = golden("steps")
    save_file(state, tmp_path / "s.safetensors")
    for given in (tmp_path / "s.safetensors", {k: Tensorlike(v) for k, v in state.items()}):
        model = fastnn.Sequential(steps())
        load_state_dict(model, given)
        close(model.predict(x, verbose=0), y, "steps", 1e-5)
    save_file(
        {k.replace("0.layer", "z.0").replace("2.", "a."): v for k, v in state.items()}, tmp_path / "s.safetensors"
    )
    with pytest.raises(ValueError, match=r"does not say whether 'a' or 'z\.0' comes first"):
        load_state_dict(model, tmp_path / "s.safetensors")
    out = next(x.name for x in model.layers if isinstance(x, layers.Dense))
    load_state_dict(model, tmp_path / "s.safetensors", {out: "a"})
    close(model.predict(x, verbose=0), y, "steps", 1e-5)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="needs torch to read"):
        load_state_dict(model, tmp_path / "s.pt")
    with pytest.raises(OSError, match="none"):
        load_state_dict(model, tmp_path / "none.safetensors")


def test_files_of_torch(tmp_path, monkeypatch):
    class Torch:  # as much of it as is called
        load = staticmethod(lambda path, map_location, weights_only: {"s": dense_state(), "n": [1]}[path.stem])

    monkeypatch.setitem(sys.modules, "torch", Torch)
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(2, name="out")])
    assert load_state_dict(model, tmp_path / "s.pt") == {"out": "fc"}
    with pytest.raises(ValueError, match=r"n\.pt'. Received: list"):
        load_state_dict(model, tmp_path / "n.pt")
    with pytest.raises(ValueError, match=r"damaged\.pt'. Received: KeyError"):
        load_state_dict(model, str(tmp_path / "damaged.pt"))


def dense_state(**changes):
    return {k: v for k, v in {"fc.weight": np.ones((2, 3)), "fc.bias": np.zeros(2), **changes}.items() if v is not None}


@pytest.mark.parametrize(
    ("state", "names", "words"),
    [
        ({}, None, r"Expected 1 layers with weights.*: out\. Received: 0"),
        (dense_state(**{"fc.bias": None}), None, r"layer 'out' \(Dense\): weight, bias\. Received: 'fc' with weight"),
        (dense_state(**{"fc.weight": np.ones((3, 2))}), None, r"weight of \(2, 3\)\. Received: \(3, 2\)"),
        (dense_state(**{"fc.weight": np.ones(6)}), None, r"Received: \(6,\)"),
        (dense_state(**{"fc.weight": "text"}), None, "Expected numbers for 'fc.weight'"),
        (dense_state() | {3: np.ones(2)}, None, "names of weights. Received: 3"),
        ({"epoch": 3, "state_dict": dense_state()}, None, r"those of 'state_dict': give checkpoint\['state_dict'\]"),
        (dense_state(**{"other.weight": np.ones(2)}), None, "Received: 2 in the state dict: fc, other"),
        (dense_state(), {"out": "fd"}, r"Received: 'fd'; known names: 'fc'"),
        (dense_state(), {"oud": "fc"}, r"did you mean 'out'"),
    ],
)
def test_what_does_not_fit_changes_nothing(state, names, words):
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(2, name="out")])
    before = model.get_weights()
    with pytest.raises(ValueError, match=words):
        load_state_dict(model, state, names)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_numbers_of_channels():
    model = fastnn.Sequential([layers.Input((4, 4, 3)), layers.PReLU(shared_axes=[1, 2], name="slopes")])
    assert to_state_dict(model)["slopes.weight"].shape == (3,)
    load_state_dict(model, {"0.weight": np.array([1.0, 2.0, 3.0])})
    assert model.predict(-np.ones((1, 4, 4, 3)), verbose=0)[0, 2, 1].tolist() == [-1.0, -2.0, -3.0]
    model = fastnn.Sequential([layers.Input((4, 4, 3)), layers.PReLU(name="slopes")])
    with pytest.raises(ValueError, match=r"for each channel\. Received: 'slopes' with shape \(4, 4, 3\)"):
        to_state_dict(model)


def test_layers_that_torch_has_not():
    model = fastnn.Sequential([layers.Input((8, 8, 3)), layers.SeparableConv2D(4, 3, name="apart")])
    with pytest.raises(ValueError, match="'apart', SeparableConv2D"):
        to_state_dict(model)
    model = fastnn.Sequential([layers.Input((5, 3)), layers.GRU(2, reset_after=False, name="old")])
    with pytest.raises(ValueError, match="reset_after=True"):
        to_state_dict(model)


class Torch:
    """What has a state dict, but is none."""

    def state_dict(self):
        return {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Torch(), r"Received: Torch; give its \.state_dict\(\)$"),
        (3, r"Expected a state dict, or the path of its file\. Received: int$"),
    ],
)
def test_what_is_no_state_dict_is_told_where_it_is(given, words):
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(2)])
    with pytest.raises(ValueError, match=words):
        load_state_dict(model, given)
