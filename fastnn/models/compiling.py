"""What `compile` was told, resolved for every output: its loss, the loss's weight, its metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastnn import losses, metrics
from fastnn.losses.base import FUNCTIONS
from fastnn.optimizers import Optimizer
from fastnn.utils.naming import did_you_mean
from fastnn.utils.registry import serialize


@dataclass
class Aim:
    """What one output is compared with and how.

    Args:
        name: Name of the output.
        shape: Its shape, None for the batch.
        loss: Its loss, or None.
        weight: Weight of the loss in the total.
        metrics: Pairs of name in logs and metric.
        weighted: The same, for metrics that see sample weights.
    """

    name: str
    shape: tuple[int | None, ...]
    loss: losses.Loss | None = None
    weight: float = 1.0
    metrics: list[tuple[str, Any]] = field(default_factory=list)
    weighted: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def compared(self) -> bool:
        """Whether the output has a target."""
        return self.loss is not None or bool(self.metrics or self.weighted)

    @property
    def labels(self) -> bool:
        """Whether targets are class numbers."""
        if self.loss is not None:
            return self.loss.labels
        return any(m.labels for _, m in [*self.metrics, *self.weighted])

    @property
    def any_shape(self) -> bool:
        """Whether the loss is a user's own, which may take targets of any shape."""
        known = FUNCTIONS.values()
        return self.loss is not None and getattr(self.loss, "fn", None) not in known


@dataclass
class Settings:
    """The arguments of `compile` as given, and the optimizer made of them."""

    optimizer: Optimizer
    loss: Any = None
    loss_weights: Any = None
    metrics: Any = None
    weighted_metrics: Any = None

    def aims(self, names: Sequence[str], shapes: Sequence[tuple[int | None, ...]]) -> list[Aim]:
        """What every output is compared with."""
        found = [Aim(n, s) for n, s in zip(names, shapes, strict=True)]
        if isinstance(self.loss, Mapping) and set(self.loss) < set(names):
            raise ValueError(
                f"Expected a loss for each of the outputs {list(names)}; None for one without. "
                f"Received: loss for {list(self.loss)}"
            )
        weights = per_output("loss_weights", self.loss_weights, names)
        for aim, loss, weight in zip(found, per_output("loss", self.loss, names), weights, strict=True):
            aim.loss = None if loss is None else losses.as_loss(loss)
            aim.weight = 1.0 if weight is None else float(weight)
            if not math.isfinite(aim.weight):
                raise ValueError(
                    f"Expected loss_weights to be finite numbers. Received: loss_weights={self.loss_weights}"
                )
        for key, spec in (("metrics", self.metrics), ("weighted", self.weighted_metrics)):
            for aim, some in zip(found, metrics_per_output(spec, names), strict=True):
                taken = [name for name, _ in aim.metrics] if key == "weighted" else []
                named = named_metrics(aim, some, len(names) > 1)
                setattr(aim, key, [(f"weighted_{n}" if n in taken else n, m) for n, m in named])
        return found

    def get_config(self) -> dict[str, Any]:
        """The settings as a Keras file has them."""
        return {
            "optimizer": serialize(self.optimizer),
            "loss": serialize(self.loss),
            "loss_weights": serialize(self.loss_weights),
            "metrics": serialize(self.metrics),
            "weighted_metrics": serialize(self.weighted_metrics),
            "run_eagerly": False,
            "steps_per_execution": 1,
            "jit_compile": False,
        }


def check_names(what: str, given: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuse keys that are no outputs."""
    for key in given:
        if key not in names:
            raise ValueError(
                f"Expected {what} for outputs {list(names)}. Received: {key!r}; {did_you_mean(str(key), names)}"
            )


def per_output(what: str, given: Any, names: Sequence[str]) -> list[Any]:
    """One entry per output; a single one is for all."""
    if isinstance(given, Mapping) and "class_name" not in given:
        check_names(what, given, names)
        return [given.get(n) for n in names]
    if isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ValueError(f"Expected {what} for {len(names)} output(s), {list(names)}. Received: {len(given)}")
        return list(given)
    return [given] * len(names)


def metrics_per_output(given: Any, names: Sequence[str]) -> list[list[Any]]:
    """A list of metrics for every output."""
    if given is None:
        return [[] for _ in names]
    if isinstance(given, Mapping):
        check_names("metrics", given, names)
        return [as_list(given.get(n)) for n in names]
    if not isinstance(given, (list, tuple)):
        given = [given]
    if len(names) == 1:
        return [as_list(given[0]) if len(given) == 1 else list(given)]
    if len(given) != len(names):
        raise ValueError(
            f"Expected metrics for {len(names)} outputs, {list(names)}, one entry each. Received: {len(given)} entries"
        )
    return [as_list(some) for some in given]


def as_list(some: Any) -> list[Any]:
    """None as nothing, one thing as a list."""
    return [] if some is None else list(some) if isinstance(some, (list, tuple)) else [some]


def named_metrics(aim: Aim, some: Sequence[Any], several_outputs: bool) -> list[tuple[str, Any]]:
    """Metric objects with their names in logs, the output's name in front where there are several."""
    found: list[tuple[str, Any]] = []
    for identifier in some:
        labels = aim.loss is not None and aim.loss.labels
        metric = metrics.as_metric(identifier, labels, int(aim.shape[-1] or 0) if aim.shape else 0)
        name = f"{aim.name}_{metric.name}" if several_outputs else metric.name
        if metric.name == "loss":
            raise ValueError("Expected a metric of another name than 'loss', which the loss has. Received: name='loss'")
        taken = [n for n, _ in found]
        unique, k = name, 1
        while unique in taken:
            unique, k = f"{name}_{k}", k + 1
        found.append((unique, metric))
    return found
