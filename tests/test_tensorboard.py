"""TensorBoard reads what the callback writes."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlencode

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, callbacks, layers
from fastnn.callbacks.event_file import as_picture, buckets

RNG = np.random.default_rng(5)
IMAGES = RNG.normal(size=(24, 6, 6, 1)).astype("float32")
WORDS = RNG.integers(0, 10, (24, 4))
Y = IMAGES.sum((1, 2, 3))[:, None]
SHARED = "head"


def model(optimizer="adam"):
    x, words = Input((6, 6, 1), name="picture"), Input((4,), dtype="int32", name="text")
    head = Sequential([Input((64,)), layers.Dense(5, "relu", name="wide"), layers.Dense(3, name="thin")], name=SHARED)
    flat = layers.Flatten(name="flat")(layers.Conv2D(4, 3, activation="relu", name="conv")(x))
    mean = layers.GlobalAveragePooling1D(name="mean")(layers.Embedding(10, 3, name="words")(words))
    both = Model([x, words], layers.Dense(1, name="out")(layers.Add(name="add")([head(flat), mean])))
    both.compile(optimizer, "mse", metrics=["mae"])
    return both


def train(folder, epochs=2, **arguments):
    """Train a small network of two inputs with the callback; returns the history and the model."""
    network = model()
    board = callbacks.TensorBoard(folder, **arguments)
    data = ([IMAGES, WORDS], Y)
    history = network.fit(*data, batch_size=8, epochs=epochs, validation_data=data, verbose=0, callbacks=[board])
    return history, network


def read(folder):
    """All of a run's events, as TensorBoard reads them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    return found


def values(events, tag):
    """Steps and values of a tag."""
    from tensorboard.util.tensor_util import make_ndarray

    found = [(e.step, make_ndarray(e.tensor_proto)) for e in events.Tensors(tag)]
    return [step for step, _ in found], [value for _, value in found]


def test_losses_and_metrics_of_training_and_validation(tmp_path):
    history, _ = train(tmp_path, write_steps_per_second=True)
    for run, prefix in (("train", ""), ("validation", "val_")):
        events = read(tmp_path / run)
        for name in ("loss", "mae"):
            steps, found = values(events, f"epoch_{name}")
            assert steps == [0, 1]
            assert np.allclose(found, history.history[prefix + name], rtol=1e-6)
    train_events, check = read(tmp_path / "train"), read(tmp_path / "validation")
    assert np.allclose(values(train_events, "epoch_learning_rate")[1], [0.001, 0.001])
    assert min(values(train_events, "epoch_steps_per_second")[1]) > 0
    assert values(check, "evaluation_loss_vs_iterations")[0] == [3, 6]
    assert not any(tag.startswith("batch") or tag.endswith("histogram") for tag in train_events.Tags()["tensors"])


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", [1, 2, 3, 4, 5, 6]), (4, [4])])
def test_losses_within_an_epoch(tmp_path, update_freq, steps):
    train(tmp_path, update_freq=update_freq)
    events = read(tmp_path / "train")
    assert values(events, "batch_loss")[0] == values(events, "batch_mae")[0] == steps


def test_fit_runs_whole_epochs_in_one_call_unless_batches_are_written(tmp_path):
    def wants(freq):
        board = callbacks.TensorBoard(tmp_path, update_freq=freq)
        return callbacks.CallbackList([board]).wants("on_train_batch_begin", "on_train_batch_end")

    assert [wants("epoch"), wants("batch"), wants(10)] == [False, True, True]


def test_histograms_count_all_weights(tmp_path):
    _, network = train(tmp_path, epochs=3, histogram_freq=2)
    events = read(tmp_path / "train")
    steps, found = values(events, "head/wide/kernel/histogram")
    assert steps == [0, 2]
    kernel = network.get_layer(SHARED).get_layer("wide").get_weights()[0]
    assert found[-1][:, 2].sum() == kernel.size
    assert np.allclose([found[-1][0, 0], found[-1][-1, 1]], [kernel.min(), kernel.max()])
    tags = [tag for tag in events.Tags()["tensors"] if tag.endswith("/histogram")]
    assert len(tags) == len(network.weights)


def test_weights_as_pictures(tmp_path):
    import io

    from PIL import Image

    _, network = train(tmp_path, epochs=1, histogram_freq=1, write_images=True)
    _, ((width, height, coded),) = values(read(tmp_path / "train"), "conv/kernel/image")
    picture = np.asarray(Image.open(io.BytesIO(coded)))
    kernel = network.get_layer("conv").get_weights()[0]
    assert (int(height), int(width)) == picture.shape == (3, 4 * 4 - 1)
    assert picture.max() == 255
    darkest = np.unravel_index(kernel.argmin(), kernel.shape)
    assert picture[darkest[0], 4 * darkest[3] + darkest[1]] == 0


def test_pictures_of_any_weight_are_small():
    shapes = [(5,), (4, 9), (9, 4), (3, 4, 6), (3, 3, 4, 6), (3, 3, 260, 300), (1, 100000), (2, 2, 2, 2, 2), (0, 3)]
    found = [as_picture(np.random.default_rng(0).normal(size=shape)) for shape in shapes]
    assert [None if p is None else p.shape for p in found] == [
        (1, 5), (4, 9), (4, 9), (7, 23), (15, 23), (1023, 1023), (1, 1024), None, None,
    ]  # fmt: skip


@pytest.mark.filterwarnings("error")
def test_weights_that_are_not_finite_leave_a_histogram_and_a_picture():
    bad = np.array([np.nan, np.inf, -np.inf, 1.0, 3.0], "float32")
    assert buckets(bad)[:, 2].sum() == 2
    assert buckets(np.full(3, np.nan)).sum() == 0
    assert buckets(np.array([-3e38, 3e38], "float32"))[:, 2].tolist() == [1, *[0] * 28, 1]
    assert as_picture(bad).tolist() == [[0, 0, 0, 85, 255]]


def test_the_graph_of_layers(tmp_path):
    train(tmp_path, epochs=1)
    nodes = {node.name: node for node in read(tmp_path / "train").Graph().node}
    assert list(nodes["head/wide"].input) == ["flat"]
    assert sorted(nodes["add"].input) == ["head/thin", "mean"]
    assert nodes["conv"].op == "Conv2D"
    assert [d.size for d in nodes["conv"].attr["_output_shapes"].list.shape[0].dim] == [-1, 4, 4, 4]


def test_a_model_of_its_own_call_is_one_node(tmp_path):
    class Own(Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    own = Own()
    own.compile("sgd", "mse")
    own.fit(WORDS.astype("float32"), Y, verbose=0, callbacks=[callbacks.TensorBoard(tmp_path, histogram_freq=1)])
    events = read(tmp_path / "train")
    assert events.Tags()["graph"]
    assert any(tag.endswith("kernel/histogram") for tag in events.Tags()["tensors"])


def test_a_layer_that_cannot_be_written_costs_the_conceptual_graph_only(tmp_path):
    class Closed(layers.Layer):
        def call(self, x):
            return x * 2.0

        def get_config(self):
            raise NotImplementedError("no configuration")

    closed = Sequential([Input((4,)), Closed(name="closed"), layers.Dense(1)])
    closed.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="conceptual graph.*no configuration"):
        closed.fit(WORDS.astype("float32"), Y, verbose=0, callbacks=[callbacks.TensorBoard(tmp_path)])
    events = read(tmp_path / "train")
    assert "keras" not in events.Tags()["tensors"]
    assert "closed" in [node.name for node in events.Graph().node]


def test_evaluate_alone_writes_against_iterations(tmp_path):
    network = model()
    network.evaluate([IMAGES, WORDS], Y, verbose=0, callbacks=[callbacks.TensorBoard(tmp_path)])
    assert values(read(tmp_path / "validation"), "evaluation_loss_vs_iterations")[0] == [0]
    assert not (tmp_path / "train").exists()


def test_tables_for_the_projector(tmp_path):
    (tmp_path / "labels.tsv").write_text("\n".join("abcdefghij"))
    _, network = train(tmp_path, epochs=1, embeddings_freq=1, embeddings_metadata={"words": "labels.tsv"})
    from google.protobuf import text_format
    from tensorboard.plugins.projector import ProjectorConfig

    config = text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), ProjectorConfig())
    (entry,) = config.embeddings
    assert entry.metadata_path == "labels.tsv"
    table = np.loadtxt(tmp_path / entry.tensor_path)
    assert np.allclose(table, network.get_layer("words").get_weights()[0], rtol=1e-5)


def test_wrong_arguments_are_refused(tmp_path):
    for arguments in ({"update_freq": 0}, {"update_freq": "epochs"}, {"histogram_freq": -1}, {"embeddings_freq": 0.5}):
        with pytest.raises(ValueError, match=f"{next(iter(arguments))}.*Received"):
            callbacks.TensorBoard(tmp_path, **arguments)
    with pytest.raises(ValueError, match=r"Expected log_dir .*\. Received: log_dir=3"):
        callbacks.TensorBoard(3)
    with pytest.raises(ValueError, match=r"Expected embeddings_metadata.*'words'.*Received: \['word'\]"):
        train(tmp_path, embeddings_freq=1, embeddings_metadata={"word": "labels.tsv"})
    with pytest.warns(UserWarning, match="profile_batch=2.* is ignored"):
        callbacks.TensorBoard(tmp_path, profile_batch=2)


def test_arguments_of_old_are_passed_over(tmp_path):
    with pytest.warns(DeprecationWarning, match="write_grads"):
        callbacks.TensorBoard(tmp_path, write_grads=True)
    with pytest.raises(TypeError, match="write_grades"):
        callbacks.TensorBoard(tmp_path, write_grades=True)


def test_without_the_package_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboard.summary", None)
    with pytest.raises(ImportError, match=r'TensorBoard needs tensorboard: pip install "fastnn\[tensorboard\]"'):
        callbacks.TensorBoard(tmp_path)


def test_training_is_the_same_with_it(tmp_path):
    with_it = train(tmp_path, histogram_freq=1)[1].get_weights()
    fastnn.utils.set_random_seed(1)
    without = model()
    without.fit([IMAGES, WORDS], Y, batch_size=8, epochs=2, verbose=0)
    fastnn.utils.set_random_seed(1)
    again = train(tmp_path / "again", histogram_freq=1)[1].get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(again, without.get_weights(), strict=True))
    assert len(with_it) == len(again)


# ---------------------------------------------------------------- the server


@pytest.fixture
def server(tmp_path):
    """TensorBoard itself on a free port; gives a function that asks it."""
    train(tmp_path, histogram_freq=1, write_images=True, embeddings_freq=1)
    command = [
        sys.executable,
        "-m",
        "tensorboard.main",
        "--logdir",
        str(tmp_path),
        "--port",
        "0",
        "--host",
        "127.0.0.1",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if found := re.search(r"at (http://[\w.:]+)/", line):
                break
        else:
            pytest.fail("".join(lines))

        def ask(path, **query):
            words = f"?{urlencode(query)}" if query else ""
            with urllib.request.urlopen(f"{found[1]}/data/plugin/{path}{words}", timeout=60) as answer:
                return answer.read()

        for _ in range(100):  # it reads the files in its own time
            if len(json.loads(ask("scalars/tags"))) == 2:
                break
            time.sleep(0.2)
        yield ask
        process.terminate()


@pytest.mark.full
def test_the_server_tells_what_was_written(server):
    assert set(json.loads(server("scalars/tags"))) == {"train", "validation"}
    points = json.loads(server("scalars/scalars", run="validation", tag="epoch_loss"))
    assert [step for _, step, _ in points] == [0, 1]
    histogram = json.loads(server("histograms/histograms", run="train", tag="conv/kernel/histogram"))
    assert sum(count for _, _, count in histogram[0][2]) == 3 * 3 * 4
    pictures = json.loads(server("images/images", run="train", tag="conv/kernel/image", sample=0))
    assert server(f"images/individualImage?{pictures[0]['query']}").startswith(b"\x89PNG")
    info = json.loads(server("graphs/info"))["train"]
    assert info["run_graph"]
    assert info["tags"]["keras"]["conceptual_graph"]
    graph = server("graphs/graph", run="train", limit_attr_size=1024, large_attrs_key="_too_large_attrs").decode()
    assert 'name: "head/wide"' in graph
    assert 'name: "functional' in server("graphs/graph", run="train", tag="keras", conceptual="true").decode()
    assert json.loads(server("projector/info", run="."))["embeddings"][0]["tensorShape"] == [10, 3]
