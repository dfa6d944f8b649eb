"""Intersection over union of classes, from a confusion matrix."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.losses.base import as_prediction, as_tensor
from fastnn.metrics.base import Counting, metric, ratio

MOST = 10**4  # classes: what is counted is a table of them by them


class ClassOverlap(Counting):
    """Base of metrics that compare class numbers; the counters are a confusion matrix, targets by rows.

    Args:
        num_classes: Number of classes.
        name: Name in logs.
        dtype: Type of the state.
        ignore_class: Class number of targets that do not count.
        sparse_y_true: Whether targets are class numbers, rather than one value per class.
        sparse_y_pred: Whether predictions are.
        axis: Along which the classes lie where they are not numbers.
    """

    larger_is_better = True

    config_names: tuple[str, ...] = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(None if dtype in (None, "int", "int32", "int64") else dtype, name)
        if isinstance(num_classes, bool) or not isinstance(num_classes, int) or not 1 <= num_classes <= MOST:
            raise ValueError(
                f"Expected num_classes to be a positive whole number, up to {MOST}. "
                f"Received: num_classes={num_classes!r}"
            )
        self.num_classes, self.ignore_class, self.axis = num_classes, ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        y_true = self.numbers(as_tensor(y_true), self.sparse_y_true)
        y_pred = self.numbers(as_tensor(y_pred), self.sparse_y_pred)
        counted = ops.logical_and(self.known(y_true), self.known(y_pred))
        if self.ignore_class is not None:
            counted = ops.logical_and(counted, ops.not_equal(y_true, self.ignore_class))
        weights = ops.cast(counted, dtype=self.dtype)
        if sample_weight is not None:
            given = ops.reshape(as_prediction(sample_weight), (-1,))
            weights = weights * ops.cast(ops.broadcast_to(given, weights.shape), dtype=self.dtype)
        rows, columns = (ops.one_hot(ops.where(counted, y, 0), self.num_classes, dtype=self.dtype)
                         for y in (y_true, y_pred))  # fmt: skip
        return ops.matmul(ops.transpose(rows * ops.expand_dims(weights, -1)), columns)

    def numbers(self, values: Any, sparse: bool) -> Any:
        """Class numbers in one row."""
        found = values if sparse else ops.argmax(values, axis=self.axis)
        return ops.cast(ops.reshape(found, (-1,)), dtype="int32")

    def known(self, numbers: Any) -> Any:
        """Whether a number is that of a class."""
        return ops.logical_and(ops.greater_equal(numbers, 0), ops.less(numbers, self.num_classes))

    def overlaps(self, counters: Any) -> tuple[Any, Any]:
        """Intersection over union of every class, and whether the class occurs."""
        both = ops.diagonal(counters)
        union = ops.sum(counters, axis=0) + ops.sum(counters, axis=1) - both
        return ratio(both, union), ops.cast(ops.greater(union, 0.0), dtype=counters.dtype)


@metric()
class IoU(ClassOverlap):
    """Mean intersection over union of some classes.

    Args:
        num_classes: Number of classes.
        target_class_ids: The classes.
        name: Name in logs.
        dtype: Type of the state.
        ignore_class: Class number of targets that do not count.
        sparse_y_true: Whether targets are class numbers.
        sparse_y_pred: Whether predictions are.
        axis: Along which the classes lie where they are not numbers.

    Raises:
        ValueError: if a class is out of range.

    Example:
        >>> round(float(IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    config_names = (*ClassOverlap.config_names, "target_class_ids")

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Any,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)
        self.target_class_ids = [int(i) for i in target_class_ids]
        for number in self.target_class_ids:
            if not 0 <= number < num_classes:
                raise ValueError(f"Expected target_class_ids from 0 to {num_classes - 1}. Received: {number}")

    def answer(self, counters: Any) -> Any:
        overlap, occurs = self.overlaps(counters)
        chosen = ops.convert_to_tensor(self.target_class_ids, dtype="int32")
        overlap, occurs = ops.take(overlap, chosen, axis=0), ops.take(occurs, chosen, axis=0)
        return ratio(ops.sum(overlap), ops.sum(occurs))


@metric()
class BinaryIoU(IoU):
    """Mean intersection over union of the classes 0 and 1, predictions above a threshold being 1.

    Args:
        target_class_ids: The classes, some of 0 and 1.
        threshold: The threshold.
        name: Name in logs.
        dtype: Type of the state.

    Example:
        >>> round(float(BinaryIoU([0, 1], threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
        0.3333
    """

    def __init__(
        self, target_class_ids: Any = (0, 1), threshold: float = 0.5, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        above = ops.cast(ops.greater_equal(as_prediction(y_pred), self.threshold), dtype="int32")
        return super().count(y_true, above, sample_weight)

    def get_config(self) -> dict[str, Any]:
        base = {key: value for key, value in super().get_config().items() if key not in ClassOverlap.config_names}
        return {**base, "threshold": self.threshold}


@metric()
class MeanIoU(IoU):
    """Mean intersection over union of all classes.

    Args:
        num_classes: Number of classes.
        name: Name in logs.
        dtype: Type of the state.
        ignore_class: Class number of targets that do not count.
        sparse_y_true: Whether targets are class numbers.
        sparse_y_pred: Whether predictions are.
        axis: Along which the classes lie where they are not numbers.

    Example:
        >>> round(float(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    config_names = ClassOverlap.config_names

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        classes = list(range(num_classes)) if isinstance(num_classes, int) else []
        super().__init__(num_classes, classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


@metric()
class OneHotIoU(IoU):
    """`IoU` of one-hot targets.

    Args:
        num_classes: Number of classes.
        target_class_ids: The classes.
        name: Name in logs.
        dtype: Type of the state.
        ignore_class: Class number of targets that do not count.
        sparse_y_pred: Whether predictions are class numbers.
        axis: Along which the classes lie.
    """

    config_names = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Any,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


@metric()
class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot targets.

    Args:
        num_classes: Number of classes.
        name: Name in logs.
        dtype: Type of the state.
        ignore_class: Class number of targets that do not count.
        sparse_y_pred: Whether predictions are class numbers.
        axis: Along which the classes lie.
    """

    config_names = ("num_classes", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
