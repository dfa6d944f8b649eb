"""Scripts of predictions and of training steps say what the model says, in a process that has NumPy alone."""

import runpy
import subprocess
import sys

import numpy as np
import pytest

import fastnn
from fastnn import layers, presets
from fastnn.exchange import numpy_script
from tests.exchange_checks import close, first_rows, model_of, predictions
from tests.golden.arguments import FAMILIES

QUICK = {
    "core": ("dense", "einsum_dense_times"),
    "convolution": ("conv2d", "transpose2d_same"),
    "embedding": ("masking", "embedding"),
    "normalization": ("batch_images", "group"),
    "recurrence": ("lstm_masked", "gru_stateful", "bidirectional_last_sum"),
    "resizing": ("max2d_same", "resizing"),
}


def script_of(path):
    """The function `predict` of a script."""
    return runpy.run_path(str(path))["predict"]


def run(*command):
    line = [sys.executable, "-I", "-W", "error", *map(str, command)]
    return subprocess.run(line, capture_output=True, text=True, timeout=100, check=False)


def check_layers(family, chosen, folder):
    """Scripts of golden cases, run here: a process for each would take its time."""
    fastnn.utils.set_random_seed(0)
    for name, case in FAMILIES[family].cases(fastnn).items():
        if case.traced and (chosen is None or name in chosen):
            model, counts = model_of(case)
            model.export(folder / f"{name}.py")
            predict = script_of(folder / f"{name}.py")
            for count in counts:
                case.begin()
                x = first_rows(case.inputs, count)
                found = predict(*x)
                for actual, wanted in zip(
                    found if isinstance(found, tuple) else (found,), predictions(model, x), strict=True
                ):
                    close(np.asarray(actual), np.asarray(wanted), f"{family} {name}, {count} rows", 1e-5)


@pytest.mark.parametrize("family", QUICK)
def test_layers(family, tmp_path):
    check_layers(family, QUICK[family], tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("family", FAMILIES)
def test_all_layers(family, tmp_path):
    check_layers(family, None, tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("name", presets.names())
def test_all_presets(name, tmp_path):
    model, (data, _) = presets.get(name).build(), presets.get(name).data()
    model.export(tmp_path / "m.py")
    predict = script_of(tmp_path / "m.py")
    named = [data[t.name] for t in model.inputs] if isinstance(data, dict) else data_of(data)
    x = [a.astype(t.dtype) for a, t in zip(first_rows(named, 3), model.inputs, strict=True)]
    found = predict(*x)
    for actual, wanted in zip(found if isinstance(found, tuple) else (found,), predictions(model, x), strict=True):
        close(np.asarray(actual), np.asarray(wanted), name, 1e-5)


def data_of(data):
    """Arrays of several inputs; lists of numbers are one."""
    return data if any(isinstance(a, np.ndarray) for a in data) else np.asarray(data)


def network(units):
    fastnn.utils.set_random_seed(1)
    first, second = layers.Input((6, 6, 1), name="image"), layers.Input((3,), name="class")
    hidden = layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(first))
    hidden = layers.Dense(units, activation="tanh")(layers.Concatenate()([hidden, second]))
    return fastnn.Model([first, second], [layers.Dense(2, activation="softmax")(hidden), hidden], name="two_ends")


@pytest.mark.parametrize(("units", "files"), [(8, ["m.py"]), (2000, ["m.npz", "m.py"])])
def test_script_runs_alone(units, files, tmp_path):
    model = network(units)
    model.export(tmp_path / "m.py", format="numpy")
    assert sorted(p.name for p in tmp_path.iterdir()) == files  # many weights lie beside it
    x = [np.random.default_rng(k).normal(size=(5, *t.shape[1:])).astype("float32") for k, t in enumerate(model.inputs)]
    places = [tmp_path / f"{k}.npy" for k in (0, 1)]
    for place, array in zip(places, x, strict=True):
        np.save(place, array)
    done = run(tmp_path / "m.py", *places, tmp_path / "found.npz")
    assert (done.returncode, done.stderr) == (0, "")
    found = np.load(tmp_path / "found.npz")
    for k, wanted in enumerate(predictions(model, x)):
        close(found[f"arr_{k}"], wanted, f"output {k}", 1e-5)
    assert run(tmp_path / "m.py").stderr == "usage: python m.py IMAGE.npy CLASS_.npy OUTPUT.npz\n"


def test_training_step(tmp_path):
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
    model.compile(fastnn.optimizers.Adam(0.1), "mse")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)).astype("float32"), rng.normal(size=(6, 1)).astype("float32")
    before = model.get_weights()
    (tmp_path / "step.py").write_text(numpy_script(model, x, y))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    done = run(tmp_path / "step.py", tmp_path / "values.npz")
    assert (done.returncode, done.stderr) == (0, "")
    loss = model.train_on_batch(x, y)
    assert float(done.stdout.split()[1]) == pytest.approx(float(np.ravel(loss)[0]), rel=1e-5)
    values = np.load(tmp_path / "values.npz")
    for weight in model.weights:
        close(values[weight.path.replace("/", ".")], weight.numpy(), weight.path, 1e-5)


def test_names_are_no_code(tmp_path):
    evil = 'a; import os; os.abort()"""; raise SystemExit(3) "\'\\ {é}'
    inputs = layers.Input((3,), name="x; y z")
    model = fastnn.Model(inputs, layers.Dense(2, name=evil)(inputs), name=evil)
    model.compile("sgd", "mse")
    model.export(tmp_path / """a "b" 'c'.py""")
    done = run(tmp_path / """a "b" 'c'.py""")
    assert done.stderr == """usage: python a "b" 'c'.py X__Y_Z.npy OUTPUT.npz\n"""
    (tmp_path / "step.py").write_text(numpy_script(model, np.ones((2, 3)), np.ones((2, 2))), encoding="utf-8")
    done = run(tmp_path / "step.py")
    assert (done.returncode, done.stderr) == (0, "")
    with pytest.raises(ValueError, match="Expected a script's name"):
        model.export(tmp_path / "m.npz", format="numpy")


SAME = ["a", "\uff41", "a\u00b2", "\uff4e\uff50", "math", "file", "_", "1", "__name__", "z_row", "predict", "z"]


def test_names_that_python_takes_for_others(tmp_path):
    inputs = [layers.Input((2,), name=name) for name in SAME]
    outputs = [layers.Dense(1, activation="gelu", name=f"{name}.")(x) for name, x in zip(SAME, inputs, strict=True)]
    model = fastnn.Model(inputs, outputs)
    model.compile("sgd", "mse")
    model.export(tmp_path / "m.py")
    x = [np.full((1, 2), k, "float32") for k in range(len(SAME))]
    for found, wanted in zip(script_of(tmp_path / "m.py")(*x), predictions(model, x), strict=True):
        close(found, wanted, "an output", 1e-5)
    text = numpy_script(model, x, [np.ones((1, 1))] * len(SAME))
    (tmp_path / "step.py").write_text(text, encoding="utf-8")
    done = run(tmp_path / "step.py", tmp_path / "values.npz")
    assert (done.returncode, done.stderr) == (0, "")
    values = np.load(tmp_path / "values.npz")
    assert all(np.array_equal(values[name], array) for name, array in zip(SAME, x, strict=True))


def test_open_lengths_of_names_that_look_alike(tmp_path):
    inputs = [layers.Input((2, None), name=name) for name in ("a_1", "a")]
    model = fastnn.Model(inputs, [layers.UpSampling1D(2)(x) for x in inputs])
    model.export(tmp_path / "m.py")
    assert [a.shape for a in script_of(tmp_path / "m.py")(np.ones((3, 2, 5)), np.ones((3, 2, 6)))] == [
        (3, 4, 5),
        (3, 4, 6),
    ]


def test_weights_of_another_script_are_refused(tmp_path):
    for name in ("old", "new"):
        model = fastnn.Sequential([layers.Input((101,)), layers.Dense(1000, name="one")])
        model.export(tmp_path / f"{name}.py")
    script_of(tmp_path / "old.py")
    (tmp_path / "new.npz").replace(tmp_path / "old.npz")  # as when killed between the two files
    with pytest.raises(ValueError, match="Expected the weights that were written with"):
        script_of(tmp_path / "old.py")


def test_a_step_needs_a_compiled_model():
    with pytest.raises(ValueError, match="compile"):
        numpy_script(fastnn.Sequential([layers.Input((3,)), layers.Dense(1)]), np.ones((2, 3)), np.ones((2, 1)))


def test_a_failed_script_leaves_the_old_one(tmp_path, monkeypatch):
    model = network(4)
    model.export(tmp_path / "m.py")
    old = (tmp_path / "m.py").read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        network(5).export(tmp_path / "m.py")
    assert (tmp_path / "m.py").read_bytes() == old
    assert [p.name for p in tmp_path.iterdir()] == ["m.py"]
