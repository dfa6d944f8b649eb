"""What metrics share: counters that every batch adds to, and an answer that is worked out from them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, SupportsFloat

from fastnn import config, ops
from fastnn.engine.nested import flatten
from fastnn.engine.tensor import Tensor, Variable
from fastnn.initializers import get as initializer_named
from fastnn.losses.base import aligned, as_labels, as_prediction, as_tensor, mask_of, name_of, with_mask
from fastnn.utils.flags import check_switches
from fastnn.utils.naming import auto_name, checked_name, snake_case
from fastnn.utils.registry import nameable, serializable

FUNCTIONS: dict[str, Callable[..., Any]] = nameable({})
CLASSES: dict[str, type[Metric]] = {}


def ratio(a: Any, b: Any) -> Any:
    """A / b, and 0 where b is 0."""
    none = ops.equal(b, 0.0)
    return ops.where(none, 0.0, a / ops.where(none, 1.0, b))


class Metric:
    """Base of metrics: `update_state` takes batches, `result` tells, `reset_state` starts again.

    Subclasses add variables and change them with `assign` and `assign_add`; composed of operations, both become steps
    of a training step's list.

    Args:
        dtype: Type of the state, the default floating type.
        name: Name in logs.

    Example:
        >>> class Largest(Metric):
        ...     def __init__(self):
        ...         super().__init__(name="largest")
        ...         self.value = self.add_variable(name="value")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.value.assign(ops.maximum(self.value, ops.max(y_pred)))
        ...     def result(self):
        ...         return self.value
        >>> metric = Largest()
        >>> metric.update_state(None, Tensor([1.0, 3.0]))
        >>> float(metric.result())
        3.0
    """

    labels = False  # whether targets are class numbers
    counts = False  # whether batches add to `counters`
    larger_is_better: bool | None = None  # what callbacks improve upon; None if nobody knows

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if "keras_module" in vars(cls):
            check_switches(cls, args, kwargs)
        return super().__new__(cls)

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = checked_name(name) if name else auto_name(snake_case(type(self).__name__))
        self.dtype = config.dtype_name(dtype)
        self._variables: list[Variable] = []

    def add_variable(
        self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, aggregation: Any = None,
        name: str = "variable",
    ) -> Variable:  # fmt: skip
        """A number or array that batches change.

        Args:
            shape: Its shape.
            initializer: Of its initial values, to which `reset_state` goes back.
            dtype: Its type; the metric's by default.
            aggregation: Ignored.
            name: Its name.
        """
        values = initializer_named(initializer)
        assert values is not None
        variable = Variable(values(tuple(shape), dtype=dtype or self.dtype), trainable=False, name=name)
        variable.path = f"{self.name}/{name}"
        self._variables.append(variable)
        return variable

    @property
    def variables(self) -> list[Variable]:
        """All that batches change: its own variables, those held as attributes, and those of metrics in it."""
        held = flatten([value for key, value in vars(self).items() if key != "_variables"])
        own = [*self._variables, *(x for x in held if isinstance(x, Variable))]
        inner = [v for x in held if isinstance(x, Metric) for v in x.variables]
        return list({id(v): v for v in [*own, *inner]}.values())

    def add_weight(
        self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, name: str = "variable"
    ) -> Variable:
        """The same as `add_variable`."""
        if isinstance(shape, str):  # add_weight(name, ...) as older code has it
            shape, name = (), shape
        return self.add_variable(shape, initializer, dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Take a batch into account."""
        raise NotImplementedError(f"Metric {type(self).__name__} does not have an `update_state()` of its own.")

    def result(self) -> Any:
        """The metric over all batches so far."""
        raise NotImplementedError(f"Metric {type(self).__name__} does not have a `result()` of its own.")

    def reset_state(self) -> None:
        """Forget all batches."""
        for variable in self.variables:
            variable.value[...] = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take a batch into account and tell the result."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal metric."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric that a configuration describes."""
        known = inspect.signature(cls).parameters
        return cls(**{k: v for k, v in config.items() if k in known or v is not None})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class Counting(Metric):
    """A metric whose batches add to counters: subclasses write `count` and `answer`, both composed of operations.

    Args:
        dtype: See `Metric`.
        name: See `Metric`.
    """

    counts = True
    config_names: tuple[str, ...] = ()

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """What a batch adds to the counters."""
        raise NotImplementedError

    def answer(self, counters: Any) -> Any:
        """The metric, from the counters."""
        raise NotImplementedError

    @property
    def counters(self) -> Variable | None:
        """The sums over all batches so far; None before the first."""
        return self._variables[0] if self._variables else None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.add(self.count(y_true, y_pred, sample_weight))

    def add(self, counted: Any) -> None:
        """Add to the counters."""
        if not self._variables:
            self.add_variable(counted.shape, name="counters")
        self._variables[0].assign_add(ops.cast(counted, dtype=self._variables[0].dtype))

    def result(self) -> Any:
        return ops.convert_to_tensor(0.0) if self.counters is None else self.answer(self.counters)

    def finish(self, counters: Any) -> Any:
        """The metric from an array of counters: a number, or an array."""
        found = self.answer(Tensor(counters, self.dtype)).numpy()
        return float(found) if found.ndim == 0 else found.astype(self.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **{key: getattr(self, key) for key in self.config_names}}


def metric(*aliases: str, module: str = "keras.metrics") -> Callable[[type[Metric]], type[Metric]]:
    """A decorator that registers a metric class under its name, and under the name in snake case."""

    def declare(cls: type[Metric]) -> type[Metric]:
        CLASSES[cls.__name__] = cls
        for name in (snake_case(cls.__name__), *aliases):
            ALIASES[name] = cls
        return serializable(module)(cls)

    return declare


ALIASES: dict[str, type[Metric]] = {}


# ---------------------------------------------------------------- means


@metric()
class Mean(Counting):
    """Weighted mean of values.

    Args:
        name: Name in logs.
        dtype: Type of the state.

    Example:
        >>> m = Mean()
        >>> m.update_state([1.0, 2.0, 6.0])
        >>> float(m.result())
        3.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.add_variable((2,), name="total_and_count")

    @staticmethod
    def reduce(values: Any, axis: Any) -> Any:
        """How the values of a sample become one."""
        return ops.mean(values, axis=axis)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        self.add(sum_and_count(as_prediction(values), sample_weight, self.reduce))

    def answer(self, counters: Any) -> Any:
        return ratio(counters[0], counters[1])


@metric()
class Sum(Mean):
    """Weighted sum of values.

    Args:
        name: Name in logs.
        dtype: Type of the state.
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    @staticmethod
    def reduce(values: Any, axis: Any) -> Any:
        """How the values of a sample become one."""
        return ops.sum(values, axis=axis)

    def answer(self, counters: Any) -> Any:
        return counters[0]


def sum_and_count(values: Any, weights: Any, reduce: Callable[..., Any] = ops.mean) -> Any:
    """The weighted sum of one value per sample and the sum of weights, as one tensor.

    Args:
        values: Values, one or more per sample.
        weights: Weights of samples, or of values; None for none.
        reduce: How the values of a sample become one.
    """
    if weights is not None:
        values, weights = same_rank_for_weights(values, as_tensor(weights, values.dtype))
        if values.ndim > weights.ndim:
            values = reduce(values, axis=tuple(range(weights.ndim, values.ndim)))
        values = values * weights
        if weights.ndim > 1:
            weights = reduce(weights, axis=tuple(range(1, weights.ndim)))
    if values.ndim > 1:
        values = reduce(values, axis=tuple(range(1, values.ndim)))
    if weights is None:
        return ops.sum_and_count(values)
    return ops.stack([ops.sum(values), ops.sum(weights)])


def same_rank_for_weights(values: Any, weights: Any) -> tuple[Any, Any]:
    """Values and weights, without an axis of length one that only one of them has at the end."""
    if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
        weights = ops.reshape(weights, tuple(weights.shape[:-1]))
    elif values.ndim == weights.ndim + 1 and values.shape[-1] == 1:
        values = ops.reshape(values, tuple(values.shape[:-1]))
    return values, weights


@metric()
class MeanMetricWrapper(Mean):
    """Mean of a function of targets and predictions that gives one number per sample.

    Args:
        fn: Function of (y_true, y_pred), composed of operations.
        name: Name in logs; the function's own by default.
        dtype: Type of the state.
        **kwargs: Further arguments of the function.

    Example:
        >>> m = MeanMetricWrapper(lambda t, p: ops.mean(p - t, axis=-1), name="bias")
        >>> float(m([[1.0]], [[3.0]]))
        2.0
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name or name_of(fn), dtype)
        self.fn, self.arguments = fn, kwargs
        self.labels = getattr(fn, "takes_labels", False)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """One number per sample."""
        y_pred = as_prediction(y_pred)
        y_true = as_labels(y_true, y_pred) if self.labels else aligned(y_true, y_pred)[0]
        return as_tensor(self.fn(y_true, y_pred, **self.arguments))

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        values = as_prediction(self.values(y_true, y_pred))
        if sample_weight is not None or mask_of(y_pred) is not None:
            sample_weight = with_mask(sample_weight, mask_of(y_pred), values.dtype, "sum")
        return sum_and_count(values, sample_weight)

    @property
    def larger_is_better(self) -> bool | None:  # type: ignore[override]
        """Whether more is better: of accuracies and similarities it is, of losses less is; None of other functions."""
        name = getattr(self.fn, "__name__", "")
        if name.endswith(("accuracy", "cosine_similarity")) or name == "cosine":
            return True
        return False if name in FUNCTIONS else None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        self.add(self.count(y_true, y_pred, sample_weight))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}


def mean_of(
    function: Callable[..., Any], class_name: str, name: str | None = None, **defaults: Any
) -> type[MeanMetricWrapper]:
    """The class whose objects average a function; its arguments are name, dtype and the function's own.

    Args:
        function: Function of (y_true, y_pred).
        class_name: Name of the class.
        name: Name of its objects; the function's by default.
        **defaults: Other defaults of arguments than the function's.
    """
    own = [
        p.replace(default=defaults.get(p.name, p.default))
        for p in list(inspect.signature(function).parameters.values())[2:]
    ]
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    shared = [inspect.Parameter("name", positional, default=name or function.__name__),
              inspect.Parameter("dtype", positional, default=None)]  # fmt: skip
    signature = inspect.Signature([*shared, *own])

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        for p in own:
            if p.annotation == "float" and not isinstance(bound.arguments[p.name], SupportsFloat):
                raise ValueError(
                    f"Expected {p.name} of {class_name} to be a number. Received: {p.name}={bound.arguments[p.name]!r}"
                )
        MeanMetricWrapper.__init__(self, function, **bound.arguments)

    __init__.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[inspect.Parameter("self", positional), *shared, *own]
    )
    text = f"Mean of `{function.__name__}`.\n\nArgs:\n    name: Name in logs.\n    dtype: Type of the state."
    text += "".join(f"\n    {p.name}: See `{function.__name__}`." for p in own)
    body = {"__init__": __init__, "__doc__": text, "__module__": "fastnn.metrics"}
    return metric()(type(class_name, (MeanMetricWrapper,), body))  # type: ignore[return-value]
