"""Losses and accuracies: numbers worked by hand, Keras's numbers at the edges, and what is refused."""

import math

import numpy as np
import pytest

from fastnn.errors import KernelError, ShapeError
from fastnn.ops.table import OPS
from tests.op_results import DTYPES, ROUNDING, gradients, run

pytestmark = pytest.mark.parametrize("dtype", DTYPES)


def close(actual, expected, dtype, digits=None):
    tolerance = ROUNDING[dtype] if digits is None else 0.5 * 10.0**-digits + ROUNDING[dtype]
    np.testing.assert_allclose(actual, expected, rtol=ROUNDING[dtype], atol=tolerance)


# ---------------------------------------------------------------- worked by hand


def test_half_squared_error_of_the_network_worked_by_hand(dtype):
    targets, outputs = [[0.01, 0.99]], [[0.75136507, 0.772928465]]
    close(run("half_squared_error", targets, outputs, dtype=dtype)["y"], [0.298371109], dtype, 8)
    close(run("half_squared_error", [[0.01]], [[0.75136507]], dtype=dtype)["y"], [0.274811083], dtype, 8)
    close(run("half_squared_error", [[0.99]], [[0.772928465]], dtype=dtype)["y"], [0.023560026], dtype, 8)
    close(gradients("half_squared_error", targets, outputs, dtype=dtype)["y_pred"][0, 0], 0.74136507, dtype)


def test_squared_error_of_the_linear_network_worked_by_hand(dtype):
    assert run("squared_error", [5.0], [16.0], dtype=dtype)["y"] == 121
    assert gradients("squared_error", [5.0], [16.0], dtype=dtype)["y_pred"] == 22


def test_mean_errors(dtype):
    t, o = [[1.0, 2.0, 3.0, 4.0]], [[2.0, 2.0, 1.0, 5.0]]
    close(run("mean_squared_error", t, o, dtype=dtype)["y"], [6 / 4], dtype)
    close(run("mean_absolute_error", t, o, dtype=dtype)["y"], [4 / 4], dtype)
    close(gradients("mean_squared_error", t, o, upstream=[2.0], dtype=dtype)["y_pred"], [[1, 0, -2, 1]], dtype)
    close(gradients("mean_absolute_error", t, o, upstream=[2.0], dtype=dtype)["y_pred"], [[0.5, 0, -0.5, 0.5]], dtype)


@pytest.mark.parametrize(("truth", "total"), [([1, 1, 0], 0.69), ([0, 0, 1], 5.12)])
def test_binary_cross_entropy_summed(dtype, truth, total):
    loss = run("binary_crossentropy", truth, [0.8, 0.7, 0.1], dtype=dtype)["y"]
    close(3 * loss, total, dtype, 2)


@pytest.mark.parametrize(("probabilities", "total"), [((0.6, 0.2, 0.1, 0.7), 4.8), ((0.7, 0.9, 0.8, 0.6), 1.2)])
def test_natural_logarithms_of_the_right_classes_sum(dtype, probabilities, total):
    p = [[q, 1 - q] for q in probabilities]
    close(run("sparse_categorical_crossentropy", [0] * 4, p, dtype=dtype)["y"].sum(), total, dtype, 1)


def test_multi_class_cross_entropy_from_labels_and_from_rows(dtype):
    p = [[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.1, 0.5, 0.4]]
    labels = [0, 1, 2]
    by_label = run("sparse_categorical_crossentropy", labels, p, dtype=dtype)["y"]
    by_row = run("categorical_crossentropy", np.eye(3)[labels], p, dtype=dtype)["y"]
    close(by_label.sum(), 2.48, dtype, 2)
    close(by_row, by_label, dtype)


def test_softmax_figures(dtype):
    results = run("sparse_softmax_cross_entropy", [1], [[1.2, 0.9, 0.4]], dtype=dtype)
    close(results["p"], [[0.4566, 0.3383, 0.2052]], dtype, 4)
    close(results["y"], [-math.log(0.3383)], dtype, 3)
    results = run("softmax_cross_entropy", [[0, 0, 1]], [[2.0, 1.0, 0.1]], dtype=dtype)
    close(results["p"], [[0.659001, 0.242433, 0.098566]], dtype, 6)
    close(results["y"], [2.317030], dtype, 6)


def test_large_logits_make_softmax_certain_and_small_ones_uniform(dtype):
    logits = np.array([[2.0, 1.0, 0.1]])
    certain = run("sparse_softmax_cross_entropy", [0], 10 * logits, dtype=dtype)["p"]
    uniform = run("sparse_softmax_cross_entropy", [0], logits / 10, dtype=dtype)["p"]
    close(certain, [[1, 0, 0]], dtype, 4)
    assert np.abs(uniform - 1 / 3).max() < 0.04


# ---------------------------------------------------------------- one loss, several ways


@pytest.mark.parametrize("classes", [2, 10, 37])
def test_fused_and_separate_cross_entropy_agree(dtype, classes):
    rng = np.random.default_rng(3)
    logits, labels = rng.normal(size=(7, classes)), rng.integers(0, classes, 7)
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    fused = run("sparse_softmax_cross_entropy", labels, logits, dtype=dtype)
    close(fused["p"], p, dtype)
    close(fused["y"], run("sparse_categorical_crossentropy", labels, p, dtype=dtype)["y"], dtype)
    close(fused["y"], run("softmax_cross_entropy", np.eye(classes)[labels], logits, dtype=dtype)["y"], dtype)


def test_the_fused_gradient_is_p_minus_y(dtype):
    logits, y = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]]), np.eye(3)[[2, 0]]
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expected = (p - y) * [[2.0], [-1.0]]
    for name, truth in (("softmax_cross_entropy", y), ("sparse_softmax_cross_entropy", [2, 0])):
        close(gradients(name, truth, logits, upstream=[2.0, -1.0], dtype=dtype)["logits"], expected, dtype)


def test_targets_that_do_not_sum_to_one(dtype):
    logits, t = np.array([[0.3, -0.2]]), np.array([[0.5, 2.0]])
    p = np.exp(logits) / np.exp(logits).sum()
    close(run("softmax_cross_entropy", t, logits, dtype=dtype)["y"], [-(t * np.log(p)).sum()], dtype)
    close(gradients("softmax_cross_entropy", t, logits, dtype=dtype)["logits"], 2.5 * p - t, dtype)


def test_sigmoid_and_binary_cross_entropy_agree(dtype):
    logits, t = np.array([[0.3, -2.0, 4.0]]), [[1.0, 0.0, 0.0]]
    p = 1 / (1 + np.exp(-logits))
    fused = run("sigmoid_cross_entropy", t, logits, dtype=dtype)["y"]
    close(fused, run("binary_crossentropy", t, p, dtype=dtype)["y"], dtype)
    close(gradients("sigmoid_cross_entropy", t, logits, dtype=dtype)["logits"], (p - t) / 3, dtype)


# ---------------------------------------------------------------- edges


def test_certainty_in_the_wrong_costs_what_it_costs_in_keras(dtype):
    worst = -math.log(float(np.asarray(1e-7, dtype)))
    close(run("binary_crossentropy", [1.0], [0.0], dtype=dtype)["y"], worst, dtype)
    upper = float(1 - np.asarray(1 - 1e-7, dtype))
    close(run("binary_crossentropy", [0.0], [1.0], dtype=dtype)["y"], -math.log(upper), dtype)
    close(run("sparse_categorical_crossentropy", [1], [[1.0, 0.0]], dtype=dtype)["y"], [worst], dtype)
    close(run("categorical_crossentropy", [[0.0, 1.0]], [[1.0, 0.0]], dtype=dtype)["y"], [worst], dtype)


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_clipped_probabilities_have_no_gradient(dtype, name):
    truth = [1] if name.startswith("sparse") else [[0.0, 1.0]]
    assert np.array_equal(gradients(name, truth, [[1.0, 0.0]], dtype=dtype)["y_pred"], [[0, 0]])


@pytest.mark.parametrize("name", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_rows_of_probabilities_need_not_sum_to_one(dtype, name):
    truth = [1] if name.startswith("sparse") else [[0.0, 1.0]]
    close(run(name, truth, [[3.0, 1.0]], dtype=dtype)["y"], [-math.log(0.25)], dtype)


@pytest.mark.parametrize("size", [1e3, 1e4])
def test_huge_logits_stay_finite(dtype, size):
    close(run("sparse_softmax_cross_entropy", [1], [[size, -size]], dtype=dtype)["y"], [2 * size], dtype)
    close(run("softmax_cross_entropy", [[1.0, 0.0]], [[-size, -size]], dtype=dtype)["y"], [math.log(2)], dtype)
    close(run("sigmoid_cross_entropy", [[1.0, 0.0]], [[-size, size]], dtype=dtype)["y"], [size], dtype)


def test_a_small_sigmoid_loss_keeps_its_digits(dtype):
    loss = run("sigmoid_cross_entropy", [1.0], [20.0], dtype=dtype)["y"]
    np.testing.assert_allclose(loss, math.exp(-20), rtol=1e-5)


ON_PAIRS = [op.name for op in OPS.values() if op.kind == "loss" and op.inputs[0] == "y_true"]


@pytest.mark.parametrize("name", ON_PAIRS)
def test_nan_spoils_its_own_sample_only(dtype, name):
    p = np.full((3, 20), 0.5)
    p[1, 17] = np.nan
    y = run(name, np.full((3, 20), 0.25), p, dtype=dtype)["y"]
    assert np.array_equal(np.isnan(y), [False, True, False])
    d = gradients(name, np.full((3, 20), 0.25), p, dtype=dtype)[OPS[name].gradients[0]]
    assert np.isnan(d[1, 17]) or name == "perceptron_loss"  # its slope is -t wherever x >= 0 does not hold
    assert not np.isnan(d[[0, 2]]).any()


# ---------------------------------------------------------------- accuracies


def test_accuracies(dtype):
    p = [[0.1, 0.7, 0.2], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6]]
    assert list(run("sparse_categorical_accuracy", [1, 1, 2], p, dtype=dtype)["y"]) == [1, 0, 1]
    assert list(run("categorical_accuracy", np.eye(3)[[1, 1, 2]], p, dtype=dtype)["y"]) == [1, 0, 1]
    close(run("binary_accuracy", [[1, 1, 0]], [[0.51, 0.5, 0.2]], dtype=dtype)["y"], [2 / 3], dtype)
    assert run("binary_accuracy", [1.0], [0.3], threshold=0.2, dtype=dtype)["y"] == 1


@pytest.mark.parametrize("classes", [2, 5, 16, 17, 40, 300])
def test_accuracy_takes_the_first_of_equal_largest_as_numpy_does(dtype, classes):
    rng = np.random.default_rng(classes)
    p = rng.integers(-2, 3, (100, classes)).astype(dtype)
    p[rng.random(p.shape) < 0.05] = -0.0
    p[rng.random(p.shape) < 0.01] = np.nan
    p[:20] = -np.abs(p[:20]) - 1
    p[3] = -np.inf
    assert run("sparse_categorical_accuracy", p.argmax(-1), p, dtype=dtype)["y"].all()


# ---------------------------------------------------------------- explanations of rows too long to read

LOSSES = [op.name for op in OPS.values() if op.kind in ("loss", "metric")]


@pytest.mark.parametrize("classes", [1, 3, 4, 64, 65, 1000])
@pytest.mark.parametrize("name", LOSSES)
def test_every_result_can_be_explained_however_long_the_row(dtype, name, classes):
    op, rng = OPS[name], np.random.default_rng(classes)
    p = rng.uniform(0.1, 0.9, (2, classes))
    truth = rng.integers(0, classes, 2) if op.inputs[0] == "labels" else np.eye(classes)[rng.integers(0, classes, 2)]
    values = {op.inputs[0]: truth, op.inputs[1]: p, **run(name, truth, p, dtype=dtype)}
    shapes, attrs = (np.shape(truth), p.shape), op.complete({})
    explained = op.explain("y", (1,), shapes, **attrs).evaluate(values)
    np.testing.assert_allclose(explained, values["y"][1], rtol=1e-5, atol=1e-6)
    if op.backward is not None:
        values |= {"dy": np.array([3.0, 2.0]), "d": gradients(name, truth, p, upstream=[3.0, 2.0], dtype=dtype)}
        place = (1, classes // 2)
        explained = op.explain(f"d{op.inputs[1]}", place, shapes, **attrs).evaluate(values)
        np.testing.assert_allclose(explained, values["d"][op.inputs[1]][place], rtol=1e-4, atol=1e-6)


# ---------------------------------------------------------------- what is refused

ON_LABELS = ["sparse_categorical_crossentropy", "sparse_softmax_cross_entropy"]


@pytest.mark.parametrize("name", ON_LABELS)
@pytest.mark.parametrize("wrong", [3, -1])
def test_labels_out_of_range_name_row_and_range(dtype, name, wrong):
    with pytest.raises(KernelError, match="row 1") as caught:
        run(name, [0, wrong], np.full((2, 3), 0.5), dtype=dtype)
    assert isinstance(caught.value, ValueError)
    assert name in str(caught.value)
    if dtype == "float64":
        assert f"expected labels from 0 to 2, received {wrong} in row 1" in str(caught.value)


@pytest.mark.parametrize("name", ON_PAIRS)
def test_pairs_of_unlike_shape_are_refused(dtype, name):
    with pytest.raises(ShapeError, match=rf"{name}: expected y_true of the prediction's shape \(4, 3\)"):
        run(name, np.zeros((4, 2)), np.zeros((4, 3)), dtype=dtype)
    with pytest.raises(ShapeError, match="at least one value along the last axis"):
        run(name, np.zeros((4, 0)), np.zeros((4, 0)), dtype=dtype)


@pytest.mark.parametrize("name", [*ON_LABELS, "sparse_categorical_accuracy"])
def test_labels_of_unlike_shape_are_refused(dtype, name):
    with pytest.raises(ShapeError, match=r"expected one label per row, shape \(4,\), received \(4, 1\)"):
        run(name, np.zeros((4, 1)), np.zeros((4, 3)), dtype=dtype)
