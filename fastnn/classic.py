"""The first lecture: threshold units, logic gates, and Rosenblatt's perceptron, step by step."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastnn import config, layers, models, ops, optimizers
from fastnn.datasets import gates
from fastnn.utils.naming import did_you_mean

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Perceptron", "Step", "gate", "threshold_unit", "xor"]
WEIGHTS = {  # weights and bias of one threshold unit; it answers 1 if w x + b >= 0
    "a": ((1.0, 0.0), -0.5),
    "and": ((1.0, 1.0), -1.5),
    "or": ((1.0, 1.0), -0.5),
    "a_and_not_b": ((1.0, -1.0), -0.5),
    "nand": ((-1.0, -1.0), 1.5),
}


def threshold_unit(weights: ArrayLike, bias: float, name: str | None = None) -> Any:
    """A model of one unit that answers 1 where weights x + bias is 0 or more, else 0.

    Args:
        weights: One weight per input.
        bias: The bias; minus the threshold.
        name: Name of the model.

    Example:
        >>> unit = threshold_unit([2.0, 1.0], bias=-18.0)
        >>> unit.predict([[7.0, 6.0], [5.0, 6.0]], verbose=0).ravel().tolist()
        [1.0, 0.0]

    Source: McCulloch and Pitts, A logical calculus of the ideas immanent in nervous activity, 1943.
    """
    column = np.asarray(weights, np.float32).reshape(-1, 1)
    unit = layers.Dense(1, activation="heaviside", name="unit")
    model = models.Sequential([layers.Input((len(column),), name="x"), unit], name=name)
    unit.set_weights([column, [bias]])
    return model


def gate(name: str) -> Any:
    """A logic gate of one threshold unit, or of two layers for 'xor'.

    Args:
        name: 'a', 'and', 'or', 'a_and_not_b', 'nand' or 'xor'.

    Raises:
        ValueError: for another name.

    Example:
        >>> gate("and").predict([[0, 0], [0, 1], [1, 0], [1, 1]], verbose=0).ravel().tolist()
        [0.0, 0.0, 0.0, 1.0]
    """
    if name == "xor":
        return xor()
    if name not in WEIGHTS:
        known = [*WEIGHTS, "xor"]
        raise ValueError(f"Expected a gate of {known}. Received: {name!r}; {did_you_mean(str(name), known)}")
    return threshold_unit(*WEIGHTS[name], name=f"gate_{name}")


def xor() -> Any:
    """Exclusive or of two layers: (a or b) and (a nand b), which one unit alone cannot answer.

    Example:
        >>> xor().predict([[0, 0], [0, 1], [1, 0], [1, 1]], verbose=0).ravel().tolist()
        [0.0, 1.0, 1.0, 0.0]
    """
    hidden = layers.Dense(2, activation="heaviside", name="or_and_nand")
    output = layers.Dense(1, activation="heaviside", name="and")
    model = models.Sequential([layers.Input((2,), name="x"), hidden, output], name="gate_xor")
    columns = [WEIGHTS["or"], WEIGHTS["nand"]]
    hidden.set_weights([np.array([w for w, _ in columns], np.float32).T, [b for _, b in columns]])
    output.set_weights([np.array(WEIGHTS["and"][0], np.float32).reshape(2, 1), [WEIGHTS["and"][1]]])
    return model


class Step(NamedTuple):
    """What the perceptron rule did for one sample.

    Args:
        sample: Number of the sample.
        x: The sample.
        y: Its class, 0 or 1.
        prediction: What the perceptron answered, 0 or 1.
        coef: The weights afterwards.
        intercept: The bias afterwards.
    """

    sample: int
    x: NDArray[np.float64]
    y: int
    prediction: int
    coef: NDArray[np.float64]
    intercept: float


class Perceptron:
    """Rosenblatt's perceptron with the interface of scikit-learn's estimators.

    For every sample that is answered wrongly, w += eta0 (y - answer) x and b += eta0 (y - answer).

    Args:
        eta0: Size of the steps.
        max_iter: Passes over the data at most.
        tol: Not used: training stops after a pass without a mistake.
        shuffle: Whether every pass has an order of its own.
        random_state: Seed of the orders.
        fit_intercept: Whether there is a bias.
        warm_start: Whether `fit` goes on from the weights that there are.

    Raises:
        ValueError: for arguments that make no sense, or data that does not fit.

    Example:
        >>> perceptron = Perceptron(shuffle=False).fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
        >>> perceptron.predict([[1, 1], [0, 1]]).tolist()
        [1, 0]

    Source: Rosenblatt, The perceptron, 1958.
    """

    _estimator_type = "classifier"

    def __init__(
        self,
        eta0: float = 1.0,
        max_iter: int = 1000,
        tol: float | None = None,
        shuffle: bool = True,
        random_state: int | None = None,
        fit_intercept: bool = True,
        warm_start: bool = False,
    ) -> None:
        self.eta0, self.max_iter, self.tol, self.shuffle = eta0, max_iter, tol, shuffle
        self.random_state, self.fit_intercept, self.warm_start = random_state, fit_intercept, warm_start

    # ------------------------------------------------------------ settings

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments by name.

        Args:
            deep: Ignored: no argument is an estimator.
        """
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Perceptron:
        """Change arguments.

        Args:
            **params: Arguments by name.

        Raises:
            ValueError: for an unknown name.
        """
        for name, value in params.items():
            if name not in self.get_params():
                raise ValueError(
                    f"Expected a parameter of Perceptron. Received: {name!r}; {did_you_mean(name, self.get_params())}"
                )
            setattr(self, name, value)
        return self

    def _check(self) -> None:
        if isinstance(self.eta0, bool) or not isinstance(self.eta0, (int, float)) or not self.eta0 > 0:
            raise ValueError(f"Expected eta0 to be a number above 0. Received: eta0={self.eta0!r}")
        if isinstance(self.max_iter, bool) or not isinstance(self.max_iter, (int, np.integer)) or self.max_iter < 1:
            raise ValueError(f"Expected max_iter to be a positive whole number. Received: max_iter={self.max_iter!r}")

    # ------------------------------------------------------------ learning

    def fit(self, X: ArrayLike, y: ArrayLike) -> Perceptron:
        """Learn until a pass makes no mistake, or `max_iter` passes are over.

        Args:
            X: Samples, shape (n, features).
            y: Classes, two different ones.

        Returns:
            The perceptron itself.
        """
        for _ in self.steps(X, y):
            pass
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Perceptron:
        """Go once over the samples.

        Args:
            X: Samples.
            y: Classes.
            classes: Both classes; needed the first time if y does not have both.
        """
        x, answers = self._begin(X, y, classes, anew=not hasattr(self, "coef_"))
        for index in range(len(x)):
            self._learn(index, x[index], int(answers[index]))
        return self

    def steps(self, X: ArrayLike, y: ArrayLike) -> Iterator[Step]:
        """Learn as `fit` does, and tell what happens for every sample.

        Args:
            X: Samples.
            y: Classes.

        Example:
            >>> perceptron = Perceptron(eta0=0.5, shuffle=False)
            >>> step = next(perceptron.steps([[1.0, 2.0]] * 2, [0, 1]))
            >>> step.prediction, step.y, step.coef.tolist(), step.intercept
            (1, 0, [-0.5, -1.0], -0.5)
        """
        self._check()
        x, answers = self._begin(X, y, None, anew=not (self.warm_start and hasattr(self, "coef_")))
        rng = np.random.default_rng(config.next_seed() if self.random_state is None else self.random_state)
        for passes in range(1, self.max_iter + 1):
            self.n_iter_ = passes
            wrong = 0
            for index in rng.permutation(len(x)) if self.shuffle else range(len(x)):
                step = self._learn(int(index), x[index], int(answers[index]))
                wrong += step.prediction != step.y
                yield step
            if not wrong:
                return

    def _begin(self, X: ArrayLike, y: ArrayLike, classes: Any, anew: bool) -> tuple[Any, Any]:
        x, given = np.asarray(X, np.float64), np.asarray(y)
        if x.ndim != 2 or len(x) == 0 or given.shape != (len(x),):
            raise ValueError(
                f"Expected X of shape (n, features) and y of shape (n,). Received: {x.shape}, {given.shape}"
            )
        if not np.isfinite(x).all():
            raise ValueError("Expected finite numbers in X. Received: NaN or infinity")
        if anew:
            found = np.unique(given if classes is None else np.asarray(classes))
            if len(found) != 2:
                raise ValueError(f"Expected two classes. Received: {found.tolist()}")
            self.classes_ = found
            self.n_features_in_ = x.shape[1]
            self.coef_, self.intercept_ = np.zeros((1, x.shape[1])), np.zeros(1)
        self._fitting(x)
        if not np.isin(given, self.classes_).all():
            raise ValueError(f"Expected classes {self.classes_.tolist()}. Received: {np.unique(given).tolist()}")
        return x, (given == self.classes_[1]).astype(int)

    def _learn(self, index: int, x: NDArray[np.float64], y: int) -> Step:
        prediction = int(self._answer(x[None])[0])
        change = self.eta0 * (y - prediction)
        self.coef_[0] += change * x
        if self.fit_intercept:
            self.intercept_[0] += change
        return Step(index, x, y, prediction, self.coef_[0].copy(), float(self.intercept_[0]))

    # ------------------------------------------------------------ answering

    def _fitting(self, x: NDArray[np.float64]) -> None:
        if not hasattr(self, "coef_"):
            raise ValueError("Expected a perceptron that was fitted. Received: one that has seen no data")
        if x.ndim != 2 or x.shape[1] != self.coef_.shape[1]:
            raise ValueError(f"Expected X of shape (n, {self.coef_.shape[1]}). Received: {x.shape}")

    def _answer(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        net = ops.dense(x, self.coef_.T, self.intercept_)
        found: NDArray[np.float64] = ops.heaviside(net).numpy()[:, 0]
        return found

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """W x + b of every sample; 0 or more is the second class."""
        x = np.asarray(X, np.float64)
        self._fitting(x)
        found: NDArray[np.float64] = ops.dense(x, self.coef_.T, self.intercept_).numpy()[:, 0]
        return found

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of every sample."""
        x = np.asarray(X, np.float64)
        self._fitting(x)
        found: NDArray[Any] = self.classes_[self._answer(x).astype(int)]
        return found

    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """The share of samples whose class is answered rightly."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def as_model(self) -> Any:
        """The same threshold unit as a compiled model that can be stepped through."""
        self._fitting(np.zeros((1, self.coef_.shape[1])))
        model = threshold_unit(self.coef_[0], float(self.intercept_[0]), name="perceptron")
        model.compile(optimizer=optimizers.SGD(float(self.eta0)), loss="perceptron")
        return model


def truth_table(name: str) -> list[tuple[int, int, int]]:
    """Inputs and answer of a gate, row by row.

    Example:
        >>> truth_table("nand")
        [(0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
    """
    x, y = gates.load_data(name)
    return [(int(a), int(b), int(answer)) for (a, b), answer in zip(x, y, strict=True)]
