"""compile, and what follows from it: data in the shapes of a model's step lists, the lists, and their plans."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config, optimizers
from fastnn.compat.spellings import say
from fastnn.engine import functional
from fastnn.engine.graph import SymbolicTensor, expands
from fastnn.engine.nested import flatten, map_structure
from fastnn.engine.part import Part
from fastnn.engine.peek import Peek
from fastnn.engine.plan import Plan, StepList
from fastnn.engine.tensor import Tensor, Variable
from fastnn.errors import ValueNeededError
from fastnn.models import data, own_steps
from fastnn.models.compiling import Aim, Settings
from fastnn.models.listing import Writer
from fastnn.models.loops import MeanRunner
from fastnn.models.rows import is_list_of_one_array, name_leaves
from fastnn.models.sharing import Team
from fastnn.models.steps import Steps
from fastnn.utils.naming import with_known_names
from fastnn.utils.registry import deserialize

if TYPE_CHECKING:
    from fastnn.models.network import Network

Array = NDArray[Any]
Feeds = dict[str, Array]
_building = threading.RLock()  # step lists and plans are looked up and made by one thread at a time
REMEMBERED = 16  # step lists and plans, one per batch size and purpose


class Planning(Steps):
    """Mixin of models: settings, data, step lists and plans."""

    name: str
    dtype: str
    optimizer: Any = None
    _settings: Settings | None = None
    _input_nest: Any = None
    _output_nest: Any = None
    _decides_on_values = False
    _keep_values = False  # whether plans keep every value of a training step, for a callback that reads them
    _team: Team | None = None  # the processes that this one trains together with
    _aim_cache: tuple[Any, list[Aim]] | None = None
    _batch: Any = None

    if TYPE_CHECKING:

        @property
        def network(self) -> Network | None: ...

        weights: list[Variable]
        trainable_weights: list[Variable]

        def _run(self, args: Any, kwargs: Any) -> Any: ...
        def _ensure_built(self, args: Any, kwargs: Any) -> None: ...

    # ------------------------------------------------------------ compile

    @with_known_names
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
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
            loss_weights: A factor for each output's loss: list or dict.
            metrics: List of names, functions or objects; a list of lists or a dict for several outputs. As the third
                argument without its name, as older scripts have it, it is understood too.
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
        if metrics is None and is_metrics(loss_weights):
            say("compile(optimizer, loss, [metrics])", "compile(optimizer, loss, metrics=[...])")
            loss_weights, metrics = None, loss_weights
        before = self.optimizer, self._settings
        self.optimizer = optimizers.get(optimizer)
        self._settings = Settings(self.optimizer, loss, loss_weights, metrics, weighted_metrics)
        self._forget_plans()
        try:
            if self.network is not None:
                self._aims()
        except Exception:  # the model stays as it was
            self.optimizer, self._settings = before
            raise

    run_eagerly = False  # every training step is a list, which can be stepped through
    jit_compile = False

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
        """Names in the order in which `evaluate` returns numbers: loss, losses of outputs, metrics."""
        aims = self._aims()
        losses = [f"{aim.name}_loss" for aim in aims if aim.loss is not None]
        table = self._metric_table(aims)
        measured = [*(sorted(table) if len(aims) > 1 else table), *self._trackers()]
        return list(dict.fromkeys(["loss", *(losses if len(losses) > 1 else []), *measured]))

    def get_compile_config(self) -> dict[str, Any] | None:
        """The settings as JSON."""
        return None if self._settings is None else self._settings.get_config()

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile with the settings that `get_compile_config` gave."""
        keys = ("loss", "loss_weights", "metrics", "weighted_metrics")
        settings = {key: deserialize(config.get(key)) for key in keys}
        self.compile(optimizer=optimizers.get(config["optimizer"]), **settings)

    def _require_compiled(self) -> Settings:
        if self._settings is None:
            raise ValueError("You must call `compile()` before using the model. Expected: an optimizer and a loss")
        return self._settings

    def _forget_plans(self) -> None:
        self._plans: dict[Any, Plan] = {}
        self._listings: dict[Any, StepList] = {}
        self._aim_cache = None

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

    def _aims_of(self, y_pred: Any) -> list[Aim]:
        """What outputs are compared with, where an own step may be the first to see them."""
        if self.network is None and self._output_nest is None:
            self._output_nest = map_structure(lambda t: SymbolicTensor((None, *t.shape[1:]), t.dtype), y_pred)
        return self._aims()

    def _compiled_aims(self) -> list[Aim]:
        return self._aims() if self.compiled and (self.network is not None or self._output_nest is not None) else []

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

    def prepare_data(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, training: bool = True
    ) -> Feeds:
        """Data checked, named and converted for this model's step lists.

        Args:
            x: Inputs: an array, or a list or dict of arrays for several inputs.
            y: Targets, or None to predict only.
            sample_weight: A weight per sample, or None.
            class_weight: Weights by class number, or None.
            training: Whether the data is to train on.

        Returns:
            Arrays by value name: inputs, then targets, then weights.

        Raises:
            ValueError: for shapes, lengths or labels that do not fit.
        """
        if self._own_step(training):
            return self._prepare_own(x, y, sample_weight, class_weight)
        feeds = self._prepare_inputs(x)
        if y is not None:
            self._require_compiled()
            aims = self._aims()
            goals = data.targets(y, aims, self.dtype)
            feeds.update(goals)
            feeds.update(data.weights(sample_weight, class_weight, aims, goals, self.dtype))
        data.check_lengths(feeds)
        return feeds

    def _prepare_own(self, x: Any, y: Any, sample_weight: Any, class_weight: Any) -> Feeds:
        """Data for a step of the model's own: any nest, whole numbers kept."""
        if class_weight is not None:
            raise ValueError("Expected no class_weight for a model with its own train_step. Received: class_weight")
        self._batch, feeds = own_steps.Batch.of(x, y, sample_weight, self.dtype)
        return feeds

    def _own_step(self, training: bool | None) -> bool:
        """Whether the model's class writes the training (or test) step itself."""
        return own_steps.overrides(self, training, Steps)

    def _prepare_inputs(self, x: Any) -> Feeds:
        if x is None:
            raise ValueError("Expected x. Received: None")
        if self.network is None:
            with _building:
                self._ensure_built((_shaped(x),), {})
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
            try:
                self._output_nest = functional.infer(lambda s: self._run((s,), {}), (spec,), {})
            except ValueNeededError as error:
                self._note_decisions(error)
                self._output_nest = self._nest_by_example({n: a[:1] for n, a in feeds.items()}, nest)
            self._input_nest = nest
        return feeds

    def _nest_by_example(self, feeds: Feeds, nest: Any) -> Any:
        """Shapes of the outputs, from those for one row."""
        outputs = self._run((map_structure(lambda n: Tensor(feeds[n]), nest),), {})
        return map_structure(lambda y: SymbolicTensor((None, *y.shape[1:]), y.dtype), outputs)

    # ------------------------------------------------------------ step lists and plans

    def step_list(
        self, batch: int, feeds: Mapping[str, Array], training: bool | None = True, part: Part | None = None
    ) -> StepList:
        """The steps for one batch.

        Args:
            batch: Number of rows.
            feeds: What `prepare_data` gave; targets among it add the loss, sample weights weigh it.
            training: Whether to add backward and update steps; None is a prediction.
            part: The part of every batch that the list is for, where processes train together; of `batch` rows.

        Raises:
            ValueNeededError: if the model's `call` decides on a tensor's value; then `step_list_for` writes lists.
        """
        self._finish_building()
        key = self._key(batch, feeds, training, part)
        if key not in self._listings:
            make_room(self._listings)
            self._listings[key] = self._write(batch, feeds, training, part=part)
        return self._listings[key]

    def _write(
        self,
        batch: int,
        feeds: Mapping[str, Array],
        training: bool | None,
        peek: Peek | None = None,
        part: Part | None = None,
    ) -> StepList:
        if training is not None and self._own_step(training):
            shaped = {n: np.broadcast_to(a[:1], (batch, *a.shape[1:])) for n, a in feeds.items()}
            return own_steps.write(self, self._batch, shaped, training, peek)
        aims = self._aims() if training or len(feeds) > len(self.feed_names()) else []
        return Writer(self, batch, feeds, aims, bool(training), peek, part).write()

    def step_list_for(
        self, feeds: Mapping[str, Array], training: bool | None = True, storage: Mapping[Variable, Array] | None = None
    ) -> StepList:
        """The steps for just these rows, for a model that decides on values: another batch may take other steps.

        Args:
            feeds: The rows of one batch, from what `prepare_data` gave.
            training: Whether to add backward and update steps.
            storage: Arrays that hold variables instead of their own.
        """
        self._finish_building()
        return self._write(len(next(iter(feeds.values()))), feeds, training, Peek(feeds, storage))

    @property
    def decides_on_values(self) -> bool:
        """Whether `call` was seen to decide on a tensor's value, so that every batch has a step list of its own."""
        return self._decides_on_values

    def _note_decisions(self, error: ValueNeededError) -> None:
        """Say once that the model cannot be written down once for all batches."""
        if not self._decides_on_values:
            self._decides_on_values = True
            warnings.warn(
                f"Model '{self.name}' decides on values of tensors ({error}) Every batch is written down anew, "
                "which is slower; fastnn.ops.where and the like avoid it.",
                stacklevel=2,
            )

    def _finish_building(self) -> None:
        if not hasattr(self, "_listings"):
            self._forget_plans()
        if self.optimizer is not None:
            (self.optimizer.extend if self._decides_on_values else self.optimizer.build)(self.trainable_weights)

    def _key(self, batch: int, feeds: Mapping[str, Array], training: bool | None, part: Part | None = None) -> Any:
        shapes = tuple((name, array.shape[1:], str(array.dtype)) for name, array in feeds.items())
        flags = tuple((v, v.trainable) for v in self.weights)
        settings = self.optimizer.settings_key if training and self.optimizer is not None else None
        return batch, training, part, shapes, flags, self.network, settings, expands()

    def _plan(self, batch: int, feeds: Mapping[str, Array], training: bool | None, part: Part | None = None) -> Plan:
        with _building:
            listing = self.step_list(batch, feeds, training, part)
            keep = self._keep_values and bool(training)
            key = (config.engine(), keep, self._key(batch, feeds, training, part))
            if key not in self._plans or self._plans[key].listing is not listing:
                make_room(self._plans)
                self._plans[key] = Plan(listing, keep)
            return self._plans[key]

    def _plan_for(self, feeds: Mapping[str, Array], training: bool | None) -> Plan:
        """The plan for the rows of one batch, which runs next."""
        for optimizer in self._optimizers() if training and self.compiled else ():
            optimizer.prepare()
        try:
            if not self._decides_on_values:
                return self._plan(len(next(iter(feeds.values()))), feeds, training)
        except ValueNeededError as error:
            self._note_decisions(error)
        return Plan(self.step_list_for(feeds, training), self._keep_values and bool(training))

    def _one_by_one(self, training: bool) -> bool:
        """Whether Python has a say between two batches, or within them."""
        asked = training and self.optimizer.asks_every_step
        return self._decides_on_values or asked or self._own_step(training)

    def _runner(self, training: bool) -> Any:
        """What runs single batches and keeps the logs."""
        if self._own_step(training):
            return own_steps.OwnRunner(self, training)
        plan_for = partial(self._plan_for, training=training)
        return MeanRunner(plan_for, lambda: (self._metric_table(self._aims()), self._trackers()))

    def variables_of_training(self) -> list[Variable]:
        """All that a training step may read or change: weights, and what the optimizer remembers."""
        self._require_compiled()
        self._finish_building()
        found = [*self.weights, *(v for o in self._optimizers() for v in o.variables)]
        return list(dict.fromkeys([*found, *(v for m in self.metrics for v in m.variables)]))

    def _optimizers(self) -> list[Any]:
        """The optimizer, and those that a training step of the model's own uses beside it."""
        held = [x for x in flatten(list(vars(self).values())) if isinstance(x, optimizers.Optimizer)]
        return list(dict.fromkeys([self.optimizer, *held]))


def make_room(remembered: dict[Any, Any]) -> None:
    """Forget the oldest entries of a cache that is full."""
    while len(remembered) >= REMEMBERED:
        remembered.pop(next(iter(remembered)))


def is_metrics(given: Any) -> bool:
    """Whether what stands in the place of loss weights is a list of metrics."""
    leaves = flatten(given)
    return given is not None and bool(leaves) and all(isinstance(x, str) or callable(x) for x in leaves)


class _Shaped:
    """Stands for data where only its shape matters."""

    def __init__(self, x: Any) -> None:
        self.shape = np.shape(x.value if isinstance(x, Tensor) else x)


def _shaped(x: Any) -> Any:
    """The same nest of inputs with shapes in place of data."""
    return map_structure(_Shaped, x) if isinstance(x, dict) or name_leaves(x) != "x" else _Shaped(x)
