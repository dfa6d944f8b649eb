"""Callbacks: their hooks, what they write, and that training resumes."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, callbacks, layers
from tests.golden.callbacks import decisions

RNG = np.random.default_rng(3)
X = RNG.normal(size=(21, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def linear(seed=1, optimizer="adam"):
    fastnn.utils.set_random_seed(seed)
    model = Sequential([Input((3,)), layers.Dense(4, activation="tanh"), layers.Dropout(0.3), layers.Dense(1)])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


class Noting(callbacks.Callback):
    """Notes the names of its hooks."""

    def __init__(self):
        super().__init__()
        self.seen = []


def noting(name):
    def hook(self, *args):
        self.seen.append((name.removeprefix("on_"), *(a for a in args if isinstance(a, int))))

    return hook


for _name in callbacks.base.HOOKS:
    if _name not in ("on_batch_begin", "on_batch_end"):
        setattr(Noting, _name, noting(_name))


def generator():
    while True:
        for k in range(0, 21, 8):
            yield X[k : k + 8], Y[k : k + 8]


def test_every_hook_is_called_at_its_place():
    model, note = linear(), Noting()
    model.fit(X, Y, batch_size=11, validation_data=(X[:4], Y[:4]), verbose=0, callbacks=[note])
    assert note.seen == [
        ("train_begin",), ("epoch_begin", 0), ("train_batch_begin", 0), ("train_batch_end", 0),
        ("train_batch_begin", 1), ("train_batch_end", 1), ("test_begin",), ("test_batch_begin", 0),
        ("test_batch_end", 0), ("test_end",), ("epoch_end", 0), ("train_end",),
    ]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
def test_hooks_of_evaluate_and_predict(stream):
    model, note = linear(), Noting()
    data = (generator(),) if stream else (X, Y)
    more = {"steps": 3} if stream else {"batch_size": 8}
    model.evaluate(*data, verbose=0, callbacks=[note], **more)
    batches = [(f"test_batch_{w}", k) for k in range(3) for w in ("begin", "end")]
    assert note.seen == [("test_begin",), *batches, ("test_end",)]
    note.seen.clear()
    outputs = model.predict(data[0] if stream else X, verbose=0, callbacks=[note], **more)
    batches = [(f"predict_batch_{w}", k) for k in range(3) for w in ("begin", "end")]
    assert note.seen == [("predict_begin",), *batches, ("predict_end",)]
    assert np.array_equal(outputs, model.predict(X, verbose=0))


def test_test_batches_see_averages_and_predictions_their_outputs():
    x = Input((3,))
    model = Model(x, {"a": layers.Dense(1, name="a")(x), "b": layers.Dense(2, name="b")(x)})
    seen = []
    model.predict(X, batch_size=11, verbose=0, callbacks=callbacks.LambdaCallback(
        on_predict_batch_end=lambda batch, logs: seen.append({k: v.shape for k, v in logs["outputs"].items()})
    ))  # fmt: skip
    assert seen == [{"a": (11, 1), "b": (11, 2)}, {"a": (10, 1), "b": (10, 2)}]
    model, seen = linear(), []
    note = callbacks.LambdaCallback(on_test_batch_end=lambda batch, logs: seen.append(logs))
    result = model.evaluate(X, Y, batch_size=11, verbose=0, callbacks=[note], return_dict=True)
    assert dict(seen[-1]) == result
    assert dict(seen[0]) == model.evaluate(X[:11], Y[:11], verbose=0, return_dict=True)


def test_older_names_of_batch_hooks_are_called_once():
    class Both(callbacks.Callback):
        seen = ()

        def on_batch_end(self, batch, logs=None):
            self.seen += ("batch",)

    class Over(Both):
        def on_train_batch_end(self, batch, logs=None):
            self.seen += ("train",)

    both, over = Both(), Over()
    linear().fit(X, Y, verbose=0, callbacks=[both, over])
    assert both.seen == ("batch",)
    assert over.seen == ("train",)


def test_a_list_of_callbacks_for_loops_of_ones_own():
    model, note = linear(), Noting()
    calls = callbacks.CallbackList([note], add_history=True, model=model, epochs=1, steps=2)
    calls.on_train_begin()
    calls.on_epoch_end(0, {"loss": 1.0})
    assert note.seen == [("train_begin",), ("epoch_end", 0)]
    assert note.params == {"epochs": 1, "steps": 2}
    assert model.history.history == {"loss": [1.0]}


def test_history_takes_what_callbacks_add_to_the_logs():
    rates = callbacks.LearningRateScheduler(lambda epoch: 0.5**epoch)
    logs = linear().fit(X, Y, epochs=3, verbose=0, callbacks=[rates, callbacks.ReduceLROnPlateau("loss")]).history
    assert logs["learning_rate"] == [1.0, 0.5, 0.25]
    own = callbacks.History()
    assert linear().fit(X, Y, verbose=0, callbacks=[own]) is own


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_an_interrupted_fit_resumes_to_the_same_bits(tmp_path, double, stream):
    data = {"x": generator(), "steps_per_epoch": 3} if stream else {"x": X, "y": Y, "batch_size": 8}
    whole = linear()
    logs = whole.fit(**data, epochs=5, verbose=0).history["loss"]

    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.optimizer.iterations) == 8:
                raise RuntimeError("power cut")

    folder = tmp_path / "backup"
    backup = callbacks.BackupAndRestore(folder, double_checkpoint=double)
    data = {"x": generator(), "steps_per_epoch": 3} if stream else data
    with pytest.raises(RuntimeError, match="power cut"):
        linear().fit(**data, epochs=5, verbose=0, callbacks=[backup, Stop()])
    resumed = linear()
    resumed.set_weights([w * 0 for w in resumed.get_weights()])
    if double:  # the last state is damaged: the one before it is taken
        newest = max(folder.glob("state-*.weights.h5"), key=lambda file: file.name)
        newest.write_bytes(newest.read_bytes()[:500])
    data = {"x": generator(), "steps_per_epoch": 3} if stream else data
    again = resumed.fit(**data, epochs=5, verbose=0, callbacks=[callbacks.BackupAndRestore(folder)])
    assert again.epoch == ([1, 2, 3, 4] if double else [2, 3, 4])
    assert again.history["loss"] == logs[-len(again.epoch) :]
    for a, b in zip(whole.variables_of_training(), resumed.variables_of_training(), strict=True):
        assert np.array_equal(a.value, b.value), a.path
    assert not folder.exists()


def test_backup_leaves_the_files_of_others_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    linear().fit(X, Y, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path, save_freq=1)])
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
    linear().fit(X, Y, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)])
    assert len(list(tmp_path.iterdir())) == 3


def test_checkpoints_have_names_by_pattern(tmp_path):
    model = linear()
    saved = callbacks.ModelCheckpoint(tmp_path / "to" / "{epoch:02d}-{val_loss:.2f}.keras")
    logs = model.fit(X, Y, epochs=2, validation_split=0.2, verbose=0, callbacks=saved).history["val_loss"]
    assert sorted(f.name for f in (tmp_path / "to").iterdir()) == [
        f"{k + 1:02d}-{v:.2f}.keras" for k, v in enumerate(logs)
    ]
    again = fastnn.models.load_model(tmp_path / "to" / f"02-{logs[1]:.2f}.keras")
    assert np.array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_checkpoints_every_few_batches(tmp_path):
    saved = callbacks.ModelCheckpoint(
        str(tmp_path / "{epoch}-{batch}.weights.h5"), save_freq=2, save_weights_only=True, monitor="loss"
    )
    linear().fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=saved)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["1-2.weights.h5", "2-1.weights.h5", "2-3.weights.h5"]


def test_the_old_name_of_accuracy_is_understood():
    model = Sequential([Input((3,)), layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    stop = callbacks.EarlyStopping("val_acc", patience=1)
    with pytest.warns(DeprecationWarning, match="val_accuracy"):
        model.fit(X, Y > 0, validation_split=0.5, epochs=2, verbose=0, callbacks=[stop])
    assert stop.larger
    assert 0 <= stop.best <= 1


@pytest.mark.parametrize(
    ("metric", "name", "larger"),
    [
        ("mae", "mae", False), ("AUC", "AUC", True), (fastnn.metrics.Precision(name="p"), "p", True),
        ("cosine_similarity", "cosine_similarity", True), (fastnn.metrics.MeanIoU(2, name="iou"), "iou", True),
    ],
)  # fmt: skip
def test_the_direction_of_metrics_is_known(metric, name, larger):
    model = linear()
    model.compile("sgd", "mse", metrics=[metric])
    stop = callbacks.EarlyStopping(f"val_{name}")
    stop.set_model(model)
    assert stop.larger is larger


def test_a_missing_value_is_named():
    with pytest.warns(UserWarning, match=r"'val_loss'.*They have: 'loss', 'mae'"):
        linear().fit(X, Y, verbose=0, callbacks=callbacks.EarlyStopping())


def test_csv_lines_go_on(tmp_path):
    path = tmp_path / "logs.csv"
    linear().fit(X, Y, verbose=0, callbacks=callbacks.CSVLogger(path, separator=";"))
    linear().fit(X, Y, epochs=2, verbose=0, callbacks=callbacks.CSVLogger(path, separator=";", append=True))
    lines = [line.split(";") for line in path.read_text().splitlines()]
    assert lines[0] == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [line[0] for line in lines[1:]] == ["0", "0", "1"]
    assert lines[1][3:] == ["NA", "NA"]
    assert lines[1] == lines[2]


def test_training_ends_at_the_batch_that_is_no_number(capsys):
    model = linear()
    x = X.copy()
    x[9] = np.nan
    model.fit(x, Y, batch_size=8, epochs=3, shuffle=False, verbose=0, callbacks=callbacks.TerminateOnNaN())
    assert int(model.optimizer.iterations) == 2
    assert "Batch 1: Invalid loss" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="at batch 1"):
        linear().fit(x, Y, batch_size=8, shuffle=False, verbose=0, callbacks=callbacks.TerminateOnNaN(raise_error=True))


def test_a_progress_bar_of_ones_own_prints_once(capsys):
    linear().fit(X, Y, verbose=2, callbacks=callbacks.ProgbarLogger())
    assert capsys.readouterr().out.count("loss: ") == 1


def test_a_plot_needs_matplotlib(monkeypatch):
    history = linear().fit(X, Y, epochs=4, validation_split=0.2, validation_freq=2, verbose=0)
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"fastnn\[plot\]"):
        history.plot()
    with pytest.raises(ValueError, match="'los'"):
        history.plot("los")


def test_a_plot_shows_training_and_validation(monkeypatch):
    matplotlib = pytest.importorskip("matplotlib", reason="the plot extra (matplotlib) is not installed")
    matplotlib.use("Agg")
    history = linear().fit(X, Y, epochs=4, validation_split=0.2, validation_freq=2, verbose=0)
    figure = history.plot("mae")
    (axes,) = figure.axes
    drawn = [(list(line.get_xdata()), list(line.get_ydata()), line.get_label()) for line in axes.lines]
    logs = history.history
    assert drawn == [([1, 2, 3, 4], logs["mae"], "training"), ([2, 4], logs["val_mae"], "validation")]
    assert [a.get_title("left") for a in history.plot().axes] == ["loss", "mae"]
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert [a.get_title("left") for a in history.plot(["loss", "mae"]).axes] == ["loss", "mae"]


def test_a_plot_is_legible_and_leaves_no_figure_open():
    from matplotlib import pyplot

    history = callbacks.History()
    history.on_train_begin()
    for epoch in range(10, 13):
        history.on_epoch_end(epoch, dict.fromkeys(("loss", "a_$x^2$_metric_of_a_long_name", "b", "c"), 0.5))
    figure = history.plot()
    assert pyplot.get_fignums() == []
    assert all(axes.get_legend() is None for axes in figure.axes)
    figure.draw_without_rendering()
    for axes in figure.axes:
        assert all(tick == int(tick) for tick in axes.get_xticks())
        assert list(axes.lines[0].get_xdata()) == [11, 12, 13]
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
    history.on_train_begin()
    history.history.clear()
    history.on_epoch_end(0, {"loss": 0.5})
    (axes,) = history.plot().axes
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1]
    history.on_epoch_end(1, {"loss": 0.5, "b": 1.0, "c": 2.0})
    assert [len(history.plot("b").axes), len(history.plot("b", "c").axes)] == [1, 2]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: callbacks.EarlyStopping(mode="least"), "mode='least'"),
        (lambda: callbacks.EarlyStopping(patience=-1), "patience=-1"),
        (lambda: callbacks.EarlyStopping(patience="2"), "patience='2'"),
        (lambda: callbacks.EarlyStopping(start_from_epoch=1.5), "start_from_epoch=1.5"),
        (lambda: callbacks.EarlyStopping(min_delta="x"), "min_delta='x'"),
        (lambda: callbacks.EarlyStopping(baseline="x"), "baseline='x'"),
        (lambda: callbacks.EarlyStopping(monitor=3), "monitor=3"),
        (lambda: callbacks.ReduceLROnPlateau(factor=1.0), "factor=1.0"),
        (lambda: callbacks.ReduceLROnPlateau(cooldown=-1), "cooldown=-1"),
        (lambda: callbacks.ReduceLROnPlateau(min_lr=-1), "min_lr=-1"),
        (lambda: callbacks.ModelCheckpoint("model.txt"), "model.txt"),
        (lambda: callbacks.ModelCheckpoint("model.keras", save_weights_only=True), r"\.weights\.h5"),
        (lambda: callbacks.ModelCheckpoint("model.keras", save_freq="batch"), "save_freq='batch'"),
        (lambda: callbacks.ModelCheckpoint("model.keras", save_freq=0), "save_freq=0"),
        (lambda: callbacks.ModelCheckpoint("model.keras", initial_value_threshold="x"), "baseline='x'"),
        (lambda: callbacks.BackupAndRestore(""), "backup_dir"),
        (lambda: callbacks.BackupAndRestore("x", save_freq=True), "save_freq=True"),
        (lambda: callbacks.CSVLogger("x.csv", separator=", "), "separator=', '"),
        (lambda: callbacks.LearningRateScheduler(0.1), "schedule=0.1"),
        (lambda: linear().fit(X, Y, verbose=0, callbacks=callbacks.LearningRateScheduler(lambda e: "x")), "'x'"),
        (lambda: linear().fit(X, Y, verbose=0, callbacks=[[callbacks.History(), 3]]), "Received: 3"),
        (lambda: linear().fit(X, Y, verbose=0, callbacks=callbacks.EarlyStopping("foo")), r"They have: 'loss', 'mae'"),
        (lambda: callbacks.History().plot(), "an empty one"),
    ],
)
def test_bad_input_is_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_what_is_not_available_says_what_to_use():
    with pytest.raises(NotImplementedError, match="OrbaxCheckpoint is not available; ModelCheckpoint"):
        callbacks.OrbaxCheckpoint("anywhere")


def test_paths_that_cannot_be_written(tmp_path):
    with pytest.raises(KeyError, match="'val_loss'"):
        linear().fit(X, Y, verbose=0, callbacks=callbacks.ModelCheckpoint(tmp_path / "{val_loss}.keras"))
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(IsADirectoryError, match="folder"):
        linear().fit(X, Y, verbose=0, callbacks=callbacks.ModelCheckpoint(tmp_path / "folder.keras"))
    with pytest.raises(OSError, match="nowhere"):
        linear().fit(X, Y, verbose=0, callbacks=callbacks.CSVLogger(tmp_path / "nowhere" / "logs.csv"))
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        linear().fit(X, Y, verbose=0, callbacks=callbacks.ModelCheckpoint(tmp_path / "file" / "m.keras"))
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.keras"]


GOLDEN = dict(np.load(Path(__file__).parent / "golden" / "callbacks.npz"))
DECISIONS = decisions(callbacks)


@pytest.mark.parametrize("name", DECISIONS)
def test_decisions_are_those_of_keras(name):
    assert GOLDEN["version"].item().startswith("3.")
    np.testing.assert_allclose(DECISIONS[name], GOLDEN[name], rtol=1e-6)


def test_all_decisions_of_keras_are_compared():
    assert DECISIONS.keys() == GOLDEN.keys() - {"version"}
