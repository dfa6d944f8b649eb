"""Built-in data sets."""

import os
from pathlib import Path

import numpy as np
import pytest

from fastnn.datasets import cars, circles, digits, gates, gifts, iris, mnist, moons, spiral, xor
from fastnn.datasets.download import cache_folder


def test_iris_is_fishers_table():
    x, y = iris.load_data()
    assert (x.shape, x.dtype, y.dtype) == ((150, 4), np.float32, np.int64)
    assert np.bincount(y).tolist() == [50, 50, 50]
    np.testing.assert_allclose(x.mean(0), [5.843333, 3.057333, 3.758, 1.199333], rtol=1e-6)
    np.testing.assert_allclose(x[34], [4.9, 3.1, 1.5, 0.2], rtol=1e-6)  # one of two rows that UCI's copy has wrong
    np.testing.assert_allclose(x[37], [4.9, 3.6, 1.4, 0.1], rtol=1e-6)


def test_digits_are_whole_and_split_by_every_fifth_row():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert x_train.shape == (1438, 8, 8)
    assert x_test.shape == (359, 8, 8)
    assert x_train.dtype == x_test.dtype == np.uint8
    assert y_train[:8].tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    assert y_test[:4].tolist() == [4, 9, 4, 9]
    assert np.bincount(y_train).min() >= 120
    assert np.bincount(y_test).min() >= 20
    assert x_train[0].tolist()[0] == [0, 0, 5, 13, 9, 1, 0, 0]
    assert x_train.max() == x_test.max() == 16
    assert int(x_train.sum()) + int(x_test.sum()) == 561718


def test_digits_can_be_told_apart_by_their_nearest_neighbour():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    a, b = x_train.reshape(len(x_train), -1).astype(float), x_test.reshape(len(x_test), -1).astype(float)
    nearest = ((b[:, None] - a[None]) ** 2).sum(-1).argmin(1)
    assert (y_train[nearest] == y_test).mean() > 0.95


@pytest.mark.parametrize(
    ("gate", "rule"),
    [
        ("a", lambda a, b: a),
        ("and", lambda a, b: a and b),
        ("or", lambda a, b: a or b),
        ("a_and_not_b", lambda a, b: a and not b),
        ("nand", lambda a, b: not (a and b)),
        ("xor", lambda a, b: a != b),
    ],
)
def test_gates_follow_their_rule(gate, rule):
    x, y = gates.load_data(gate)
    assert [bool(rule(*row)) for row in x.astype(bool).tolist()] == y.astype(bool).tolist()
    assert x.dtype == np.float32


def test_unknown_gate_is_refused_by_name():
    with pytest.raises(ValueError, match=r"expected a gate of .*'xor'.*received 'nor'"):
        gates.load_data("nor")


def test_xor_is_the_gate():
    np.testing.assert_array_equal(xor.load_data()[1], gates.load_data("xor")[1])


def test_gift_table_has_the_known_probabilities():
    outcomes, p = gifts.load_data()
    np.testing.assert_allclose(p, [0.056, 0.504, 0.024, 0.014, 0.216, 0.126, 0.006, 0.054], rtol=1e-5)
    assert outcomes[0].tolist() == [1, 1, 1]
    assert outcomes[-1].tolist() == [0, 0, 0]
    np.testing.assert_allclose(-np.log(p[[1, 6]]), [0.69, 5.12], atol=0.005)


def test_car_table_follows_its_formulas():
    p, losses = cars.load_data()
    np.testing.assert_allclose(losses[:, 0], -np.log10(p), atol=0.0051)
    np.testing.assert_allclose(losses[:, 1], 2 * (1 - p) ** 2, atol=1e-6)


@pytest.mark.parametrize(("maker", "classes"), [(circles, 2), (moons, 2), (spiral, 3)])
def test_points_have_balanced_classes_in_turn_and_depend_on_the_seed_only(maker, classes):
    x, y = maker.load_data(samples=100, seed=3)
    again, _ = maker.load_data(samples=100, seed=3)
    other, _ = maker.load_data(samples=100, seed=4)
    assert (x.shape, x.dtype, y.dtype) == ((100, 2), np.float32, np.int64)
    assert y.tolist() == [k % classes for k in range(100)]
    np.testing.assert_array_equal(x, again)
    assert not np.array_equal(x, other)


@pytest.mark.parametrize("maker", [circles, moons, spiral])
def test_points_refuse_what_makes_no_data(maker):
    with pytest.raises(ValueError, match="at least one sample for each class, received 1"):
        maker.load_data(samples=1)
    for noise in (-0.1, float("nan")):
        with pytest.raises(ValueError, match="expected noise to be 0 or more"):
            maker.load_data(noise=noise)


def test_circles_have_their_radii_and_odd_counts_close_evenly():
    x, y = circles.load_data(samples=7, noise=0, factor=0.3)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.3), rtol=1e-6)
    np.testing.assert_allclose(x[y == 1].sum(0), 0, atol=1e-6)
    with pytest.raises(ValueError, match=r"factor to be in 0\.\.1, received 2"):
        circles.load_data(factor=2)


def test_moons_lie_on_their_half_circles():
    x, y = moons.load_data(samples=51, noise=0)
    centre = np.where(y[:, None] == 0, (0, 0), (1, 0.5))
    np.testing.assert_allclose(np.hypot(*(x - centre).T), 1, rtol=1e-5)
    assert (x[y == 0, 1] >= -1e-6).all()
    assert (x[y == 1, 1] <= 0.5 + 1e-6).all()


def test_spiral_arms_are_copies_turned_by_a_third():
    x, y = spiral.load_data(samples=30, noise=0)
    c, s = np.cos(2 * np.pi / 3), np.sin(2 * np.pi / 3)
    np.testing.assert_allclose(x[y == 0] @ [[c, s], [-s, c]], x[y == 1], atol=1e-6)
    np.testing.assert_allclose(np.hypot(*x[y == 2].T), np.linspace(0, 1, 10), atol=1e-6)


@pytest.mark.parametrize("module", [cars, circles, digits, gates, gifts, iris, mnist, moons, spiral, xor])
def test_every_data_set_names_its_source(module):
    assert len(module.SOURCE) > 10


def test_cache_is_in_the_home_folder_unless_named(monkeypatch, tmp_path):
    monkeypatch.delenv("FASTNN_HOME", raising=False)
    assert cache_folder() == Path.home() / ".fastnn" / "datasets"
    monkeypatch.setenv("FASTNN_HOME", os.fspath(tmp_path))
    assert cache_folder() == tmp_path / "datasets"


def test_real_mnist_has_its_shapes(data_folder):
    (x_train, y_train), (x_test, y_test) = mnist.load_data(data_folder / "mnist.npz")
    assert x_train.shape == (60000, 28, 28)
    assert x_test.shape == (10000, 28, 28)
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
