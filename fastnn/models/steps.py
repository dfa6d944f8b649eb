"""What one training step does, in parts that a subclass may write anew, with the names that Keras gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn import metrics
from fastnn.engine.nested import flatten
from fastnn.engine.tape import GradientTape
from fastnn.metrics.base import Mean
from fastnn.models.data import split, unpack_x_y_sample_weight

if TYPE_CHECKING:
    from fastnn.models.compiling import Aim


class Steps:
    """Mixin of models: the training step in parts. `fit` uses them only where a subclass has written one of its own."""

    optimizer: Any
    _loss_tracker: Any = None

    if TYPE_CHECKING:
        trainable_weights: list[Any]
        losses: list[Any]

        def _aims_of(self, y_pred: Any) -> list[Aim]: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def train_step(self, data: Any) -> dict[str, Any]:
        """Forward, loss, gradients, update and metrics for one batch; written down once, then run as a step list.

        Args:
            data: x, or (x, y), or (x, y, sample_weight).

        Returns:
            Numbers by name, for the logs.

        Example:
            >>> import fastnn
            >>> class Halving(fastnn.Model):
            ...     def train_step(self, data):
            ...         x, y = data
            ...         with fastnn.GradientTape() as tape:
            ...             loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            ...         gradients = tape.gradient(loss, self.trainable_variables)
            ...         halves = [g * 0.5 for g in gradients]
            ...         self.optimizer.apply_gradients(zip(halves, self.trainable_variables))
            ...         return {"loss": loss}
            >>> x = fastnn.Input((1,))
            >>> model = Halving(x, fastnn.layers.Dense(1)(x))
            >>> model.compile("sgd", "mse")
            >>> list(model.fit([[1.0]], [[2.0]], verbose=0).history)
            ['loss']
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        self._track(loss)
        variables = self.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Forward, loss and metrics for one batch.

        Args:
            data: x, or (x, y), or (x, y, sample_weight).

        Returns:
            Numbers by name, for the logs.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        self._track(self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss that `compile` was told, with penalties and what layers have added.

        Args:
            x: Inputs; not used here.
            y: Targets.
            y_pred: The model's outputs.
            sample_weight: A weight per sample, or None.
            training: Not used here.

        Raises:
            ValueError: if there is no loss.
        """
        aims = self._aims_of(y_pred)
        names = [aim.name for aim in aims]
        targets, weights = (
            split(given, names, "y") if len(aims) > 1 and given is not None else [given] * len(aims)
            for given in (y, sample_weight)
        )
        terms = []
        for aim, goal, output, weight in zip(aims, targets, flatten(y_pred), weights, strict=True):
            if aim.loss is not None:
                terms.append(aim.loss(goal, output, weight) * aim.weight)
        terms += self.losses
        if not terms:
            raise ValueError("No loss to compute. Expected a `loss` argument in `compile()`. Received: None")
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Let the metrics that `compile` was told see a batch, and return all results.

        Args:
            x: Inputs; not used here.
            y: Targets.
            y_pred: The model's outputs.
            sample_weight: A weight per sample, or None.
        """
        aims = self._aims_of(y_pred)
        goals = split(y, [aim.name for aim in aims], "y") if len(aims) > 1 else [y]
        for aim, goal, output in zip(aims, goals, flatten(y_pred), strict=True):
            for _, metric in aim.metrics:
                metric.update_state(goal, output)
            for _, metric in aim.weighted:
                metric.update_state(goal, output, sample_weight=sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The results of all metrics by name."""
        named = {metric.name: metric for metric in self.metrics}
        for aim in self._compiled_aims():
            named.update(dict((*aim.metrics, *aim.weighted)))
        return {name: metric.result() for name, metric in named.items()}

    @property
    def metrics_variables(self) -> list[Any]:
        """What all metrics remember."""
        return [v for metric in self.metrics for v in metric.variables]

    def _track(self, loss: Any) -> None:
        if self._loss_tracker is None:
            self._loss_tracker = Mean(name="loss")
        self._loss_tracker.update_state(loss)

    @property
    def metrics(self) -> list[Any]:
        """The metrics: the tracker of the loss where there is one, those of `compile`, and those held as attributes."""
        found = [self._loss_tracker] if self._loss_tracker is not None else []
        for aim in self._compiled_aims():
            found += [metric for _, metric in (*aim.metrics, *aim.weighted)]
        return list({id(m): m for m in [*found, *held_metrics(self)]}.values())

    def _trackers(self) -> dict[str, Any]:
        """Metrics held as attributes, which `call` updates: by name in logs, without those of `compile`."""
        asked = [metric for aim in self._compiled_aims() for _, metric in (*aim.metrics, *aim.weighted)]
        known = [self._loss_tracker, *asked]
        return {m.name: m for m in held_metrics(self) if not any(m is k for k in known)}

    def _compiled_aims(self) -> list[Aim]:
        raise NotImplementedError

    def reset_metrics(self) -> None:
        """Let all metrics forget what they have seen."""
        for metric in self.metrics:
            metric.reset_state()


def held_metrics(layer: Any) -> list[Any]:
    """Metrics in the attributes of a layer, then in those of the layers in it."""
    own = [x for x in flatten(list(vars(layer).values())) if isinstance(x, metrics.Metric)]
    return own + [metric for inner in layer.sublayers() for metric in held_metrics(inner)]
