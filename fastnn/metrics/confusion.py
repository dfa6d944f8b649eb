"""Metrics of true and false, positive and negative, at one threshold or many."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.losses.base import aligned, as_tensor, same_rank
from fastnn.metrics.base import Counting, metric, ratio

TP, FP, FN, TN = range(4)  # rows of the counters
MOST = 10**6  # thresholds
NEVER = -1e10  # a prediction that is above no threshold


# ---------------------------------------------------------------- thresholds and counts


def checked_thresholds(given: Any, default: float) -> list[float]:
    """Thresholds as a list.

    Raises:
        ValueError: if one is not from 0 to 1.
    """
    found = [default] if given is None else list(given) if isinstance(given, (list, tuple)) else [given]
    for value in found if given is not None else []:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise ValueError(f"Expected thresholds from 0 to 1. Received: thresholds={given!r}")
    return [float(v) for v in found]


def evenly(count: int) -> list[float]:
    """So many thresholds from just below 0 to just above 1."""
    inner = [(i + 1) / max(count - 1, 1) for i in range(count - 2)]
    return [0.0 - 1e-7, *inner, 1.0 + 1e-7]


def fraction(name: str, value: Any) -> float:
    """A number from 0 to 1.

    Raises:
        ValueError: naming the argument.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"Expected {name} to be from 0 to 1. Received: {name}={value!r}")
    return float(value)


def only_top(y_pred: Any, k: int) -> Any:
    """Predictions with all but the k largest of every row made small."""
    values, _ = ops.top_k(y_pred, k)
    return ops.where(ops.greater_equal(y_pred, values[..., -1:]), y_pred, NEVER)


def of_class(tensor: Any, class_id: int | None) -> Any:
    """The values of one class, or all of them.

    Raises:
        ValueError: if there is no such class.
    """
    if class_id is None:
        return tensor
    if not isinstance(class_id, int) or not 0 <= class_id < tensor.shape[-1]:
        raise ValueError(f"Expected class_id from 0 to {tensor.shape[-1] - 1}. Received: class_id={class_id!r}")
    return tensor[..., class_id]


def confusion(
    y_true: Any,
    y_pred: Any,
    thresholds: list[float],
    sample_weight: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
    labels: int | None = None,
) -> Any:
    """True and false positives, false and true negatives, shape (4, thresholds), or (4, thresholds, labels).

    Args:
        y_true: Targets; what is not 0 is positive.
        y_pred: Predictions from 0 to 1, of the same shape.
        thresholds: A prediction above it counts as positive.
        sample_weight: Weights that broadcast to the predictions.
        top_k: How many of the largest predictions of a row may be positive.
        class_id: The class that is looked at.
        labels: Number of labels that are counted apart, on the last axis.
    """
    y_true, y_pred = aligned(y_true, y_pred)
    weights = None
    if sample_weight is not None:
        _, weights = same_rank(y_pred, as_tensor(sample_weight, y_pred.dtype))
        weights = of_class(ops.broadcast_to(weights, y_pred.shape), class_id)
    y_pred = of_class(y_pred if top_k is None else only_top(y_pred, top_k), class_id)
    columns = 1 if labels is None else labels
    shape = (1, -1, columns)
    truth = ops.reshape(ops.cast(ops.not_equal(of_class(y_true, class_id), 0.0), dtype=y_pred.dtype), shape)
    limits = ops.reshape(ops.convert_to_tensor(thresholds, dtype=y_pred.dtype), (-1, 1, 1))
    above = ops.cast(ops.greater(ops.reshape(y_pred, shape), limits), dtype=y_pred.dtype)
    counted = [above * truth, above * (1.0 - truth), (1.0 - above) * truth, (1.0 - above) * (1.0 - truth)]
    if weights is not None:
        counted = [c * ops.reshape(weights, shape) for c in counted]
    sums = ops.stack([ops.sum(c, axis=1) for c in counted], axis=0)
    return sums if labels is not None else sums[..., 0]


def single(values: Any) -> Any:
    """One number instead of an array of one."""
    return values[0] if tuple(values.shape) == (1,) else values


# ---------------------------------------------------------------- counts themselves


class Count(Counting):
    """Base of the four counts.

    Args:
        thresholds: A threshold from 0 to 1, or several; 0.5 by default.
        name: Name in logs.
        dtype: Type of the state.
    """

    row = TP

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.thresholds, self.given = checked_thresholds(thresholds, 0.5), thresholds

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return confusion(y_true, y_pred, self.thresholds, sample_weight)

    def answer(self, counters: Any) -> Any:
        return single(counters[self.row])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.given}


@metric()
class TruePositives(Count):
    """How many predictions are positive and should be.

    Example:
        >>> float(TruePositives()([0, 1, 1], [0.9, 0.8, 0.3]))
        1.0
    """

    row = TP


@metric()
class FalsePositives(Count):
    """How many predictions are positive and should not be.

    Example:
        >>> float(FalsePositives()([0, 1, 1], [0.9, 0.8, 0.3]))
        1.0
    """

    row = FP


@metric()
class FalseNegatives(Count):
    """How many predictions are negative and should not be.

    Example:
        >>> float(FalseNegatives()([0, 1, 1], [0.9, 0.8, 0.3]))
        1.0
    """

    row = FN


@metric()
class TrueNegatives(Count):
    """How many predictions are negative and should be.

    Example:
        >>> float(TrueNegatives()([0, 1, 1], [0.9, 0.8, 0.3]))
        0.0
    """

    row = TN


# ---------------------------------------------------------------- precision and recall


class Rate(Counting):
    """Base of precision and recall.

    Args:
        thresholds: A threshold from 0 to 1, or several; 0.5 by default, none with top_k.
        top_k: How many of the largest predictions of a row may be positive; all by default.
        class_id: The class that is looked at; all by default.
        name: Name in logs.
        dtype: Type of the state.
    """

    larger_is_better = True

    missed = FP

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        self.thresholds, self.given = checked_thresholds(thresholds, 0.5 if top_k is None else NEVER), thresholds
        self.top_k, self.class_id = top_k, class_id

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return confusion(y_true, y_pred, self.thresholds, sample_weight, self.top_k, self.class_id)

    def answer(self, counters: Any) -> Any:
        return single(ratio(counters[TP], counters[TP] + counters[self.missed]))

    def get_config(self) -> dict[str, Any]:
        own = {"thresholds": self.given, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


@metric()
class Precision(Rate):
    """Share of the positive predictions that are right.

    Example:
        >>> float(Precision()([0, 1, 1], [0.9, 0.8, 0.3]))
        0.5
    """

    missed = FP


@metric()
class Recall(Rate):
    """Share of the positive targets that are found.

    Example:
        >>> float(Recall()([0, 1, 1], [0.9, 0.8, 0.3]))
        0.5
    """

    missed = FN


# ---------------------------------------------------------------- one rate where another has a value


class Trade(Counting):
    """Base of metrics that give the best of one rate where another is at least a value.

    Args:
        value: The value, from 0 to 1.
        num_thresholds: How many thresholds are tried.
        class_id: The class that is looked at; all by default.
        name: Name in logs.
        dtype: Type of the state.
    """

    larger_is_better = True

    given_name = "value"

    def __init__(
        self,
        value: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        whole = isinstance(num_thresholds, int) and not isinstance(num_thresholds, bool)
        if not whole or not 1 <= num_thresholds <= MOST:
            raise ValueError(
                f"Expected num_thresholds to be a positive whole number, up to {MOST}. "
                f"Received: num_thresholds={num_thresholds!r}"
            )
        self.value, self.class_id = fraction(self.given_name, value), class_id
        self.num_thresholds = num_thresholds
        inner = evenly(num_thresholds)[1:-1]
        self.thresholds = [0.5] if num_thresholds == 1 else [0.0, *inner, 1.0]

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return confusion(y_true, y_pred, self.thresholds, sample_weight, class_id=self.class_id)

    def rates(self, counters: Any) -> tuple[Any, Any]:
        """The rate that is asked for, and the one that has to reach the value; one per threshold."""
        raise NotImplementedError

    def answer(self, counters: Any) -> Any:
        wanted, held = self.rates(counters)
        return ops.max(ops.where(ops.greater_equal(held, self.value), wanted, 0.0))

    def get_config(self) -> dict[str, Any]:
        own = {self.given_name: self.value, "num_thresholds": self.num_thresholds, "class_id": self.class_id}
        return {**super().get_config(), **own}


def sensitivity(counters: Any) -> Any:
    """Share of the positive targets that are found; recall."""
    return ratio(counters[TP], counters[TP] + counters[FN])


def specificity(counters: Any) -> Any:
    """Share of the negative targets that are found."""
    return ratio(counters[TN], counters[TN] + counters[FP])


def precision(counters: Any) -> Any:
    """Share of the positive predictions that are right."""
    return ratio(counters[TP], counters[TP] + counters[FP])


@metric()
class SensitivityAtSpecificity(Trade):
    """The best sensitivity where the specificity is at least a value."""

    given_name = "specificity"

    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(specificity, num_thresholds, class_id, name, dtype)

    def rates(self, counters: Any) -> tuple[Any, Any]:
        return sensitivity(counters), specificity(counters)


@metric()
class SpecificityAtSensitivity(Trade):
    """The best specificity where the sensitivity is at least a value."""

    given_name = "sensitivity"

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)

    def rates(self, counters: Any) -> tuple[Any, Any]:
        return specificity(counters), sensitivity(counters)


@metric()
class PrecisionAtRecall(Trade):
    """The best precision where the recall is at least a value."""

    given_name = "recall"

    def __init__(
        self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(recall, num_thresholds, class_id, name, dtype)

    def rates(self, counters: Any) -> tuple[Any, Any]:
        return precision(counters), sensitivity(counters)


@metric()
class RecallAtPrecision(Trade):
    """The best recall where the precision is at least a value."""

    given_name = "precision"

    def __init__(
        self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(precision, num_thresholds, class_id, name, dtype)

    def rates(self, counters: Any) -> tuple[Any, Any]:
        return sensitivity(counters), precision(counters)
