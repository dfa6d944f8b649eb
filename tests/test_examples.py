"""Every script in examples/ runs with --quick, without a network, and learns what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
def test_an_example_is_short_and_says_where_it_comes_from(name):
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert text.count("\n") <= 100
    assert 'parser.add_argument("--quick"' in text


def test_what_is_expected_is_expected_of_examples_that_there_are():
    assert set(FOUND) | set(FAST) <= set(names())
