"""The area under a curve that a threshold draws."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.losses.base import aligned
from fastnn.metrics.base import Counting, metric, ratio
from fastnn.metrics.confusion import FN, FP, MOST, TN, TP, checked_thresholds, confusion, evenly, precision, sensitivity

CURVES = ("ROC", "PR")
SUMMATIONS = ("interpolation", "minoring", "majoring")


def a_word(name: str, value: str, words: tuple[str, ...]) -> str:
    """One of a few words.

    Raises:
        ValueError: for another one.
    """
    if value not in words:
        raise ValueError(f"Expected {name} to be one of {words}. Received: {name}={value!r}")
    return value


@metric()
class AUC(Counting):
    """Area under the curve of true positive over false positive rate (ROC), or of precision over recall (PR).

    Args:
        num_thresholds: How many thresholds the curve is drawn from.
        curve: 'ROC' or 'PR'.
        summation_method: 'interpolation', 'minoring' or 'majoring': how the area between two points is taken.
        name: Name in logs.
        dtype: Type of the state.
        thresholds: Thresholds from 0 to 1 instead of even ones.
        multi_label: Whether labels on the last axis have curves of their own, whose areas are averaged.
        num_labels: Number of labels, where it is not known from the data.
        label_weights: Weights of the labels in the average.
        from_logits: Whether predictions are logits.

    Raises:
        ValueError: for other words, or thresholds outside 0 to 1.

    Example:
        >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
        0.75

    Source: Davis and Goadrich, The relationship between precision-recall and ROC curves, 2006.
    """

    larger_is_better = True

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        self.curve = a_word("curve", str(curve).upper(), CURVES)
        self.summation_method = a_word("summation_method", str(summation_method).lower(), SUMMATIONS)
        if thresholds is None and (not isinstance(num_thresholds, int) or not 2 <= num_thresholds <= MOST):
            raise ValueError(
                f"Expected num_thresholds to be 2 or more, up to {MOST}. Received: num_thresholds={num_thresholds!r}"
            )
        inner = None if thresholds is None else sorted(checked_thresholds(list(thresholds), 0.5))
        self.thresholds = evenly(num_thresholds) if inner is None else [-1e-7, *inner, 1.0 + 1e-7]
        self.given, self.num_thresholds = thresholds, len(self.thresholds)
        self.multi_label, self.num_labels, self.from_logits = bool(multi_label), num_labels, bool(from_logits)
        self.label_weights = None if label_weights is None else list(label_weights)

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        y_true, y_pred = aligned(y_true, y_pred)
        y_pred = ops.sigmoid(y_pred) if self.from_logits else y_pred
        apart = y_pred.shape[-1] if self.multi_label else None
        if self.given is None:
            y_pred = ops.clip(y_pred, 0.0, 1.0)  # as Keras does where thresholds are even
        return confusion(y_true, y_pred, self.thresholds, sample_weight, labels=apart)

    def answer(self, counters: Any) -> Any:
        interpolated = self.curve == "PR" and self.summation_method == "interpolation"
        parts = self.interpolated(counters) if interpolated else self.summed(counters)
        if not self.multi_label:
            return ops.sum(parts)
        areas = ops.sum(parts, axis=0)
        if self.label_weights is None:
            return ops.mean(areas)
        weights = ops.convert_to_tensor(self.label_weights, dtype=areas.dtype)
        return ratio(ops.sum(areas * weights), ops.sum(weights))

    def summed(self, counters: Any) -> Any:
        """Areas between neighbouring points of the curve."""
        x, y = sensitivity(counters), precision(counters)
        if self.curve == "ROC":
            x, y = ratio(counters[FP], counters[FP] + counters[TN]), x
        left, right = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            heights = (left + right) / 2.0
        else:
            heights = (ops.minimum if self.summation_method == "minoring" else ops.maximum)(left, right)
        return (x[:-1] - x[1:]) * heights

    def interpolated(self, counters: Any) -> Any:
        """Areas under precision over recall, true positives going straight from point to point."""
        found, positive = counters[TP], counters[TP] + counters[FP]
        more = found[:-1] - found[1:]
        slope = ratio(more, ops.maximum(positive[:-1] - positive[1:], 0.0))
        intercept = found[1:] - slope * positive[1:]
        both = ops.logical_and(ops.greater(positive[:-1], 0.0), ops.greater(positive[1:], 0.0))
        growth = ops.where(both, ratio(positive[:-1], ops.maximum(positive[1:], 0.0)), 1.0)
        gain = slope * (more + intercept * ops.log(growth))
        return ratio(gain, ops.maximum(counters[TP][1:] + counters[FN][1:], 0.0))

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "thresholds": self.given,
            "from_logits": self.from_logits,
        }
        return {**super().get_config(), **own}
