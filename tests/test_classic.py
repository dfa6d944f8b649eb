"""The first lecture: threshold units, gates, perceptrons, and the numbers of the course's slides."""

import math

import numpy as np
import pytest

import fastnn
from fastnn import losses, ops
from fastnn.classic import Perceptron, gate, threshold_unit, truth_table
from fastnn.engine.stepper import Stepper


@pytest.mark.parametrize("name", ["a", "and", "or", "a_and_not_b", "nand", "xor"])
def test_gates_answer_their_truth_tables(name):
    rows = truth_table(name)
    answers = gate(name).predict([row[:2] for row in rows], verbose=0).ravel()
    assert answers.tolist() == [row[2] for row in rows]


def test_university_acceptance():
    """Boundary 2 test + grades - 18 = 0."""
    unit = threshold_unit([2.0, 1.0], -18.0)
    assert unit.predict([[6, 6], [7, 6], [9, 0], [1, 8]], verbose=0).ravel().tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("name", ["a", "and", "or", "a_and_not_b", "nand"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_the_perceptron_learns_what_one_unit_can(name, shuffle):
    x, y = fastnn.datasets.gates.load_data(name)
    perceptron = Perceptron(shuffle=shuffle, random_state=1).fit(x, y)
    assert perceptron.score(x, y) == 1.0
    assert perceptron.n_iter_ < 50


def test_the_perceptron_does_not_learn_exclusive_or():
    x, y = fastnn.datasets.gates.load_data("xor")
    assert Perceptron(max_iter=100).fit(x, y).score(x, y) < 1.0


def test_the_rule_step_by_step():
    perceptron = Perceptron(eta0=0.1, shuffle=False, max_iter=1)
    steps = list(perceptron.steps([[1.0, 2.0], [3.0, -1.0]], [0, 1]))
    assert [(s.prediction, s.y) for s in steps] == [(1, 0), (0, 1)]
    np.testing.assert_allclose(steps[0].coef, [-0.1, -0.2])
    np.testing.assert_allclose(steps[1].coef, [0.2, -0.3])
    assert steps[1].intercept == pytest.approx(0.0)
    np.testing.assert_array_equal(perceptron.coef_[0], steps[1].coef)


def test_iris_and_the_question_of_the_course():
    x, y = fastnn.datasets.iris.load_data()
    perceptron = Perceptron(random_state=42).fit(x[:, 2:4], (y == 0).astype(int))
    assert perceptron.predict([[2, 0.5]]).tolist() == [1]
    assert perceptron.score(x[:, 2:4], y == 0) == 1.0


def test_the_same_rule_as_a_training_step_of_a_model():
    perceptron = Perceptron(eta0=0.5, shuffle=False, max_iter=1).fit([[1.0, 2.0], [3.0, -1.0]], [0, 1])
    stepper = Stepper(perceptron.as_model(), [[2.0, 0.5]], [[0.0]], in_place=True)
    before = stepper.value("unit.kernel").ravel()
    stepper.finish_step()
    again = perceptron.partial_fit([[2.0, 0.5]], [0])
    np.testing.assert_allclose(stepper.value("unit.kernel").ravel(), again.coef_[0], rtol=1e-6)
    assert before.tolist() != again.coef_[0].tolist()


def test_the_interface_of_estimators():
    perceptron = Perceptron(eta0=0.3)
    assert Perceptron(**perceptron.get_params()).get_params() == perceptron.get_params()
    assert perceptron.set_params(eta0=0.5) is perceptron
    assert perceptron.eta0 == 0.5
    x, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array(["no", "no", "yes", "yes"])
    perceptron.fit(x, y)
    assert perceptron.classes_.tolist() == ["no", "yes"]
    assert perceptron.predict(x).tolist() == y.tolist()
    assert ((perceptron.decision_function(x) >= 0) == (y == "yes")).all()
    warm = Perceptron(warm_start=True, shuffle=False).fit(x, y)
    weights = warm.coef_.copy()
    np.testing.assert_array_equal(warm.fit(x, y).coef_, weights)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: gate("nor_nand"), "gate of"),
        (lambda: Perceptron(eta0=0).fit([[1.0], [2.0]], [0, 1]), "eta0"),
        (lambda: Perceptron(max_iter=0).fit([[1.0], [2.0]], [0, 1]), "max_iter"),
        (lambda: Perceptron().fit([1.0, 2.0], [0, 1]), "shape"),
        (lambda: Perceptron().fit([[1.0], [2.0]], [0]), "shape"),
        (lambda: Perceptron().fit([[1.0], [2.0]], [1, 1]), "two classes"),
        (lambda: Perceptron().fit([[math.nan], [2.0]], [0, 1]), "finite"),
        (lambda: Perceptron().predict([[1.0]]), "fitted"),
        (lambda: Perceptron().fit([[1.0], [2.0]], [0, 1]).predict([[1.0, 2.0]]), "shape"),
        (lambda: Perceptron().set_params(eta=1), "eta0"),
        (lambda: Perceptron().fit([[1.0], [2.0]], [0, 1]).partial_fit([[1.0]], [7]), "classes"),
    ],
)
def test_what_does_not_fit_is_refused(act, message):
    with pytest.raises(ValueError, match=message):
        act()


# ---------------------------------------------------------------- numbers of the slides


def test_activations_of_the_slides():
    x = np.array([-2.0, 0.0, 0.5, 3.0])
    assert ops.heaviside(x).numpy().tolist() == [0, 1, 1, 1]
    assert ops.sign(x).numpy().tolist() == [-1, 0, 1, 1]
    assert ops.saturating_linear(x).numpy().tolist() == [0, 0, 0.5, 1]
    np.testing.assert_allclose(ops.bipolar_sigmoid(x), np.tanh(x / 2))


def test_softmax_of_the_slides():
    np.testing.assert_allclose(ops.softmax([1.2, 0.9, 0.4]), [0.4566, 0.3383, 0.2052], atol=1e-4)
    logits = np.array([2.0, 1.0, 0.1])
    np.testing.assert_allclose(ops.softmax(logits), [0.659, 0.2424, 0.0986], atol=1e-4)
    np.testing.assert_allclose(ops.softmax(logits * 10), [1, 0, 0], atol=1e-4)
    np.testing.assert_allclose(ops.softmax(logits / 10), [0.367, 0.332, 0.301], atol=3e-2)


def test_cross_entropies_of_the_slides():
    p = np.array([0.8, 0.7, 0.1])
    for y, expected in (([1.0, 1.0, 0.0], 0.69), ([0.0, 0.0, 1.0], 5.12)):
        assert 3 * float(losses.binary_crossentropy([y], [p])[0]) == pytest.approx(expected, abs=0.005)
    assert sum(map(math.log, (0.6, 0.2, 0.1, 0.7))) == pytest.approx(-4.8, abs=0.05)
    assert sum(map(math.log, (0.7, 0.9, 0.8, 0.6))) == pytest.approx(-1.2, abs=0.05)
    table = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.1, 0.5, 0.4]])
    assert float(ops.sum(losses.sparse_categorical_crossentropy([0, 1, 2], table))) == pytest.approx(2.48, abs=0.005)


def test_one_gradient_step_of_the_slides():
    """Learning rate 0.5, x = (1, 2), y = 0.5, w = (0.5, -0.5), squared error, sigmoid."""
    x, y, w = np.array([1.0, 2.0]), 0.5, np.array([0.5, -0.5])
    v = fastnn.Variable(w.reshape(2, 1), dtype="float64")
    with fastnn.GradientTape() as tape:
        out = ops.sigmoid(ops.matmul(x.reshape(1, 2), v))
        loss = 0.5 * ops.sum(ops.square(y - out))
    s = 1 / (1 + math.exp(0.5))
    np.testing.assert_allclose(-0.5 * tape.gradient(loss, v).numpy().ravel(), 0.5 * (y - s) * s * (1 - s) * x)


def test_logistic_regression_step_of_the_slides():
    """w += alpha (y - yhat) x, b += alpha (y - yhat)."""
    model = fastnn.Sequential([fastnn.Input((2,)), fastnn.layers.Dense(1, "sigmoid")])
    model.layers[0].set_weights([[[0.5], [-0.5]], [0.25]])
    model.compile(fastnn.optimizers.SGD(0.1), "binary_crossentropy")
    model.train_on_batch([[1.0, 2.0]], [[1.0]])
    error = 1 - 1 / (1 + math.exp(0.25))
    np.testing.assert_allclose(
        model.layers[0].kernel.numpy().ravel(), [0.5 + 0.1 * error, -0.5 + 0.2 * error], rtol=1e-6
    )
    np.testing.assert_allclose(model.layers[0].bias, [0.25 + 0.1 * error], rtol=1e-6)


def test_gift_boxes_of_the_slides():
    shares = [
        math.prod(p if got else 1 - p for p, got in zip((0.8, 0.7, 0.1), outcome, strict=True))
        for outcome in ((1, 1, 1), (1, 1, 0), (1, 0, 1), (0, 0, 1), (1, 0, 0), (0, 1, 0), (0, 0, 0), (0, 1, 1))
    ]
    for share, printed in zip(shares, (0.056, 0.504, 0.024, 0.006, 0.216, 0.126, 0.054, 0.014), strict=True):
        assert share == pytest.approx(printed, abs=5e-4)


def test_score_of_the_slides():
    """4 x1 + 5 x2 - 9 is 0 where the probability is one half; two models combined with weights 7 and 5, bias -6."""
    unit = fastnn.Sequential([fastnn.Input((2,)), fastnn.layers.Dense(1, "sigmoid")])
    unit.layers[0].set_weights([[[4.0], [5.0]], [-9.0]])
    assert float(unit.predict([[1.0, 1.0]], verbose=0)[0, 0]) == 0.5
    assert float(ops.sigmoid(7 * 0.4 + 5 * 0.6 - 6)) == pytest.approx(1 / (1 + math.exp(0.2)), rel=1e-6)


def test_derivatives_by_tape_and_by_differences():
    """y = x^2 + t^3 + z; left, right and central differences beside the exact slope."""
    x, t, z = (fastnn.Variable(v, dtype="float64") for v in (3.0, 2.0, 5.0))
    with fastnn.GradientTape() as tape:
        y = x**2 + t**3 + z
    assert [float(g) for g in tape.gradient(y, [x, t, z])] == [6.0, 12.0, 1.0]
    h = 1e-3
    left, right = (9 - (3 - h) ** 2) / h, ((3 + h) ** 2 - 9) / h
    assert (left + right) / 2 == pytest.approx(6.0)
    assert left < 6.0 < right
