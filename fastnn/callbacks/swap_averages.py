"""SwapEMAWeights."""

from __future__ import annotations

from typing import Any

from fastnn.callbacks.base import Callback, Logs


class SwapEMAWeights(Callback):
    """Evaluates and predicts with the averages of the weights that an optimizer keeps; trains on with the weights.

    Args:
        swap_on_epoch: Whether the averages are in place also at the end of epochs, for callbacks behind this one in the
            list, such as ModelCheckpoint.

    Raises:
        ValueError: from fit, if the optimizer has no use_ema=True.

    Example:
        >>> import fastnn
        >>> model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1)])
        >>> model.compile(fastnn.optimizers.SGD(0.1, use_ema=True), "mse")
        >>> history = model.fit([[1.0]], [[1.0]], verbose=0, callbacks=[SwapEMAWeights()])
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._trained: list[tuple[Any, Any]] = []  # weights, and what they are without the averages

    def _put_averages(self) -> None:
        optimizer = self.model.optimizer
        if not getattr(optimizer, "use_ema", False):
            raise ValueError(
                "Expected an optimizer with use_ema=True for SwapEMAWeights. Received: "
                f"{type(optimizer).__name__} with use_ema={getattr(optimizer, 'use_ema', None)}"
            )
        if not self._trained:
            pairs = optimizer.averages()
            self._trained = [(weight, weight.numpy()) for weight, _ in pairs]
            for weight, average in pairs:
                weight.assign(average)

    def _put_back(self) -> None:
        for weight, value in self._trained:
            weight.assign(value)
        self._trained = []

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._put_back()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._put_averages()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._trained = []  # the weights are the averages now

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._put_averages()

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._put_back()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._put_averages()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._put_back()
