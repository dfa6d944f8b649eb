"""compile, fit, evaluate, predict: what a model does besides being a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config, optimizers
from fastnn.callbacks.base import BATCH_HOOKS, CallbackList, History
from fastnn.engine import graph
from fastnn.engine.batches import epoch_order
from fastnn.engine.graph import SymbolicTensor, flatten, map_structure
from fastnn.engine.plan import Plan, StepList
from fastnn.engine.tensor import Tensor, Variable
from fastnn.models import data
from fastnn.models.compiling import Aim, Settings
from fastnn.models.listing import Writer
from fastnn.models.loops import Batches, in_order
from fastnn.models.progress import Progress
from fastnn.models.streams import is_stream, stream

if TYPE_CHECKING:
    from fastnn.models.network import Network

Array = NDArray[Any]
Feeds = dict[str, Array]
REMEMBERED_PLANS = 16


class Training:
    """Mixin of models: settings, plans, and the loops over batches."""

    name: str
    dtype: str
    optimizer: Any = None
    stop_training = False
    history: Any = None
    _settings: Settings | None = None
    _input_nest: Any = None
    _output_nest: Any = None

    if TYPE_CHECKING:

        @property
        def network(self) -> Network | None: ...

        weights: list[Variable]
        trainable_weights: list[Variable]

        def _run(self, args: Any, kwargs: Any) -> Any: ...
        def _ensure_built(self, args: Any, kwargs: Any) -> None: ...

    # ------------------------------------------------------------ compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Choose optimizer, loss and metrics.

        Args:
            optimizer: Name or object.
            loss: Name, function or object; a list or dict of them for several outputs.
            metrics: List of names, functions or objects; a list of lists or a dict for several outputs.
            loss_weights: A factor for each output's loss: list or dict.
            weighted_metrics: Like metrics, but they see sample weights.
            run_eagerly: Ignored: every training step is a list that can be stepped through.
            steps_per_execution: Ignored: batches run in C as many at a time as callbacks allow.
            jit_compile: Ignored.
            auto_scale_loss: Ignored.

        Raises:
            ValueError: for unknown names.

        Example:
            >>> import fastnn
            >>> model = fastnn.Sequential([fastnn.layers.Input((2,)), fastnn.layers.Dense(1)])
            >>> model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
        """
        self.optimizer = optimizers.get(optimizer)
        self._settings = Settings(self.optimizer, loss, loss_weights, metrics, weighted_metrics)
        self._forget_plans()
        if self.network is not None:
            self._aims()

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._settings is not None

    @property
    def loss(self) -> Any:
        """The loss as given to `compile`."""
        return self._settings.loss if self._settings else None

    @property
    def metrics_names(self) -> list[str]:
        """Names in the order in which `evaluate` returns numbers: loss, losses of outputs, metrics by name."""
        aims = self._aims()
        losses = [f"{aim.name}_loss" for aim in aims if len(aims) > 1 and aim.loss is not None]
        return ["loss", *losses, *sorted(self._metric_table(aims))]

    def get_compile_config(self) -> dict[str, Any] | None:
        """The settings as JSON."""
        return None if self._settings is None else self._settings.get_config()

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile with the settings that `get_compile_config` gave."""
        keys = ("loss", "loss_weights", "metrics", "weighted_metrics")
        settings = {key: known_names(config.get(key)) for key in keys}
        self.compile(optimizer=optimizers.get(config["optimizer"]), **settings)

    def _require_compiled(self) -> Settings:
        if self._settings is None:
            raise ValueError("You must call `compile()` before using the model. Expected: an optimizer and a loss")
        return self._settings

    def _forget_plans(self) -> None:
        self._plans: dict[Any, Plan] = {}
        self._listings: dict[Any, StepList] = {}
        self._aim_cache: tuple[Any, list[Aim]] | None = None

    def _aims(self) -> list[Aim]:
        """What every output is compared with; found once per settings and output shapes."""
        settings = self._require_compiled()
        names, shapes = self._output_names_and_shapes()
        key = (tuple(names), tuple(shapes))
        if self._aim_cache is None or self._aim_cache[0] != key:
            self._aim_cache = key, settings.aims(names, shapes)
        return self._aim_cache[1]

    def _output_names_and_shapes(self) -> tuple[list[str], list[tuple[int | None, ...]]]:
        if self.network is not None:
            return self.network.output_names, [t.shape for t in self.network.outputs]
        if self._output_nest is None:
            raise ValueError(
                f"Model '{self.name}' has not met data yet. Expected: fit, evaluate, predict or build before"
            )
        specs = flatten(self._output_nest)
        named = isinstance(self._output_nest, dict)
        names = list(self._output_nest) if named else [f"output_{i}" for i in range(len(specs))]
        return names, [t.shape for t in specs]

    def _metric_table(self, aims: Sequence[Aim]) -> dict[str, Any]:
        """Metric objects by name in logs."""
        return dict([pair for aim in aims for pair in aim.metrics] + [pair for aim in aims for pair in aim.weighted])

    # ------------------------------------------------------------ data

    def feed_names(self) -> list[str]:
        """Value names of the inputs."""
        return self.network.input_names if self.network is not None else flatten(self._input_nest)

    def run_named(self, values: Mapping[str, Any]) -> Any:
        """Call the model on values by name, without naming itself as their layer."""
        if self.network is not None:
            return self._run(([values[n] for n in self.network.input_names],), {})
        return self._run((map_structure(lambda name: values[name], self._input_nest),), {})

    def prepare_data(self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None) -> Feeds:
        """Data checked, named and converted for this model's step lists.

        Args:
            x: Inputs: an array, or a list or dict of arrays for several inputs.
            y: Targets, or None to predict only.
            sample_weight: A weight per sample, or None.
            class_weight: Weights by class number, or None.

        Returns:
            Arrays by value name: inputs, then targets, then weights.

        Raises:
            ValueError: for shapes, lengths or labels that do not fit.
        """
        feeds = self._prepare_inputs(x)
        if y is not None:
            self._require_compiled()
            aims = self._aims()
            goals = data.targets(y, aims, self.dtype)
            feeds.update(goals)
            feeds.update(data.weights(sample_weight, class_weight, aims, goals, self.dtype))
        data.check_lengths(feeds)
        return feeds

    def _prepare_inputs(self, x: Any) -> Feeds:
        if x is None:
            raise ValueError("Expected x. Received: None")
        if self.network is None:
            self._ensure_built((_Shaped(x),), {})
        if self.network is None:
            return self._prepare_free_inputs(x)
        alone = len(self.network.inputs) == 1 and not isinstance(x, dict) and not is_list_of_one_array(x)
        given = [x] if alone else self.network.match(x, self.name)
        feeds = {}
        for array, tensor in zip(given, self.network.inputs, strict=True):
            what = f"input '{tensor.name}' of model '{self.name}'"
            rows = data.fit_shape(data.to_array(array, what), tensor.shape, what)
            feeds[tensor.name] = data.convert(rows, tensor.dtype, what)
        return feeds

    def _prepare_free_inputs(self, x: Any) -> Feeds:
        """Inputs of a model that is written as a `call`: shapes are what the data has."""
        nest = name_leaves(x)
        arrays = [data.to_array(a, "x") for a in (flatten(x) if isinstance(x, dict) or nest != "x" else [x])]
        feeds = {n: data.convert(a, self.dtype, "x") for n, a in zip(flatten(nest), arrays, strict=True)}
        shapes = {n: (None, *a.shape[1:]) for n, a in feeds.items()}
        if nest != self._input_nest or self._output_nest is None:
            spec = map_structure(lambda n: SymbolicTensor(shapes[n], self.dtype, n), nest)
            self._output_nest = graph.infer(lambda s: self._run((s,), {}), (spec,), {})
            self._input_nest = nest
        return feeds

    # ------------------------------------------------------------ step lists and plans

    def step_list(self, batch: int, feeds: Mapping[str, Array], training: bool = True) -> StepList:
        """The steps for one batch.

        Args:
            batch: Number of rows.
            feeds: What `prepare_data` gave; targets among it add the loss, sample weights weigh it.
            training: Whether to add backward and update steps.
        """
        aims = self._aims() if training or len(feeds) > len(self.feed_names()) else []
        self._finish_building()
        key = self._key(batch, feeds, training)
        if key not in self._listings:
            self._listings[key] = Writer(self, batch, feeds, aims, training).write()
        return self._listings[key]

    def _finish_building(self) -> None:
        if not hasattr(self, "_listings"):
            self._forget_plans()
        if self.optimizer is not None:
            self.optimizer.build(self.trainable_weights)

    def _key(self, batch: int, feeds: Mapping[str, Array], training: bool) -> Any:
        shapes = tuple((name, array.shape[1:], str(array.dtype)) for name, array in feeds.items())
        flags = tuple((id(v), v.trainable) for v in self.weights)
        return batch, training, shapes, flags, id(self.network)

    def _plan(self, batch: int, feeds: Mapping[str, Array], training: bool) -> Plan:
        listing = self.step_list(batch, feeds, training)
        key = (config.engine(), id(listing))
        if key not in self._plans:
            while len(self._plans) >= REMEMBERED_PLANS:
                self._plans.pop(next(iter(self._plans)))
            self._plans[key] = Plan(listing)
        return self._plans[key]

    def variables_of_training(self) -> list[Variable]:
        """All that a training step may read or change: weights, and what the optimizer remembers."""
        self._require_compiled()
        self._finish_building()
        return [*self.weights, *self.optimizer.variables]

    def _batches(self, feeds: Feeds, batch_size: Any, training: bool, limit: int | None = None) -> Batches:
        size = checked_size(batch_size)
        table = self._metric_table(self._aims())
        return Batches(lambda n: self._plan(n, feeds, training), feeds, data.check_lengths(feeds), size, table, limit)

    # ------------------------------------------------------------ fit

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
        validation_freq: int = 1,
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
            validation_freq: Epochs between evaluations.

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
        for key, value in (("epochs", epochs), ("initial_epoch", initial_epoch)):
            if not isinstance(value, (int, np.integer)) or value < 0:
                raise ValueError(f"Expected {key} to be a whole number, 0 or larger. Received: {key}={value!r}")
        history = self.history = History()
        self.stop_training = False
        level = verbosity(verbose)
        if is_stream(x):
            rounds: Any = stream(self, x, steps_per_epoch, class_weight)
        else:
            x, y, sample_weight, validation_data = split_off(validation_split, x, y, sample_weight, validation_data)
            feeds = self.prepare_data(x, y, sample_weight, class_weight)
            if y is None and any(aim.compared for aim in self._aims()):
                raise ValueError("Expected targets y. Received: None")
            rounds = self._batches(feeds, batch_size, True, steps_per_epoch)
        params = {"epochs": epochs, "steps": len(rounds), "verbose": level}
        calls = CallbackList([history, *as_callbacks(callbacks)], self, params)
        check = self._validation(validation_data, validation_batch_size or batch_size, validation_steps)
        progress = Progress(level, len(rounds), epochs)
        calls.call("on_train_begin", {})
        logs: dict[str, float] = {}
        for epoch in range(initial_epoch, epochs):
            logs = self._epoch(epoch, rounds, bool(shuffle), calls, progress)
            if check is not None and (epoch + 1) % validation_freq == 0:
                logs.update({f"val_{key}": value for key, value in self._validate(check, calls).items()})
            progress.end(logs)
            calls.call("on_epoch_end", epoch, logs)
            if self.stop_training:
                break
        calls.call("on_train_end", logs)
        return history

    def _epoch(
        self, epoch: int, rounds: Any, shuffle: bool, calls: CallbackList, progress: Progress
    ) -> dict[str, float]:
        calls.call("on_epoch_begin", epoch, {})
        progress.begin(epoch)
        if not isinstance(rounds, Batches):
            return rounds.run(calls, progress)
        order = epoch_order(rounds.count, shuffle, config.global_seed(), int(self.optimizer.iterations.value))
        if calls.wants(*BATCH_HOOKS):
            self._epoch_by_batches(rounds, order, calls, progress)
        else:
            told = (lambda done: progress.tell(done, rounds.averages.logs())) if progress.moving else None
            rounds.run(order, progress.seconds, told)
        return rounds.averages.logs()

    def _epoch_by_batches(self, rounds: Batches, order: Array, calls: CallbackList, progress: Progress) -> None:
        rounds.averages.start()
        for batch in range(len(rounds)):
            calls.batch_begin(batch)
            rounds.run_one(order, batch)
            calls.batch_end(batch, rounds.averages.logs())
            progress.tell(batch + 1, {})
            if self.stop_training:
                return

    def _validation(self, given: Any, batch_size: int | None, steps: int | None) -> Any:
        if given is None:
            return None
        if is_stream(given):
            return stream(self, given, steps, None, training=False)
        if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
            raise ValueError(
                "Expected validation_data=(x, y) or (x, y, sample_weight). Received: " + data.describe(given)
            )
        feeds = self.prepare_data(*given)
        return self._batches(feeds, batch_size, False, steps)

    def _validate(self, check: Any, calls: CallbackList) -> dict[str, float]:
        calls.call("on_test_begin", {})
        if isinstance(check, Batches):
            check.run(in_order(check.count))
            logs = check.averages.logs()
        else:
            logs = check.run(CallbackList(None, self), Progress(0, 0))
        calls.call("on_test_end", logs)
        return logs

    # ------------------------------------------------------------ evaluate and predict

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
            check: Any = stream(self, x, steps, None, training=False)
        else:
            if y is None:
                raise ValueError("Expected targets y. Received: None")
            check = self._batches(self.prepare_data(x, y, sample_weight), batch_size, False, steps)
        calls = CallbackList(as_callbacks(callbacks), self)
        progress = Progress(verbosity(verbose), len(check))
        progress.begin(0)
        logs = self._validate(check, calls)
        progress.end(logs)
        return self._as_result(logs, return_dict)

    def _as_result(self, logs: Mapping[str, float], return_dict: bool) -> Any:
        if return_dict:
            return dict(logs)
        values = [logs[name] for name in self.metrics_names]
        return values[0] if len(values) == 1 else values

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = 0, steps: int | None = None, callbacks: Any = None
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
        if is_stream(x):
            parts = [
                self.predict_on_batch(b[0] if isinstance(b, tuple) else b)
                for b in stream(self, x, steps, None).batches()
            ]
            return join(parts)
        calls = CallbackList(as_callbacks(callbacks), self)
        feeds = self._prepare_inputs(x)
        count, size = data.check_lengths(feeds), checked_size(batch_size)
        batches = -(-count // size) if steps is None else min(steps, -(-count // size))
        progress = Progress(verbosity(verbose), batches)
        progress.begin(0)
        calls.call("on_predict_begin", {})
        parts = []
        for k in range(batches):
            calls.call("on_predict_batch_begin", k, {})
            parts.append(self._forward({n: a[k * size : (k + 1) * size] for n, a in feeds.items()}))
            calls.call("on_predict_batch_end", k, {"outputs": parts[-1]})
        calls.call("on_predict_end", {})
        progress.end({})
        return self._nest_outputs([np.concatenate(column) for column in zip(*parts, strict=True)])

    def _forward(self, feeds: Feeds) -> list[Array]:
        plan = self._plan(len(next(iter(feeds.values()))), feeds, False)
        for name, array in feeds.items():
            plan.load(name, array)
        plan.run()
        return [plan.array(name).copy() for name in plan.listing.outputs]

    def _nest_outputs(self, arrays: Sequence[Array]) -> Any:
        left = iter(arrays)
        nest = self.network.output_structure if self.network is not None else self._output_nest
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
        return self._one_batch(self.prepare_data(x, y, sample_weight), False, return_dict)

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


class _Shaped:
    """Stands for data where only its shape matters."""

    def __init__(self, x: Any) -> None:
        self.shape = np.shape(x.value if isinstance(x, Tensor) else x)


def is_list_of_one_array(x: Any) -> bool:
    """Whether a list holds the one input, rather than its rows."""
    return isinstance(x, (list, tuple)) and len(x) == 1 and getattr(x[0], "ndim", 0) > 1


def name_leaves(x: Any) -> Any:
    """Names for the inputs of a model without a graph: 'x' alone, by key in a dict, numbered in a list of arrays."""
    if isinstance(x, dict):
        return {key: str(key) for key in x}
    if isinstance(x, (list, tuple)) and x and all(getattr(a, "ndim", 0) > 0 for a in x):
        return type(x)(f"x_{i}" for i in range(len(x)))
    return "x"


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


def verbosity(verbose: Any) -> int:
    """0, 1 or 2; 'auto' is 1.

    Raises:
        ValueError: for anything else.
    """
    level = 1 if verbose == "auto" else int(verbose) if isinstance(verbose, (bool, int)) else -1
    if level not in (0, 1, 2):
        raise ValueError(f"Expected verbose to be 0, 1, 2 or 'auto'. Received: verbose={verbose!r}")
    return level


def as_callbacks(callbacks: Any) -> list[Any]:
    """A list of callbacks from None, one, or several."""
    return [] if callbacks is None else list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def split_off(share: float, x: Any, y: Any, weights: Any, validation: Any) -> tuple[Any, Any, Any, Any]:
    """Keep the last part of the data aside for validation.

    Raises:
        ValueError: if the share is not below 1, or leaves nothing on one side.
    """
    if not share:
        return x, y, weights, validation
    if not 0 < share < 1:
        raise ValueError(f"Expected validation_split to be at least 0 and below 1. Received: validation_split={share}")
    if validation is not None:
        return x, y, weights, validation
    arrays = map_structure(lambda a: a, x)
    count = rows_of(arrays)
    at = int(count * (1 - share))
    if at == 0 or at == count:
        raise ValueError(
            f"Expected validation_split to leave samples on both sides. Received: {share} of {count} samples"
        )
    train = [cut(part, slice(0, at)) for part in (x, y, weights)]
    kept = [cut(part, slice(at, None)) for part in (x, y, weights)]
    return train[0], train[1], train[2], (kept[0], kept[1], *([kept[2]] if weights is not None else []))


def is_nest(part: Any) -> bool:
    """Whether a list or dict holds several arrays rather than the rows of one."""
    return isinstance(part, dict) or (
        isinstance(part, (list, tuple)) and bool(part) and all(getattr(a, "ndim", 0) > 0 for a in part)
    )


def rows_of(part: Any) -> int:
    """The number of samples of an array or of several."""
    if is_nest(part):
        return rows_of(next(iter(part.values())) if isinstance(part, dict) else part[0])
    return len(data.to_array(part, "x"))


def cut(part: Any, rows: slice) -> Any:
    """Some rows of an array, or of all arrays in a list or dict."""
    if part is None:
        return None
    if isinstance(part, dict):
        return {key: cut(value, rows) for key, value in part.items()}
    if is_nest(part):
        return [cut(value, rows) for value in part]
    return data.to_array(part, "data")[rows]


def join(parts: Sequence[Any]) -> Any:
    """Outputs of several batches as one, nest by nest."""
    columns = [np.concatenate(column) for column in zip(*map(flatten, parts), strict=True)]
    left = iter(columns)
    return map_structure(lambda _: next(left), parts[0])


def known_names(config: Any) -> Any:
    """Settings from a file with objects in place of their configurations."""
    from fastnn.utils.registry import deserialize

    return deserialize(config)
