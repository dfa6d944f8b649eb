"""Every script in examples/ runs with --quick, without a network, and learns what it says."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn

EXAMPLES = Path(__file__).parents[1] / "examples"
FAST = ("backprop_by_hand", "logic_gates", "step_through")
FOUND = {  # what the last line must say: the name of a number and what it must reach
    "autoencoder": ("loss", "<", 0.4),
    "backprop_by_hand": ("difference", "<", 1e-12),
    "cifar10_plain": ("accuracy", ">", 0.8),
    "cifar10_residual": ("accuracy", ">", 0.8),
    "energy_two_outputs": ("loss", "<", 0.1),
    "ensemble_average": ("accuracy", ">", 0.95),
    "fashion_mlp": ("accuracy", ">", 0.9),
    "go_policy_value": ("accuracy", ">", 0.6),
    "gradient_tape_loop": ("accuracy", ">", 0.85),
    "imdb_multi_hot": ("accuracy", ">", 0.9),
    "inception_branches": ("accuracy", ">", 0.8),
    "iris_perceptron": ("accuracy", ">", 0.99),
    "lenet5": ("accuracy", ">", 0.9),
    "lstm_text": ("accuracy", ">", 0.9),
    "mnist_cnn": ("accuracy", ">", 0.85),
    "reuters_newswires": ("accuracy", ">", 0.85),
    "shared_embedding": ("accuracy", ">", 0.9),
    "siamese_contrastive": ("accuracy", ">", 0.8),
    "softmax_regression": ("accuracy", ">", 0.85),
    "ticket_router": ("accuracy", ">", 0.9),
    "traffic_signs": ("accuracy", ">", 0.9),
    "wide_and_deep": ("mae", "<", 0.6),
    "xor": ("loss", "<", 0.05),
}


def run(name, home):
    """The last line that an example prints, run away from its folder, where there is no data but what ships."""
    environment = {key: value for key, value in os.environ.items() if key != "FASTNN_DATA"}
    environment |= {"FASTNN_HOME": str(home), "PYTHONWARNINGS": "error", "PYTHONPATH": str(EXAMPLES.parent)}
    environment["FASTNN_NUM_THREADS"] = "1"  # several examples run at a time
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--quick"]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def check(name, home):
    """Run an example; what it found must be good enough where that is known."""
    line = run(name, home)
    if name in FOUND:
        word, sign, bound = FOUND[name]
        assert re.match(rf"{word} \d", line), line
        value = float(line.split()[1])
        assert value < bound if sign == "<" else value > bound, line
    if name == "step_through":
        assert line.endswith(": True")


def names():
    return sorted(path.stem for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", FAST)
def test_a_fast_example_runs(name, tmp_path):
    check(name, tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("name", sorted(set(names()) - set(FAST)))
def test_an_example_runs(name, tmp_path):
    check(name, tmp_path)


@pytest.mark.parametrize("name", names())
def test_an_example_is_short_and_says_what_it_is(name):
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert text.count("\n") <= 110
    assert re.match(r'"""[A-Z].{30,}\.(""")?\n', text)


def test_what_is_expected_is_expected_of_examples_that_there_are():
    assert set(FOUND) | set(FAST) <= set(names())


# ---------------------------------------------------------------- real data

ROWS = 60


def pictures(shape, labels):
    """Bytes of pictures and their labels, as Keras' loaders return them."""
    rng = np.random.default_rng(0)
    parts = [(rng.integers(0, 256, (ROWS, *shape)), rng.integers(0, 10, (ROWS, *labels))) for _ in range(2)]
    return tuple((x.astype("uint8"), y.astype("uint8")) for x, y in parts)


def texts(classes, words):
    """Lists of word numbers as an array of objects, and classes."""
    rng = np.random.default_rng(0)

    def part():
        x = np.empty(ROWS, object)
        x[:] = [[1, *rng.integers(2, words, rng.integers(3, 90)).tolist()] for _ in range(ROWS)]
        return x, rng.integers(0, classes, ROWS)

    return part(), part()


def tables(dtype, targets):
    """Rows of eight numbers, and what belongs to each."""
    rng = np.random.default_rng(0)
    parts = [(rng.uniform(1, 50, (ROWS, 8)), rng.uniform(1, 50, (ROWS, *targets))) for _ in range(2)]
    return tuple((x.astype(dtype), y.astype(dtype)) for x, y in parts)


LOADERS = {  # what stands for the sets that are downloaded: the shapes and types that Keras documents
    "mnist": lambda: pictures((28, 28), ()),
    "fashion_mnist": lambda: pictures((28, 28), ()),
    "cifar10": lambda: pictures((32, 32, 3), (1,)),
    "imdb": lambda num_words=None: texts(2, num_words),
    "reuters": lambda num_words=None: texts(46, num_words),
    "california_housing": lambda: tables("float32", ()),
    "energy_efficiency": lambda: tables("float64", (2,)),
}


def uses(name):
    """The downloaded sets that an example names."""
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    return [loader for loader in LOADERS if f"datasets.{loader}.load_data(" in text]


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in names() if uses(name) and not name.startswith("transfer")])
def test_an_example_takes_the_data_that_is_downloaded(name, monkeypatch, capsys):
    for loader in uses(name):
        monkeypatch.setattr(getattr(fastnn.datasets, loader), "load_data", LOADERS[loader])
    monkeypatch.setattr(sys, "argv", [name, "--epochs", "1"])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert re.search(r"(accuracy|loss|mae) \d", capsys.readouterr().out.splitlines()[-1])
