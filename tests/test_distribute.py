"""Training by several processes: real ones, started by mpiexec, each with a part of every batch."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import layers
from fastnn.distribute import DataParallel
from fastnn.models.sharing import Team

ROOT = Path(__file__).parents[1]
PLACES = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
MPIEXEC = shutil.which("mpiexec", path=PLACES)
QUIET = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_mpi_yield_when_idle": "1",  # processes that wait leave the processors to others
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}
needs_mpi = pytest.mark.skipif(MPIEXEC is None, reason="mpiexec is not installed")


def start(case, folder, processes=2, *more):
    """The finished run of a case of `tests.distributed`."""
    command = [MPIEXEC, "-n", str(processes), sys.executable, "-m", "tests.distributed", case, str(folder), *more]
    environment = {**os.environ, **QUIET}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, env=environment, check=False)


def result(run):
    """What the first process printed."""
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@needs_mpi
@pytest.mark.parametrize(
    "processes", [2, *(pytest.param(n, marks=pytest.mark.full) for n in (1, 3, 4, 7))]
)  # 50 rows for 4 and 7 are uneven
def test_together_is_what_one_process_does_alone(tmp_path, processes):
    found = result(start("equal", tmp_path, processes))
    assert found.pop("listed") == 11  # gradients of 7 variables; mean and variance, in the batch and remembered
    assert found.pop("accuracy") == found.pop("val_accuracy") == 0
    assert max(found.values()) < 2e-6, found


@needs_mpi
@pytest.mark.full
@pytest.mark.parametrize("processes", [2, 3])
def test_masked_steps_are_left_out_of_the_whole_batch_s_statistics_and_losses(tmp_path, processes):
    found = result(start("masked", tmp_path, processes))
    assert found.pop("share") < 0.9, "some steps are masked"
    assert np.max(list(found.values())) < 3e-6, found


@needs_mpi
@pytest.mark.full
def test_models_whose_batch_is_more_than_its_parts_are_refused(tmp_path):
    found = result(start("no_mean", tmp_path, 2))
    assert found.pop("fine") == [["nothing", "nothing"]] * 2
    for told in found.values():
        assert told[0] == told[1]
        for message in told[0]:
            assert message.startswith("Expected a model of which the parts of a batch give what the whole batch does")


@needs_mpi
@pytest.mark.full
@pytest.mark.parametrize("processes", [2, 3])
def test_callbacks_of_one_process_change_all(tmp_path, processes):
    run = start("callbacks", tmp_path, processes)
    found = result(run)
    assert found["evaluated"] == [3, True]
    assert found["stopped"] == [1, True]
    assert found["slower"] == [3, True]
    assert found["restored"] == [2, True]
    assert found["rate"] < 0.01
    assert len(found["scores"]) == 3
    assert np.abs(found["scores"]).max() < 1e-5
    assert run.stdout.count(": early stopping") == 2, "once for each that was printed, by the first process"


@needs_mpi
@pytest.mark.full
@pytest.mark.parametrize("processes", [2, 4])
def test_the_first_process_s_weights_and_seeds_count(tmp_path, processes):
    assert result(start("first", tmp_path, processes))["weights"] < 2e-6


@needs_mpi
@pytest.mark.parametrize("processes", [2, pytest.param(4, marks=pytest.mark.full)])
def test_states_are_the_same_everywhere_and_files_are_written_once(tmp_path, processes):
    run = start("states", tmp_path, processes)
    found = result(run)
    assert found["same"]
    assert found["epochs"] == 2, "EarlyStopping ends all"
    assert found["batches"] == 6
    assert found["files"] == ["1-2.keras", "2-1.keras", "2-3.keras", "log.csv", "whole.keras"]
    assert run.stdout.count("Epoch 2/5") == 1
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3


@needs_mpi
@pytest.mark.full
def test_a_run_that_was_backed_up_goes_on_in_all_processes(tmp_path):
    found = result(start("restored", tmp_path))
    assert found["epochs"] == [2, 3]
    assert found["weights"] < 2e-6


@needs_mpi
@pytest.mark.full
def test_errors_before_training_are_errors_in_every_process(tmp_path):
    found = result(start("refused", tmp_path))
    assert all("expected the same in all processes" in message for message in found["data"])
    assert all("batch_size" in message for message in found["settings"])
    assert found["length"][0].startswith("DistributionError: expected all processes to begin, received from process 1")
    assert found["length"][1].startswith("ValueError: Expected the same number of samples")
    assert all("expected the same in all processes" in message for message in found["validation"] + found["weights"])
    assert all("TypeError: DataParallel.fit()" in m and "'epochs'?" in m for m in found["unknown"])
    assert all("batch_size=0" in message for message in found["size"])
    assert all("epochs" in message for message in found["epochs"])
    assert all("Expected x as arrays" in message for message in found["generator"])
    assert all("reduction='sum'" in message for message in found["sum"])
    assert all("Error" in message for message in found["save"])


@needs_mpi
@pytest.mark.parametrize(
    "how", ["error", *(pytest.param(how, marks=pytest.mark.full) for how in ("kill", "exit", "early"))]
)
def test_a_process_that_dies_ends_the_run_and_leaves_a_whole_checkpoint(tmp_path, how):
    run = start("dying", tmp_path, 2, how)
    assert run.returncode != 0
    if how in ("error", "early"):
        assert "ZeroDivisionError" in run.stderr or "before training" in run.stderr
        assert "process 1 of 2 failed; all end" in run.stderr
    if how != "early":
        loaded = fastnn.models.load_model(tmp_path / "model.keras")
        assert loaded.optimizer.iterations.numpy() >= 3 * 2  # whole epochs of two batches


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("whole", [1, 2, 5, 32, 33])
def test_parts_are_the_whole(size, whole):
    parts = [Team(size, rank).part(whole) for rank in range(size)]
    rows = [row for part in parts for row in range(part.first, part.first + part.rows)]
    assert rows == list(range(whole))
    assert sum(part.share for part in parts) == pytest.approx(1)
    assert all(part.size >= 1 for part in parts)


def test_what_is_no_compiled_model_is_refused():
    with pytest.raises(ValueError, match="Expected a compiled model"):
        DataParallel(fastnn.Sequential([layers.Dense(1)]))


def test_without_mpi4py_the_extra_is_named(monkeypatch):
    model = fastnn.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.delitem(sys.modules, "mpi4py.MPI", raising=False)
    with pytest.raises(ImportError, match=r"fastnn\[mpi\]"):
        DataParallel(model)
