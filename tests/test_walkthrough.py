"""The by-hand examples: every number that a student would write down, printed to its digits."""

import subprocess
import sys
from functools import lru_cache

import numpy as np
import pytest

import fastnn
from fastnn import presets
from fastnn.engine.stepper import Stepper
from fastnn.walkthrough import walkthrough

BY_HAND = """
hidden.dense[0, 0] 0.377500000
hidden.sigmoid[0, 0] 0.593269992
hidden.sigmoid[0, 1] 0.596884378
output.dense[0, 0] 1.105905967
output.sigmoid[0, 0] 0.751365070
output.sigmoid[0, 1] 0.772928465
half_squared_error[0] 0.298371109
output.sigmoid.grad[0, 0] 0.741365070
output.kernel.grad[0, 0] 0.082167041
output.kernel[0, 0] 0.358916480
output.kernel[1, 0] 0.408666186
output.kernel[0, 1] 0.511301270
output.kernel[1, 1] 0.561370121
hidden.sigmoid.grad[0, 0] 0.036350306
hidden.kernel.grad[0, 0] 0.000438568
hidden.kernel[0, 0] 0.149780716
hidden.kernel[1, 0] 0.199561432
hidden.kernel[0, 1] 0.249751144
hidden.kernel[1, 1] 0.299502287
"""


@lru_cache(maxsize=1)
def lines_of(name):
    """What the walkthrough of a preset prints."""
    return list(walkthrough(presets.get(name)))


@pytest.fixture
def printed():
    return lines_of("worked-example")


@pytest.mark.parametrize("line", BY_HAND.strip().splitlines())
def test_every_number_of_the_example_is_printed(printed, line):
    name, _, value = line.rpartition(" ")
    starts = [i for i, text in enumerate(printed) if text.strip().startswith(f"{name} = ")]
    assert any(value in "\n".join(printed[i : i + 3]) for i in starts)


def test_so_are_its_parts_and_the_loss_after_training(printed):
    text = "\n".join(printed)
    for number in ("0.274811083", "0.023560026", "0.186815602", "0.055399425", "-0.019049118", "0.241300709"):
        assert number in text
    assert "loss after 1 updates: 0.291027774" in text
    assert "loss after 10000 updates: 3.51018" in text
    assert "0.0159136" in text
    assert "0.98406427" in text


def test_so_is_what_trained_biases_would_change(printed):
    text = "\n".join(printed)
    assert "with a trained bias for every neuron: loss after 1 update: 0.280471447" in text
    assert "with one trained bias per layer: loss after 1 update: 0.285750887" in text


def test_the_linear_example():
    preset = presets.get("linear-example")
    s = Stepper(preset.build(), *preset.data())
    s.finish_step()
    expected = {"hidden.dense": 4, "output.dense": 16, "squared_error": 121, "output.dense.grad": 22}
    expected |= {"output.kernel.grad": 88, "output.bias.grad": 22, "hidden.kernel.grad": 132, "hidden.bias.grad": 66}
    expected |= {"output.kernel": 2.12, "output.bias": 3.78, "hidden.kernel": -0.32, "hidden.bias": 1.34}
    for name, value in expected.items():
        np.testing.assert_allclose(s.value(name), value, rtol=1e-12, err_msg=name)


def test_the_two_layer_relu_network():
    w1 = [[0.1, 0.2, 0.4], [0.4, 0.6, 0.6], [0.5, 0.9, 0.1], [0.8, 0.2, 0.8]]
    w2 = [[0.1, 0.6], [0.2, 0.1], [0.7, 0.9]]
    model = fastnn.Sequential(
        [
            fastnn.layers.Input((4,)),
            fastnn.layers.Dense(3, activation="relu", use_bias=False),
            fastnn.layers.Dense(2, use_bias=False),
        ]
    )
    model.set_weights([w1, w2])
    logits = model.predict([[1, 2, 3, 4], [-1, -2, -3, -4], [11, 12, 13, 14]], verbose=0)
    np.testing.assert_allclose(logits, [[5.11, 8.44], [0, 0], [24.01, 38.24]], rtol=1e-6)


def test_the_command_prints_it():
    run = subprocess.run(
        [sys.executable, "-m", "fastnn", "walkthrough", "linear-example"], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert "squared_error[0] = " in run.stdout
    unknown = subprocess.run(
        [sys.executable, "-m", "fastnn", "walkthrough", "worked"], capture_output=True, text=True, timeout=120
    )
    assert unknown.returncode == 2
    assert "worked-example" in unknown.stderr
    assert "Traceback" not in unknown.stderr


LONG = ("cifar-residual", "cifar-plain", "wide-and-deep", "autoencoder", "lenet5", "go-policy-value")  # to print


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.full] * (n in LONG)) for n in presets.PRESETS if n != "mnist-cnn"]
)
def test_every_preset_has_a_walkthrough(name):
    lines = lines_of(name)
    assert sum(" backward " in line for line in lines) >= 2
