"""fit, evaluate, predict: the loops over batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fastnn import config
from fastnn.callbacks import History
from fastnn.callbacks.base import BATCH_HOOKS, CallbackList, flattened
from fastnn.callbacks.progress import Progress, own_level, verbosity
from fastnn.compat.spellings import LogBook, old_arguments
from fastnn.engine.batches import epoch_order
from fastnn.engine.nested import flatten, map_structure
from fastnn.engine.plan import Plan
from fastnn.errors import ValueNeededError
from fastnn.models import data
from fastnn.models.loops import Averages, Batches, OneByOne, Ran, check_counts, in_order
from fastnn.models.network import alone
from fastnn.models.planning import Array, Feeds, Planning
from fastnn.models.rows import as_one_array, join, split_off
from fastnn.models.sharing import SharedAverages, SharedBatches, Team
from fastnn.models.streams import Rounds, Stream, inputs_of, is_stream
from fastnn.utils.naming import with_known_names


class Training(Planning):
    """Mixin of models: the loops over batches."""

    stop_training = False
    history: Any = None
    ran: Ran | None = None  # the batch before the present hook
    _initial_epoch: int | None = None  # where a callback wants training to go on

    def _batches(self, feeds: Feeds, batch_size: Any, training: bool, limit: int | None = None) -> Batches | OneByOne:
        size = checked_size(batch_size)
        if limit is not None:
            check_counts(1, steps=limit)
        count = data.check_lengths(feeds)
        try:
            if self._team is not None:
                return self._shared(self._team, feeds, count, size, training, limit)
            if not self._one_by_one(training):
                table = self._metric_table(self._aims())
                plans = (lambda n: self._plan(n, feeds, training), feeds, count, size)
                return Batches(*plans, Averages(table, self._trackers()), limit)
        except ValueNeededError as error:
            self._note_decisions(error)
        return OneByOne(self._runner(training), feeds, count, size, limit)

    def _shared(
        self, team: Team, feeds: Feeds, count: int, size: int, training: bool, limit: int | None
    ) -> SharedBatches:
        averages = SharedAverages(self._metric_table(self._aims()))
        return SharedBatches(
            team, lambda part: self._plan(part.size, feeds, training, part), feeds, count, size, averages, limit
        )

    # ------------------------------------------------------------ fit

    @old_arguments("fit")
    @with_known_names
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> History:
        """Train.

        Args:
            x: Inputs: an array, a list or dict of arrays, or a generator of batches (x, y) or (x, y, sample_weight).
            y: Targets, unless x gives them.
            batch_size: Rows of a batch; 32 by default. The last batch of an epoch may be smaller.
            epochs: Number of the last epoch.
            verbose: 0 silent, 1 a moving line, 2 one line per epoch.
            callbacks: Callbacks; those without batch hooks cost nothing per batch.
            validation_split: Share of the data, taken from its end, that is kept aside to evaluate.
            validation_data: (x, y) or (x, y, sample_weight) to evaluate after every epoch.
            shuffle: Whether every epoch has its own order.
            class_weight: Weights by class number.
            sample_weight: A weight per sample.
            initial_epoch: Number of the first epoch.
            steps_per_epoch: Batches per epoch, for generators, or fewer than the data has.
            validation_steps: Batches of the validation data to use.
            validation_batch_size: Rows of a validation batch; batch_size by default.
            validation_freq: Epochs between evaluations, or a list of epochs, counted from 1, after which to evaluate.

        Returns:
            The history of losses and metrics.

        Raises:
            ValueError: for data or arguments that do not fit.

        Example:
            >>> import fastnn
            >>> model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1)])
            >>> model.compile("sgd", "mse")
            >>> history = model.fit([[0.0], [1.0]], [[1.0], [3.0]], epochs=3, verbose=0)
            >>> len(history.history["loss"])
            3
        """
        self._require_compiled()
        check_counts(0, epochs=epochs, initial_epoch=initial_epoch)
        turns = [validation_freq] if isinstance(validation_freq, (int, str, float)) else list(validation_freq)
        for turn in turns:
            check_counts(1, validation_freq=turn)
        validation_size = batch_size if validation_batch_size is None else validation_batch_size
        self.stop_training, self._initial_epoch, self.ran = False, None, None
        self._keep_values = any(getattr(c, "reads_values", False) for c in flattened(callbacks))
        level = verbosity(verbose)
        if is_stream(x):
            refuse_beside_stream(y=y, sample_weight=sample_weight, validation_split=validation_split or None)
            rounds: Any = Rounds(self, Stream(x, steps_per_epoch, bool(shuffle)), class_weight)
        else:
            if self.network is not None and len(self.network.inputs) == 1:
                x = as_one_array(x)
            if self.network is not None and len(self.network.outputs) == 1:
                y = as_one_array(y)
            x, y, sample_weight, validation_data = split_off(validation_split, x, y, sample_weight, validation_data)
            feeds = self.prepare_data(x, y, sample_weight, class_weight)
            if y is None and not self._own_step(True) and any(aim.compared for aim in self._aims()):
                raise ValueError("Expected targets y. Received: None")
            rounds = self._batches(feeds, batch_size, True, steps_per_epoch)
        calls = CallbackList(callbacks, True, model=self, epochs=epochs, steps=len(rounds) or None, verbose=level)
        history: History = self.history
        check = self._validation(validation_data, validation_size, validation_steps)
        progress = Progress(own_level(level, calls), len(rounds), epochs)
        calls.call("on_train_begin", {})
        logs: dict[str, float] = {}
        first = self._initial_epoch or initial_epoch
        if isinstance(rounds, Rounds):
            rounds.stream.passes = first
        for epoch in range(first, epochs):
            logs = self._epoch(epoch, rounds, bool(shuffle), calls, progress)
            due = (epoch + 1) % turns[0] == 0 if turns == [validation_freq] else epoch + 1 in turns
            if check is not None and due:
                logs.update(
                    {f"val_{key}": value for key, value in self._validate(check, calls, Progress(0, 0)).items()}
                )
            logs = LogBook(sorted(logs.items()))
            calls.call("on_epoch_end", epoch, logs)
            progress.end(logs)
            if self.stop_training:
                break
        if epochs > first:
            self.optimizer.finalize_variable_values(self.trainable_weights)
        calls.call("on_train_end", logs)
        self.ran, self._keep_values = None, False
        return history

    def _epoch(
        self, epoch: int, rounds: Any, shuffle: bool, calls: CallbackList, progress: Progress
    ) -> dict[str, float]:
        calls.call("on_epoch_begin", epoch, {})
        progress.begin_epoch(epoch)
        if not isinstance(rounds, (Batches, OneByOne)):
            return rounds.run(calls, progress)
        order = epoch_order(rounds.count, shuffle, config.global_seed(), int(self.optimizer.iterations.value))
        if calls.wants(*BATCH_HOOKS["train"]):
            self._by_batches(rounds, order, calls, "train", progress)
        else:
            self._by_calls(rounds, order, progress)
        return rounds.averages.logs()

    def _by_calls(self, rounds: Batches | OneByOne, order: Array, progress: Progress) -> None:
        """Run an epoch in as few calls as let the progress move."""
        told = (lambda done: progress.tell(done, rounds.averages.logs)) if progress.moving else None
        rounds.run(order, progress.seconds, told)

    def _by_batches(
        self, rounds: Batches | OneByOne, order: Array, calls: CallbackList, kind: str, progress: Progress
    ) -> None:
        begin, end = BATCH_HOOKS[kind]
        rounds.averages.start()
        for batch in range(len(rounds)):
            calls.call(begin, batch, {})
            rounds.run_one(order, batch)
            self.ran = Ran(rounds.ran, order[batch * rounds.size : (batch + 1) * rounds.size])
            calls.call(end, batch, LogBook(sorted(rounds.averages.logs().items())))
            progress.tell(batch + 1, rounds.averages.logs)
            if kind == "train" and self.stop_training:
                return

    def _validation(self, given: Any, batch_size: int | None, steps: int | None) -> Any:
        if given is None:
            return None
        if is_stream(given):
            return Rounds(self, Stream(given, steps), training=False)
        if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
            raise ValueError(
                "Expected validation_data=(x, y) or (x, y, sample_weight). Received: " + data.describe(given)
            )
        x, y, sample_weight = (*given, None)[:3]
        feeds = self.prepare_data(x, y, sample_weight, training=False)
        return self._batches(feeds, batch_size, False, steps)

    def _validate(self, check: Any, calls: CallbackList, progress: Progress) -> dict[str, float]:
        calls.call("on_test_begin", {})
        if isinstance(check, (Batches, OneByOne)):
            order = in_order(check.count)
            if calls.wants(*BATCH_HOOKS["test"]):
                self._by_batches(check, order, calls, "test", progress)
            else:
                self._by_calls(check, order, progress)
            logs = check.averages.logs()
        else:
            logs = check.run(calls, progress)
        calls.call("on_test_end", logs)
        return logs

    # ------------------------------------------------------------ evaluate and predict

    @with_known_names
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics on data, without training.

        Args:
            x: Inputs, as for `fit`.
            y: Targets.
            batch_size: Rows of a batch; 32 by default.
            verbose: 0 silent, 1 or 2 one line.
            sample_weight: A weight per sample.
            steps: Batches to use.
            callbacks: Callbacks.
            return_dict: Whether to return a dict by name.

        Returns:
            The loss; with metrics a list in the order of `metrics_names`, or a dict.
        """
        self._require_compiled()
        if is_stream(x):
            refuse_beside_stream(y=y, sample_weight=sample_weight)
            check: Any = Rounds(self, Stream(x, steps), training=False)
        else:
            if y is None and not self._own_step(False):
                raise ValueError("Expected targets y. Received: None")
            check = self._batches(self.prepare_data(x, y, sample_weight, training=False), batch_size, False, steps)
        level = verbosity(verbose)
        calls = CallbackList(callbacks, model=self, verbose=level, epochs=1, steps=len(check) or None)
        progress = Progress(own_level(level, calls), len(check))
        progress.begin()
        logs = self._validate(check, calls, progress)
        progress.end(dict(sorted(logs.items())))
        return self._as_result(logs, return_dict)

    def _as_result(self, logs: Mapping[str, float], return_dict: bool) -> Any:
        if return_dict:
            return dict(sorted(logs.items()))
        known = [name for name in (self.metrics_names if self.compiled else []) if name in logs]
        values = [logs[name] for name in [*known, *sorted(set(logs) - set(known))]]
        return values[0] if len(values) == 1 else values

    @with_known_names
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs for inputs, as arrays.

        Args:
            x: Inputs, as for `fit`.
            batch_size: Rows of a batch; 32 by default.
            verbose: 0 silent, 1 or 2 one line.
            steps: Batches to use.
            callbacks: Callbacks.

        Returns:
            An array, or a list or dict of arrays for several outputs.
        """
        level = verbosity(verbose)
        if is_stream(x):
            stream = Stream(x, steps)
            calls = CallbackList(callbacks, model=self, verbose=level, epochs=1, steps=len(stream) or None)
            progress = Progress(own_level(level, calls), len(stream))
            return join(
                self._predicted(calls, progress, (self._prepare_inputs(inputs_of(batch)) for batch in stream.batches()))
            )
        feeds = self._prepare_inputs(x)
        count, size = data.check_lengths(feeds), checked_size(batch_size)
        if steps is not None:
            check_counts(1, steps=steps)
        batches = -(-count // size) if steps is None else min(steps, -(-count // size))
        calls = CallbackList(callbacks, model=self, verbose=level, epochs=1, steps=batches)
        cuts = ({n: a[k * size : (k + 1) * size] for n, a in feeds.items()} for k in range(batches))
        parts = self._predicted(calls, Progress(own_level(level, calls), batches), cuts)
        columns = zip(*(flatten(part) for part in parts), strict=True)
        return self._nest_outputs([np.concatenate(column) for column in columns])

    def _predicted(self, calls: CallbackList, progress: Progress, batches: Iterable[Feeds]) -> list[Any]:
        """The outputs of every batch."""
        progress.begin()
        calls.call("on_predict_begin", {})
        parts: list[Any] = []
        plans: dict[Any, Plan] = {}  # of this call: what a plan depends on is looked through once for every shape
        for k, feeds in enumerate(batches):
            calls.call("on_predict_batch_begin", k, {})
            shapes = tuple(array.shape for array in feeds.values())
            if shapes not in plans or calls or self._decides_on_values:
                plans[shapes] = self._plan_for(feeds, None)
            parts.append(self._nest_outputs(self._outputs(plans[shapes], feeds)))
            calls.call("on_predict_batch_end", k, {"outputs": parts[-1]})
            progress.tell(k + 1)
        calls.call("on_predict_end", {})
        progress.steps = progress.steps or len(parts)
        progress.end({})
        return parts

    def _forward(self, feeds: Feeds) -> list[Array]:
        return self._outputs(self._plan_for(feeds, None), feeds)

    def _outputs(self, plan: Plan, feeds: Feeds) -> list[Array]:
        with plan.lock:
            for name, array in feeds.items():
                plan.load(name, array)
            plan.run()
            return [plan.array(name).copy() for name in plan.listing.outputs]

    def _nest_outputs(self, arrays: Sequence[Array]) -> Any:
        left = iter(arrays)
        nest = alone(self.network.output_structure) if self.network is not None else self._output_nest
        return map_structure(lambda _: next(left), nest)

    # ------------------------------------------------------------ single batches

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One training step on one batch.

        Args:
            x: Inputs.
            y: Targets.
            sample_weight: A weight per sample.
            class_weight: Weights by class number.
            return_dict: Whether to return a dict by name.

        Returns:
            The loss, or loss and metrics, of this batch before the update.
        """
        return self._one_batch(self.prepare_data(x, y, sample_weight, class_weight), True, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of one batch, without training.

        Args:
            x: Inputs.
            y: Targets.
            sample_weight: A weight per sample.
            return_dict: Whether to return a dict by name.
        """
        return self._one_batch(self.prepare_data(x, y, sample_weight, training=False), False, return_dict)

    def _one_batch(self, feeds: Feeds, training: bool, return_dict: bool) -> Any:
        self._require_compiled()
        rounds = self._batches(feeds, data.check_lengths(feeds), training)
        rounds.run(in_order(rounds.count))
        return self._as_result(rounds.averages.logs(), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as arrays.

        Args:
            x: Inputs.
        """
        return self._nest_outputs(self._forward(self._prepare_inputs(x)))


def checked_size(batch_size: Any) -> int:
    """Rows of a batch; 32 by default.

    Raises:
        ValueError: unless it is a positive whole number.
    """
    if batch_size is None:
        return 32
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"Expected batch_size to be a positive integer or None. Received: batch_size={batch_size!r}")
    return int(batch_size)


def refuse_beside_stream(**given: Any) -> None:
    """Raise ValueError for arguments that a generator or dataset has to give itself."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"Expected no {name} when x is a generator or dataset, which gives it batch by batch. "
                f"Received: {name}={type(value).__name__}"
            )
