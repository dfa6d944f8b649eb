"""Initializers, regularizers and activations: their numbers and their names."""

import numpy as np
import pytest

from fastnn import activations, config, initializers, ops, regularizers


@pytest.mark.parametrize("name", list(initializers.KNOWN))
def test_the_same_seed_gives_the_same_numbers(name):
    config.set_random_seed(3)
    first = initializers.get(name)((6, 4))
    config.set_random_seed(3)
    assert np.array_equal(first, initializers.get(name)((6, 4)))
    assert first.dtype == np.float32
    assert first.shape == (6, 4)


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / 500),
        ("glorot_normal", 2 / 500),
        ("he_uniform", 2 / 300),
        ("he_normal", 2 / 300),
        ("lecun_uniform", 1 / 300),
        ("lecun_normal", 1 / 300),
    ],
)
def test_variances(name, variance):
    w = initializers.get(name)((300, 200), dtype="float64")
    assert abs(w.mean()) < 3 * np.sqrt(variance / w.size) + 1e-4
    assert abs(w.var() / variance - 1) < 0.03


def test_bounds():
    assert np.abs(initializers.GlorotUniform(seed=1)((3, 3, 2, 4))).max() <= np.sqrt(6 / (9 * 6))
    assert np.abs(initializers.TruncatedNormal(stddev=0.1, seed=1)((4000,))).max() <= 0.2
    assert initializers.Constant([1.0, 2.0])((2,)).tolist() == [1, 2]
    with pytest.raises(ValueError, match="shape"):
        initializers.Constant([1.0, 2.0])((3,))


def test_regularizers_by_hand():
    x = np.array([[1.0, -2.0]])
    assert float(regularizers.get("l1")(x)) == pytest.approx(0.03)
    assert float(regularizers.get("l2")(x)) == pytest.approx(0.05)
    assert float(regularizers.l1_l2(0.1, 0.2)(x)) == pytest.approx(1.3)
    assert float(regularizers.L1L2()(x)) == 0
    with pytest.raises(ValueError, match="0 or larger"):
        regularizers.L2(-1.0)


def test_activations_are_operations():
    assert activations.get("tanh") is ops.tanh
    assert activations.get(ops.relu) is ops.relu
    assert activations.serialize(activations.get("step")) == "heaviside"
    with pytest.raises(ValueError, match="did you mean 'softmax'"):
        activations.get("softmx")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("glorot_uniform", "U(-0.2236, 0.2236), limit = sqrt(6 / (fan_in + fan_out)) = sqrt(6 / (40 + 80)) = 0.2236"),
        ("he_uniform", "limit = sqrt(6 / fan_in) = sqrt(6 / 40)"),
        ("lecun_uniform", "limit = sqrt(3 / fan_in)"),
        ("glorot_normal", "deviation = sqrt(2 / (fan_in + fan_out)) = sqrt(2 / (40 + 80)) = 0.1291"),
        ("he_normal", "cut at two deviations of what was drawn, deviation = sqrt(2 / fan_in)"),
        ("random_normal", "drawn from N(0, 0.05"),
        ("random_uniform", "drawn from U(-0.05, 0.05)"),
        ("zeros", "all zeros"),
        ("orthogonal", "orthogonal columns"),
    ],
)
def test_a_rule_is_told_with_its_numbers_and_they_are_true(name, text):
    rule = initializers.get(name)
    said = rule.describe((40, 80))
    assert text in said
    values = rule((40, 80))
    if "limit = " in said:
        limit = float(said.rpartition(" = ")[2])
        assert 0.98 * limit < np.abs(values).max() <= 1.001 * limit
    if "deviation = " in said:
        assert values.std() == pytest.approx(float(said.rpartition(" = ")[2]), rel=0.05)
