"""The race of whole training steps: medians over runs, aims that are missed, memory, and the README's table of it."""

import doctest
import json
import mmap
from dataclasses import replace

import pytest

from benchmarks import __main__ as command
from benchmarks import machine, memory, models, networks, peers, readme, report
from benchmarks.contest import Contest, Contestant
from benchmarks.worker import Server

BLOCK = 40_000_000


def run(mlp, torch, lstm=1.0, peak=1e9):
    """A run: our milliseconds on an MLP and an LSTM, and PyTorch's."""
    times = {"fastnn": [9.0, mlp], "PyTorch": [torch, 9.0], "Keras JAX": [8.0]}
    results = [
        report.Result("mlp", "batch 32, SGD", times, 10**9),
        report.Result("lstm", "batch 32, Adam", {"fastnn": [lstm], "PyTorch": [2.6]}, memory={"fastnn": 10**6}),
    ]
    described = {**machine.describe(2), "processor": "Made Up 9000", "load before": 0.0}
    return report.Report("peers", described, {"rounds": 2}, results, {"torch": "2"}, peaks={"FMA": peak})


def test_figures_are_medians_over_whole_runs():
    runs = [run(1.0, 2.5), run(2.0, 3.0, peak=2e9), run(4.0, 16.0)]
    row, other = peers.rows(runs)
    assert row.name == "mlp, batch 32, SGD"
    assert (row.seconds("fastnn"), row.seconds("PyTorch"), row.seconds("nobody")) == (2.0, 3.0, None)
    assert row.ratio == 2.0  # of 2.5, 1.5 and 2.0: in the last run Keras JAX was the fastest peer
    assert row.fastest_peer == "Keras JAX"
    assert row.share == 0.25  # of 1, 1/4 and 1/4
    assert (other.ratio, other.memory("fastnn"), other.memory("PyTorch"), other.share) == (2.6, 10**6, None, None)


def test_what_is_below_floor_and_goal_is_named():
    text = peers.table([run(1.5, 1.2, lstm=1.3)])
    assert "slower than PyTorch, below the floor of 2" in text
    assert "Below the floor: mlp, batch 32, SGD (0.80 of 2)." in text
    assert "Below the goal: mlp, batch 32, SGD (0.80 of 3), lstm, batch 32, Adam (2.00 of 2.5)." in text
    assert "1 of 2 networks slower than a peer." in text
    assert "Below the goal: none." in peers.table([run(0.5, 2.0)])


def test_every_network_has_a_floor_and_a_goal():
    raced = {(n["name"], n["batch"]) for n in networks.peer_networks(quick=False)}
    assert raced == set(peers.FLOORS_AND_GOALS)
    assert all(floor <= goal for floor, goal in peers.FLOORS_AND_GOALS.values())


def test_a_contestant_that_failed_in_one_run_leaves_the_others():
    whole, cut = run(1.0, 2.5), run(1.0, 2.5)
    cut.results[0].times.pop("fastnn")
    assert peers.rows([whole, cut])[0].ratio == 2.5
    assert peers.rows([cut])[0].ratio is None
    assert "mlp" in peers.table([cut])


class Greedy:
    """A contestant that takes a block of memory while it trains, and gives it back."""

    @staticmethod
    def prepare(task):
        return lambda: touch(task["bytes"]), 1


def touch(size):
    """Take new memory from the system, page by page: blocks of Python's may lie in what earlier tests have left."""
    with mmap.mmap(-1, size) as block:
        for start in range(0, size, mmap.PAGESIZE):
            block[start] = 1


def test_memory_counts_what_a_task_took_at_most_and_no_task_before():
    if memory.high_water() is None:
        pytest.skip("the system does not tell")
    server, sizes = Server(Greedy), []
    for size in (BLOCK, 2 * BLOCK, 1000):
        server.prepare({"bytes": size})
        sizes.append(server.memory())
    assert 0.8 * BLOCK < sizes[0] < 1.3 * BLOCK
    if memory.FORGET.exists():
        assert 1.8 * BLOCK < sizes[1] < 2.3 * BLOCK
    assert sizes[2] < 0.2 * BLOCK


def test_memory_of_a_contestant_that_failed_is_not_told():
    with Contest([Contestant("broken", "numpy_training")], threads=1) as contest:
        times = contest.race({"name": "nothing"}, 1, 0.001)
        assert (times, contest.memory(times)) == ({}, {})


def test_the_work_of_a_step_is_that_of_its_operations():
    products = 784 * 300 + 300 * 100 + 100 * 10
    least = 32 * 2 * (3 * products - 784 * 300)  # forward, weights' and inputs' gradients; the first has no inputs'
    assert least < models.flops(networks.mlp(32, 1)) < 1.1 * least


def test_runs_are_printed_and_filed_one_by_one(tmp_path, capsys):
    path = tmp_path / "runs.json"
    settings = ["--quick", "--rounds", "2", "--seconds", "0.01", "--json", str(path)]
    assert command.main(["peers", "xor", "--runs", "2", *settings]) == 0
    runs = report.read(path)
    assert [len(run.results[0].times["fastnn"]) for run in runs] == [2, 2]
    assert all(run.results[0].memory["fastnn"] > 0 for run in runs)
    assert all(0 < run.peaks["FMA"] < 1e14 for run in runs)
    assert all(0 < r.share < 1 for r in peers.rows(runs))
    printed = capsys.readouterr().out
    assert "Medians of 2 whole runs" in printed
    assert all(peers.table([run]) in printed for run in runs)


@pytest.mark.parametrize("wrong", ["0", "-1", "many"])
def test_a_number_of_runs_is_a_number(wrong, capsys):
    with pytest.raises(SystemExit):
        command.main(["peers", "--runs", wrong])
    assert "--runs" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_timed(tmp_path, capsys):
    assert command.main(["peers", "--json", str(tmp_path / "missing" / "runs.json")]) == 2
    assert "in a folder that exists" in capsys.readouterr().err


# ---------------------------------------------------------------- README


def test_the_readme_says_what_was_measured():
    text = readme.README.read_text(encoding="utf-8")
    runs = readme.runs_of_peers(readme.MEASURED)
    assert readme.replaced(text, readme.section(runs)) == text, "`python -m benchmarks table` was not run"
    made = text.partition(readme.BEGIN)[2].partition(readme.END)[0]
    for run in runs:
        assert run.machine["processor"] in made.replace("\n", " ")
    if not readme.warnings(runs):  # the warning says what is missing
        rows = peers.rows(runs)
        assert {(r.results[0].name, peers.batch_size(r.results[0])) for r in rows} == set(peers.FLOORS_AND_GOALS)


def test_measurements_say_where_they_were_made():
    for run in readme.runs_of_peers(readme.MEASURED):
        told = run.machine
        assert all(told[key] for key in ("processor", "processors", "threads", "system", "python", "date"))
        assert {"fastnn kernels", "torch", "keras", "jax", "tensorflow"} <= set(run.versions)
        assert (run.absent, run.failures) == ([], {})


def test_the_table_is_written_between_the_marks(tmp_path):
    measured, text = tmp_path / "mine.json", tmp_path / "README.md"
    report.write(measured, [run(1.5, 1.2)])
    text.write_text(f"before\n{readme.BEGIN}old\n{readme.END}after\n")
    readme.update(measured, text)
    first = text.read_text()
    assert first.startswith(f"before\n{readme.BEGIN}Milliseconds")
    assert first.endswith(f"{readme.END}after\n")
    assert "Made Up 9000" in first
    assert "old" not in first
    assert "Slower than a peer: mlp, batch 32, SGD (PyTorch: 0.80)." in first
    readme.update(measured, text)
    assert text.read_text() == first
    assert not list(tmp_path.glob("*.part"))


def test_figures_that_mean_little_are_preceded_by_a_warning():
    quiet, loud, partial = run(1.0, 3.0), run(1.0, 3.0), run(1.0, 3.0)
    loud.machine["load before"] = 9.0
    partial.settings["provisional"] = "one of two parts"
    assert "Provisional" not in readme.section([quiet])
    assert readme.section([quiet, loud]).startswith("**Provisional, to be measured again: others were at work")
    assert "one of two parts" in readme.section([partial]).splitlines()[0]


def test_a_text_without_marks_and_files_without_runs_are_refused(tmp_path, capsys):
    with pytest.raises(ValueError, match="Expected the lines '<!-- begin"):
        readme.replaced(f"text {readme.END}", "table")
    other = tmp_path / "ops.json"
    report.write(other, [replace(run(1.0, 1.0), kind="ops")])
    with pytest.raises(ValueError, match="Expected results of `python -m benchmarks peers`"):
        readme.runs_of_peers(other)
    assert command.main(["table", str(tmp_path / "missing.json")]) == 2
    assert "missing.json" in capsys.readouterr().err


def test_lists_of_numbers_take_one_line(tmp_path):
    path = tmp_path / "runs.json"
    report.write(path, [run(1.0, 2.0)])
    assert '"fastnn": [ 9.0, 1.0 ]' in path.read_text()
    assert json.loads(path.read_text())["reports"][0]["results"][0]["times"]["fastnn"] == [9.0, 1.0]


def test_examples():
    assert doctest.testmod(memory).failed == 0
