"""Benchmarks: the NumPy models compute what fastnn computes, runs end in tables and files, losses are named."""

import doctest
import json

import numpy as np
import pytest

import fastnn
from benchmarks import __main__ as command
from benchmarks import (
    data,
    environment,
    importing,
    keras_style,
    large_cases,
    networks,
    numpy_models,
    operations,
    report,
)
from benchmarks.contest import Contest, Contestant
from benchmarks.contestants import kernels, references
from fastnn.ops.table import OPS, Case, find

ODD = {
    "name": "odd",
    "input_shape": [11, 8, 2],
    "layers": [
        {"type": "Conv2D", "filters": 3, "kernel_size": [4, 3], "padding": "same", "activation": "relu"},
        {"type": "MaxPooling2D", "pool_size": [2, 3]},
        {"type": "Conv2D", "filters": 5, "kernel_size": [2, 1], "padding": "valid", "activation": "tanh"},
        {"type": "AveragePooling2D", "pool_size": [3, 1]},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10, "activation": "softmax"},
    ],
    "loss": "sparse_categorical_crossentropy",
    "optimizer": {"type": "SGD", "learning_rate": 0.1},
    "batch": 7,
    "batches": 3,
}


def agree(description, steps=3):
    """Train with fastnn and NumPy from the same weights and compare losses and what every weight moved by."""
    model = keras_style.build(fastnn, description)
    start = [w.copy() for w in model.get_weights()]
    network = numpy_models.Network(description, start)
    (x, y), batch = data.draw(description), description["batch"]
    for at in range(0, min(steps, description["batches"]) * batch, batch):
        theirs = network.step(x[at : at + batch], y[at : at + batch])
        assert model.train_on_batch(x[at : at + batch], y[at : at + batch]) == pytest.approx(theirs, rel=1e-4)
    limit = 2e-4 if description["optimizer"]["type"] == "SGD" else 5e-3  # Adam divides small gradients by themselves
    for ours, theirs, before in zip(model.get_weights(), network.weights, start, strict=True):
        moved = np.abs(ours - before).max()
        assert moved > 0
        np.testing.assert_allclose(ours - before, theirs - before, rtol=0, atol=limit * moved)


@pytest.mark.parametrize("description", networks.all_networks(quick=True), ids=lambda d: f"{d['name']}-{d['batch']}")
def test_numpy_models_train_like_fastnn(description):
    fastnn.utils.set_random_seed(3)
    agree(description)


@pytest.mark.parametrize("block", [numpy_models.BLOCK, 2000])
def test_numpy_models_on_odd_sizes(block, monkeypatch):
    monkeypatch.setattr(numpy_models, "BLOCK", block)  # one block of images, or several with a rest
    fastnn.utils.set_random_seed(4)
    agree(ODD)


def test_networks_from_presets_keep_the_architecture():
    xor, cnn = (d for d in networks.all_networks(quick=False) if d["name"] in ("xor", "mnist_cnn"))
    assert (len(networks.all_networks(quick=False)), xor["name"]) == (5, "xor")
    assert [layer["units"] for layer in xor["layers"]] == [8, 1]
    assert [layer.get("filters") for layer in cnn["layers"]][:2] == [32, 64]
    assert cnn["optimizer"] == {"type": "Adam", "learning_rate": 0.001}
    assert (xor["batch"], cnn["batch"]) == (1, 128)


WEIGHTS = {"autoenc": 178_001, "lstm": 100_106, "cifar_res": 96_426, "go": 561_378}  # PyTorch has as many


@pytest.mark.parametrize("name", WEIGHTS)
def test_networks_for_frameworks_alone_have_their_shapes_and_learn(name):
    task = next(d for d in json.loads(json.dumps(networks.peer_networks(quick=True))) if d["name"] == name)
    model, (x, y) = keras_style.build(fastnn, task), data.draw(task)
    assert sum(w.numpy().size for w in model.trainable_weights) == WEIGHTS[name]
    history = model.fit(x, y, task["batch"], epochs=2, verbose=0, shuffle=False).history
    assert np.isfinite(history["loss"]).all()
    assert history["loss"][1] < history["loss"][0]


def test_peers_race_without_numpys_own_code(capsys):
    assert command.main(["peers", "xor", "--quick", "--rounds", "1", "--seconds", "0.01"]) == 0
    table = capsys.readouterr().out
    assert "| xor" in table
    assert "NumPy ms" not in table


def test_ops_run_to_a_table_and_a_file(tmp_path, capsys):
    path = tmp_path / "results.json"
    assert command.main(["ops", "relu", "dense", "sgd", "--quick", "--rounds", "1", "--json", str(path)]) == 0
    (done,) = report.read(path)
    assert [r.name for r in done.results] == [
        "relu forward",
        "relu backward",
        "dense forward",
        "dense backward",
        "sgd forward",
    ]
    assert all(r.best("fastnn") > 0 and r.best("NumPy") > 0 for r in done.results)
    printed = capsys.readouterr().out
    assert report.table(done) in printed
    assert f"numpy {np.__version__}" in printed
    assert not list(tmp_path.glob("*.part"))


def test_unknown_names_are_refused(capsys):
    assert command.main(["ops", "rleu"]) == 2
    assert "relu" in capsys.readouterr().err
    assert command.main(["models", "mpl"]) == 2
    assert "'mlp'" in capsys.readouterr().err


CASES = {"dense": Case(((2, 3), (3, 4), (4,))), "relu": Case(((2, 3),))}


def some_report():
    results = [
        report.Result("fast", "1x1", {"fastnn": [2e-3, 1e-3], "NumPy": [3e-3], "PyTorch": [5e-3], "Keras": []}),
        report.Result("slow", "2x2", {"fastnn": [4e-3], "NumPy": [8e-3], "PyTorch": [2e-3]}, 8 * 10**6),
    ]
    machine = {"processor": "made up", "processors": 2, "load before": 0.1}
    missing, failed, peaks = ["Keras TF"], {"NumPy": "no"}, {"FMA": 4e9}
    return report.Report("models", machine, {"rounds": 2}, results, {"numpy": "2"}, missing, failed, peaks)


def test_results_survive_the_file(tmp_path):
    path = tmp_path / "results.json"
    report.write(path, [some_report()])
    assert report.read(path) == [some_report()]


@pytest.mark.parametrize("content", ["[]", '{"format": 99, "reports": []}'])
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="Expected a file of benchmark results"):
        report.read(path)


def test_losses_are_named_as_plainly_as_wins():
    fast, slow = some_report().results
    assert fast.ratio("PyTorch") == pytest.approx(5)
    assert (fast.verdict, slow.verdict) == ("", "slower than PyTorch")
    table = report.table(some_report())
    assert "1 of 2 rows ahead of everybody; 1 slower." in table
    assert "2 GFLOP/s |    50 %" in table
    assert "Not installed: Keras TF." in table
    assert "Failed: NumPy: no" in table


def test_a_busy_machine_is_mentioned():
    done = some_report()
    assert "quiet machine" not in report.table(done)
    done.machine["load before"] = 3.5
    assert "load 3.5 on 2 processors" in report.table(done)


def test_a_contestant_that_fails_or_ends_does_not_stop_the_others():
    task = next(operations.tasks(["relu"], quick=True)).request()
    broken = Contestant("broken", "numpy_training")
    missing = Contestant("missing", "no_such_module")
    with Contest([operations.CONTESTANTS[0], broken, missing], threads=1) as contest:
        times = contest.race(task, rounds=2, seconds=0.001)
    assert list(times) == ["fastnn"]
    assert len(times["fastnn"]) == 2
    assert set(contest.failures) == {"broken, relu forward", "missing, start"}
    assert "no_such_module" in contest.failures["missing, start"]


def test_absent_peers_are_listed():
    with Contest([Contestant("nobody", "numpy_training", ("no_such_package",), peer=True)], threads=1) as contest:
        assert contest.absent == ["nobody"]
        assert contest.race({"name": "nothing"}, 1, 0.001) == {}


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_every_operation_has_a_large_case(op):
    cases = large_cases.large_cases(op)
    assert all(large_cases.fits(op, case) for case in cases)
    biggest = max(map(large_cases.cells, cases))
    assert biggest >= 2**13 or max(map(large_cases.cells, op.cases)) <= 1
    assert json.loads(json.dumps(next(operations.tasks([op.name], quick=True)).request()))["op"] == op.name


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_every_kernel_runs_as_it_is_timed(op):
    for task in operations.tasks([op.name], quick=True):
        work, steps = kernels.prepare(task.request())
        work()
        assert steps == 1


def test_rates_are_of_multiply_adds_or_of_bytes():
    dense, relu = (operations.Task(find(name), case, True) for name, case in CASES.items())
    products, sums, cells = 2 * 3 * 4, 2 * 4, 2 * 3
    assert (dense.bound, dense.flops) == ("FMA", 2 * 2 * products + sums)
    assert (relu.bound, relu.bytes) == ("memory", 3 * 4 * cells)
    results = [report.Result("", "", {"fastnn": [0.5]}, t.flops, t.bytes, t.bound) for t in (dense, relu)]
    assert [r.rate for r in results] == [208, 144]
    assert [r.share({"FMA": 2080, "memory": 288}) for r in results] == [0.1, 0.5]
    assert results[0].share({}) is None


def test_peers_are_held_to_our_instruction_set():
    assert environment.caps({}) == {}
    assert environment.caps({"FASTNN_ISA": "avx2"})["ONEDNN_MAX_CPU_ISA"] == "AVX2"
    assert environment.caps({"FASTNN_ISA": "generic"})["OPENBLAS_CORETYPE"] == "Prescott"
    with pytest.raises(ValueError, match="Received: 'sse9'"):
        environment.caps({"FASTNN_ISA": "sse9"})


@pytest.mark.parametrize("module", [environment, large_cases])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def test_references_write_all_their_numbers():
    (task,) = (t for t in operations.tasks(["global_average_pool2d"], quick=True) if t.backward)
    work, steps = references.prepare(task.request())
    (dx,) = work()
    assert steps == 1
    assert 0 not in dx.strides
    assert dx.shape == task.case.shapes[0]


@pytest.mark.parametrize(("limit", "code"), [(1000.0, 0), (0.01, 1)])
def test_an_import_beyond_its_limit_is_a_failure(limit, code, monkeypatch, capsys):
    monkeypatch.setattr(importing, "LIMIT", limit)
    assert command.main(["import", "--rounds", "1"]) == code
    assert ("Failed: fastnn: expected at most 0.01 times" in capsys.readouterr().out) == bool(code)
