"""Nonsense at every level: a message that says what was expected, or NumPy's answer; never a crash or wrong numbers."""

import io
import json
import os
import re
import subprocess
import sys
import threading
import zipfile

import h5py
import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Sequential, Stepper, Variable, layers, models, ops, optimizers
from fastnn.errors import DTypeError, GraphError, ShapeError
from fastnn.ops.table import OPS

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)).astype("f4")
Y = X.sum(1, keepdims=True)
IMAGES = np.arange(2 * 6 * 5 * 3, dtype="f4").reshape(2, 6, 5, 3)
KERNEL = np.ones((3, 2, 3, 4), "f4")
MATRIX = np.arange(12, dtype="f4").reshape(3, 4)
LABELS = np.array([0, 1, 3])
QUARTERS = np.full((3, 4), 0.25, "f4")


def same(op, *arrays, **attrs):
    """Whether kernel and reference agree."""
    found = op(*arrays, **attrs).numpy()
    expected = op(*[a.astype("f8") for a in arrays], **attrs).numpy()
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-4, atol=1e-4)


# ---------------------------------------------------------------- operations


PAIRS = [
    (0, 1), (-1, 1), (1,), (1, 1, 1), 2.5, (1.5, 1.5), "x", (2**63, 1), (2**70, 1), (float("nan"), 1), (None, 1), {},
    np.array([2.5, 1]),
]  # fmt: skip
WINDOWS = {
    "conv2d strides": lambda v: ops.conv2d(IMAGES, KERNEL, strides=v),
    "max_pool2d pool_size": lambda v: ops.max_pool2d(IMAGES, pool_size=v, padding="same"),
    "average_pool2d strides": lambda v: ops.average_pool2d(IMAGES, strides=v),
    "im2col kernel_size": lambda v: ops.im2col(IMAGES, kernel_size=v),
    "im2col strides": lambda v: ops.im2col(IMAGES, strides=v, padding="same"),
    "col2im size": lambda v: ops.col2im(np.ones((2, 3, 3, 16), "f4"), size=v),
    "col2im strides": lambda v: ops.col2im(np.ones((2, 3, 3, 16), "f4"), strides=v),
}


@pytest.mark.parametrize("value", PAIRS, ids=repr)
@pytest.mark.parametrize("name", WINDOWS)
def test_windows_refuse_what_is_no_pair_of_positive_numbers(name, value):
    with pytest.raises((ShapeError, GraphError), match=rf"{name.split()[0]}: expected"):
        WINDOWS[name](value)


@pytest.mark.parametrize("value", [2, [2, 2], np.array([2, 2]), np.int64(2), np.array(2), (2**40, 2**39)], ids=repr)
@pytest.mark.parametrize("op", [ops.max_pool2d, ops.average_pool2d, ops.im2col], ids=lambda op: op.name)
def test_windows_take_numbers_lists_arrays_and_strides_of_any_size(op, value):
    assert same(op, IMAGES, strides=value)


@pytest.mark.parametrize("op", [ops.max_pool2d, ops.average_pool2d, ops.im2col], ids=lambda op: op.name)
def test_strides_with_which_positions_cannot_be_worked_out_are_refused(op):
    with pytest.raises(ShapeError, match="strides of at most"):
        op(IMAGES, strides=(1, 2**62))


ATTRIBUTES = [
    (ops.sum, {"axis": 1.0}), (ops.sum, {"axis": "0"}), (ops.max, {"axis": 2**70}), (ops.mean, {"axis": (None,)}),
    (ops.sum, {"axis": {0}}), (ops.sum, {"axis": 2}), (ops.sum, {"axis": (0, -2)}), (ops.argmax, {"axis": ()}),
    (ops.argmax, {"axis": (0, 1)}), (ops.expand_dims, {"axis": (0, 1)}), (ops.expand_dims, {"axis": 1.5}),
    (ops.squeeze, {"axis": "0"}), (ops.transpose, {"axes": 1}), (ops.transpose, {"axes": 0.5}),
    (ops.concatenate, {"axis": (0,)}), (ops.concatenate, {"axis": None}), (ops.sum, {"keepdims": "yes"}),
    (ops.sum, {"keepdims": 2}), (ops.sum, {"keepdims": None}), (ops.reshape, {"shape": (12, None)}),
    (ops.reshape, {"shape": (2.0, 6)}), (ops.reshape, {"shape": (-1, -1)}), (ops.reshape, {"shape": None}),
]  # fmt: skip


@pytest.mark.parametrize(("op", "attrs"), ATTRIBUTES, ids=lambda v: getattr(v, "name", str(v)))
def test_attributes_of_another_form_are_refused(op, attrs):
    with pytest.raises((ShapeError, GraphError), match=f"{op.name}: expected"):
        op(MATRIX, **attrs)


@pytest.mark.parametrize("axis", [np.int64(1), np.array(-1), [1], np.array([0, 1])], ids=repr)
def test_axes_may_be_numpy_numbers_and_lists(axis):
    assert same(ops.sum, MATRIX, axis=axis)


NUMBERS = [
    (lambda: ops.dropout(MATRIX, 0, rate="x"), "rate to be a number"),
    (lambda: ops.dropout(MATRIX, 0, rate=float("nan")), "rate to be a number"),
    (lambda: ops.dropout(MATRIX, 0, seed=None), "seed to be a whole number"),
    (lambda: OPS["binary_crossentropy"](QUARTERS, QUARTERS, epsilon=float("nan")), "epsilon to be a number"),
    (lambda: ops.binary_accuracy(QUARTERS, QUARTERS, threshold=10**400), "threshold to be a number"),
    (lambda: ops.conv2d(IMAGES, KERNEL, padding=np.array(["same", "valid"])), "padding to be one of"),
    (lambda: ops.relu(None), "received none for"),
    (lambda: ops.dense(MATRIX, None), "received none for"),
    (lambda: ops.reshape(MATRIX[:, :0], shape=(2**40, 2**40, 0)), "result of at most"),
    (lambda: ops.relu(np.ones((1,) * 9, "f4")), "relu: expected at most 8 axes"),
]


@pytest.mark.parametrize(("call", "message"), NUMBERS, ids=[m for _, m in NUMBERS])
def test_other_arguments_of_operations_are_refused(call, message):
    with pytest.raises((GraphError, ShapeError, DTypeError), match=message):
        call()


@pytest.mark.parametrize(
    "labels",
    [LABELS + 2**32, LABELS - 2**32, LABELS.astype("u8") + 2**63, LABELS + 1e12, LABELS * np.nan, LABELS + np.inf],
    ids=["2**32", "-2**32", "u8", "1e12", "nan", "inf"],
)
@pytest.mark.parametrize("op", [ops.sparse_softmax_cross_entropy, ops.sparse_categorical_accuracy], ids=str)
def test_labels_that_do_not_fit_the_kernels_type_are_refused(op, labels):
    with pytest.raises(DTypeError, match="expected whole numbers"):
        op(labels, QUARTERS)


def test_empty_images_of_any_extent_cost_nothing():
    empty = np.zeros((1, 2**20, 2**20, 0), "f4")
    assert ops.im2col(empty).shape == (1, 2**20 - 1, 2**20 - 1, 0)
    assert ops.max_pool2d(empty).shape == (1, 2**19, 2**19, 0)


@pytest.mark.parametrize("weights", [1.0, [1, 2], np.ones((4, 3)), np.ones((300, 400)), "x"])
def test_gradients_need_weights_of_the_targets_shape(weights):
    v = Variable(MATRIX)
    with GradientTape() as tape:
        y = v * v
    with pytest.raises((ShapeError, DTypeError), match="expected"):
        tape.gradient(y, v, output_gradients=weights)


# ---------------------------------------------------------------- models


def regression():
    fastnn.utils.set_random_seed(1)
    model = Sequential([layers.Input((4,)), layers.Dense(5, activation="relu"), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


FIT = [
    {"validation_freq": 0}, {"validation_freq": "x"}, {"validation_freq": 1.5}, {"steps_per_epoch": 0},
    {"steps_per_epoch": -1}, {"steps_per_epoch": 1.5}, {"steps_per_epoch": "x"}, {"validation_steps": 0},
    {"validation_steps": -1}, {"validation_batch_size": 0}, {"validation_batch_size": 2.5}, {"batch_size": 0},
    {"batch_size": 8.0}, {"epochs": 1.5}, {"initial_epoch": -1}, {"class_weight": {"a": 1}}, {"class_weight": {0: "a"}},
    {"validation_split": "x"},
    {"sample_weight": [None] * 50}, {"sample_weight": np.ones(49)}, {"callbacks": 5},
]  # fmt: skip


@pytest.mark.parametrize("arguments", FIT, ids=str)
def test_fit_refuses_arguments_that_make_no_sense(arguments):
    with pytest.raises((ValueError, TypeError), match="Expected"):
        regression().fit(X, Y, verbose=0, **{"validation_data": (X, Y), **arguments})


@pytest.mark.parametrize("steps", [0, -1, 1.5])
def test_evaluate_and_predict_refuse_step_counts_that_make_no_sense(steps):
    model = regression()
    with pytest.raises(ValueError, match="Expected steps"):
        model.evaluate(X, Y, verbose=0, steps=steps)
    with pytest.raises(ValueError, match="Expected steps"):
        model.predict(X, steps=steps)


@pytest.mark.parametrize("offset", [2**32, -(2**32), 3, -1])
def test_class_numbers_out_of_range_are_refused_whatever_their_type(offset):
    model = Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises((ValueError, TypeError), match="Expected"):
        model.fit(X, np.arange(50) % 3 + offset, verbose=0)


def test_a_loss_that_ignores_the_model_is_refused():
    model = regression()
    model.compile("sgd", lambda y_true, y_pred: 3.0)
    with pytest.raises(ValueError, match="depends on"):
        model.fit(X, Y, verbose=0)


SETTINGS = [
    (optimizers.SGD, {"learning_rate": float("nan")}), (optimizers.SGD, {"learning_rate": float("inf")}),
    (optimizers.SGD, {"learning_rate": 10**400}), (optimizers.SGD, {"learning_rate": [0.1]}),
    (optimizers.Adam, {"beta_1": 1}), (optimizers.Adam, {"beta_2": -0.1}), (optimizers.Adam, {"epsilon": "x"}),
    (optimizers.Adam, {"epsilon": None}), (optimizers.RMSprop, {"rho": float("nan")}),
    (optimizers.RMSprop, {"momentum": -1}),
]  # fmt: skip


@pytest.mark.parametrize(("optimizer", "settings"), SETTINGS, ids=str)
def test_optimizers_refuse_settings_out_of_range(optimizer, settings):
    with pytest.raises(ValueError, match=f"Expected {next(iter(settings))}"):
        optimizer(**settings)


# ---------------------------------------------------------------- files


@pytest.fixture
def saved(tmp_path):
    model = regression()
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    return model, tmp_path / "model.keras"


def rewritten(path, change, **parts):
    """A copy of a model file with a changed configuration or other parts."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(content["config.json"])
    content["config.json"] = json.dumps(change(config) or config)
    copy = path.with_name("changed.keras")
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**content, **parts}.items():
            archive.writestr(name, data)
    return copy


def nested(config):
    for _ in range(300):
        config = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [config]}}
    return config


CONFIGS = {
    "compile settings": lambda c: c.update(compile_config=5),
    "optimizer": lambda c: c["compile_config"].update(optimizer={"class_name": "Adam", "config": 5}),
    "depth": nested,
    "class": lambda c: c.update(module="os", class_name="system", config="exit 1", registered_name=None),
    "activation": lambda c: c["config"]["layers"][1]["config"].update(
        activation={"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"}
    ),
    "units": lambda c: c["config"]["layers"][1]["config"].update(units=-3),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_foreign_configurations_are_refused_with_the_files_name(saved, name):
    with pytest.raises(ValueError, match=r"changed\.keras"):
        models.load_model(rewritten(saved[1], CONFIGS[name]))


def test_a_file_that_grows_without_measure_is_refused_before_it_is_unpacked(saved):
    bomb = rewritten(saved[1], lambda config: None, **{"model.weights.h5": bytes(2**27)})
    assert bomb.stat().st_size < 2**18
    with pytest.raises(ValueError, match="would grow"):
        models.load_model(bomb)


WEIGHTS = {
    "huge": lambda group: group.create_dataset("0", (10**6, 10**6), "f4", chunks=(1000, 1000)),
    "text": lambda group: group.create_dataset("0", data="x"),
    "a group": lambda group: group.create_group("0"),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_of_another_kind_are_refused_and_none_is_changed(saved, tmp_path, name):
    model, path = saved[0], tmp_path / "w.weights.h5"
    model.save_weights(path)
    with h5py.File(path, "r+") as h5:
        group = h5["layers/dense_1/vars"]
        del group["0"]
        WEIGHTS[name](group)
    before = model.get_weights()
    with pytest.raises(ValueError, match="Expected"):
        model.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_dataset_in_the_place_of_a_group_is_refused(saved, tmp_path):
    model, content = saved[0], io.BytesIO()
    model.save_weights(tmp_path / "w.weights.h5")
    content.write((tmp_path / "w.weights.h5").read_bytes())
    with h5py.File(content, "r+") as h5:
        del h5["layers/dense/vars"]
        h5["layers/dense/vars"] = np.ones(2)
    (tmp_path / "w.weights.h5").write_bytes(content.getvalue())
    with pytest.raises(ValueError, match="Expected"):
        model.load_weights(tmp_path / "w.weights.h5")


def test_saving_writes_through_links_and_names_the_path_it_cannot_write(saved, tmp_path):
    model, _ = saved
    (tmp_path / "link.keras").symlink_to("target.keras")
    model.save(tmp_path / "link.keras")
    assert (tmp_path / "link.keras").is_symlink()
    assert models.load_model(tmp_path / "target.keras").count_params() == model.count_params()
    with pytest.raises(FileNotFoundError, match=r"nowhere.model\.keras'"):
        model.save(tmp_path / "nowhere" / "model.keras")


# ---------------------------------------------------------------- stepping


STEPPERS = [{"batch_size": 0}, {"batch_size": 2.5}, {"seed": "x"}, {"seed": -1}, {"y": None}, {"x": X[:, :2]}]


@pytest.mark.parametrize("arguments", STEPPERS, ids=lambda a: next(iter(a)))
def test_steppers_refuse_what_fit_refuses(arguments):
    with pytest.raises(ValueError, match="Expected"):
        Stepper(regression(), **{"x": X, "y": Y, **arguments})


MOVES = {
    "goto": lambda s: s.goto(-1),
    "train": lambda s: s.train(1.5),
    "run_to": lambda s: s.run_to("nowhere"),
    "explain": lambda s: s.explain(s.steps[0].outputs[0], (0.5, 0)),
    "explain outside": lambda s: s.explain(s.steps[0].outputs[0], (50, 0)),
    "role": lambda s: s.seen_by(0, "nothing"),
    "step": lambda s: s.seen_by("first", "x"),
    "value": lambda s: s.value("nothing"),
}


@pytest.mark.parametrize("name", MOVES)
def test_steppers_refuse_moves_and_questions_that_make_no_sense(name):
    stepper = Stepper(regression(), X, Y)
    stepper.next()
    with pytest.raises(ValueError, match=r"[Ee]xpected"):
        MOVES[name](stepper)


def test_a_stepper_goes_on_as_it_began_when_its_model_is_changed():
    model = regression()
    stepper, expected = Stepper(model, X, Y, batch_size=20), Stepper(model, X, Y, batch_size=20)
    expected.train(3)
    model.layers[0].trainable = False
    model.compile("sgd", "mae")
    stepper.train(3)
    assert stepper.losses == expected.losses
    assert stepper.position == expected.position


# ---------------------------------------------------------------- threads and environment


def in_threads(*jobs):
    """Run jobs at once, switching between them as often as possible; returns their results."""
    results = [None] * len(jobs)

    def run(k):
        results[k] = jobs[k]()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        callers = [threading.Thread(target=run, args=(k,)) for k in range(len(jobs))]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    finally:
        sys.setswitchinterval(before)
    return results


def test_threads_that_share_a_model_get_their_own_answers():
    model = regression()
    parts = [(X[k : k + 40 - k], Y[k : k + 40 - k]) for k in range(4)]
    jobs = [lambda p=p: (model.predict(p[0]).tolist(), model.evaluate(*p, verbose=0)) for p in parts]
    expected = [job() for job in jobs]
    found = in_threads(*[lambda job=job: [job() for _ in range(10)] for job in jobs])
    assert found == [[e] * 10 for e in expected]


def test_threads_record_on_their_own_tapes():
    def squares(value):
        found = []
        for _ in range(50):
            v = Variable(np.full(3, value, "f4"))
            with GradientTape() as tape:
                y = ops.sum(v * v)
            found.append(tape.gradient(y, v).numpy().tolist())
        return found

    assert in_threads(*[lambda k=k: squares(k) for k in (1, 2, 3)]) == [[[2.0 * k] * 3] * 50 for k in (1, 2, 3)]


@pytest.mark.parametrize(("name", "value"), [("FASTNN_ISA", "nonsense"), ("FASTNN_NUM_THREADS", "²")])
def test_nonsense_in_the_environment_is_named(name, value):
    run = subprocess.run(
        [sys.executable, "-c", "import fastnn"], env={**os.environ, name: value}, capture_output=True, timeout=60
    )
    assert run.returncode
    assert f"Expected {name}" in run.stderr.decode()


# ---------------------------------------------------------------- arguments of layers


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Dense(3, use_bias="no"), "use_bias of Dense to be True or False. Received: use_bias='no'"),
        (lambda: layers.LSTM(3, "tanh", "sigmoid", float("nan")), "use_bias of LSTM"),
        (lambda: layers.GRU(3, return_sequences=2), "return_sequences of GRU"),
        (lambda: layers.LSTM(3, seed=float("inf")), "seed to be a non-negative integer. Received: seed=inf"),
        (lambda: fastnn.initializers.GlorotUniform(seed="x"), "seed='x'"),
        (lambda: layers.Concatenate(axis=float("inf")), "axis to be a whole number. Received: axis=inf"),
        (lambda: layers.StringLookup(vocabulary="no/such/file"), "vocabulary='no/such/file'"),
        (lambda: layers.IntegerLookup(vocabulary=""), "vocabulary=''"),
        (lambda: layers.TextVectorization(vocabulary=b"x"), "vocabulary=b'x'"),
        (lambda: layers.StringLookup(vocabulary=3), "vocabulary=3"),
    ],
)
def test_arguments_are_named(make, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        make()


@pytest.mark.parametrize("value", [True, False, 0, 1, np.True_])
def test_switches_take_what_is_true_or_false(value):
    assert len(layers.Dense(3, use_bias=value)(np.ones((1, 2))).shape) == 2
