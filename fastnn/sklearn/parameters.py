"""The parameters of estimators, and the models that are made with them."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from fastnn import optimizers
from fastnn.models.estimating import arguments_of, made, output_shapes
from fastnn.sklearn.perceptron import perceptron
from fastnn.utils.naming import did_you_mean, with_known_names

Array = NDArray[Any]
COMPILED_WITH = ("optimizer", "learning_rate", "loss", "metrics")


def with_parameters_apart(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method whose error about an argument that is a parameter says that it belongs to the constructor."""
    known = inspect.signature(method).parameters
    other = with_known_names(method)

    @wraps(method)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        for name in kwargs:
            if name not in known and name in self.get_params(deep=False):
                kind = type(self).__name__
                raise TypeError(
                    f"{kind}.{method.__name__}() got an unexpected keyword argument {name!r}; it is a parameter: "
                    f"{kind}({name}={kwargs[name]!r}) or set_params({name}={kwargs[name]!r})"
                )
        return other(self, *args, **kwargs)

    return checked


class Parameters(BaseEstimator):
    """Parameters: those of `__init__`, and the arguments of the function that makes models."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = inspect.signature(cls.__init__)
        named = [p for p in list(own.parameters.values())[1:] if p.kind != p.VAR_KEYWORD]
        cls.__signature__ = own.replace(parameters=named)  # scikit-learn takes every name in it for a parameter

    def __init__(
        self,
        build_model: Any = None,
        *,
        hidden: Any = (100,),
        activation: Any = "relu",
        optimizer: Any = None,
        learning_rate: float | None = None,
        loss: Any = None,
        metrics: Any = None,
        epochs: int = 100,
        batch_size: int = 32,
        validation_split: float = 0.0,
        callbacks: Any = None,
        random_state: Any = None,
        verbose: Any = 0,
        warm_start: bool = False,
        **build_arguments: Any,
    ) -> None:
        self.build_model = build_model
        self.hidden = hidden
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.loss = loss
        self.metrics = metrics
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        for name in build_arguments:
            if name not in self._build_arguments():
                known = [*self._get_param_names(), *self._build_arguments()]
                raise TypeError(
                    f"Expected parameters of {type(self).__name__}, or arguments of build_model. "
                    f"Received: {name!r}; {did_you_mean(name, known)}"
                )
        self.__dict__.update(build_arguments)

    def _build_arguments(self) -> dict[str, Any]:
        """Names and defaults of the function's arguments that are parameters only through it.

        Raises:
            ValueError: for one that is named like a method or a result of the estimator.
        """
        own = {"meta", *self._get_param_names()}
        found = {k: v for k, v in arguments_of(self.build_model).items() if k not in own}
        for name in found:
            if hasattr(type(self), name) or name.strip("_") != name:
                raise ValueError(f"Expected another name for build_model's argument, for estimators have {name!r}")
        return found

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name.

        Args:
            deep: Whether to include those of estimators inside; there are none.
        """
        build = {k: vars(self).get(k, default) for k, default in self._build_arguments().items()}
        return {**super().get_params(deep), **{k: v for k, v in build.items() if v is not inspect.Parameter.empty}}

    def set_params(self, **params: Any) -> Any:
        """Change parameters.

        Args:
            **params: Values by name.

        Raises:
            ValueError: for an unknown name.
        """
        self.build_model = params.pop("build_model", self.build_model)
        names = self._build_arguments()
        self.__dict__.update({k: params.pop(k) for k in list(params) if k in names})
        return super().set_params(**params)

    # ------------------------------------------------------------ models

    def _made(self, X: Array) -> Any:
        """A new model, compiled, whose outputs fit the targets."""
        build = perceptron if self.build_model is None else self.build_model
        meta = {"input_shape": X.shape[1:], "n_features_in_": self.n_features_in_, **self._head()}
        model = made(build, dict(self._arguments(build, meta)))
        self._check_outputs(model, X)
        compiled = bool(model.compiled)
        self._refuse_idle(arguments_of(build), compiled)
        if not compiled:
            loss = self._default_loss(model, X) if self.loss is None else copy.deepcopy(self.loss)
            model.compile(self._new_optimizer(), loss, metrics=copy.deepcopy(self.metrics))
        return model

    def _arguments(self, build: Any, meta: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """Names and values of the function's arguments.

        Raises:
            ValueError: for one that has no value.
        """
        known = {**self.get_params(deep=False), "meta": meta}
        for name, default in arguments_of(build).items():
            if name in known:
                yield name, known[name]
            elif default is inspect.Parameter.empty:
                raise ValueError(f"Expected a value for build_model's argument {name!r}. Received: none")

    def _check_outputs(self, model: Any, X: Array) -> None:
        """Raise ValueError unless outputs are one row per sample, as many as the targets need."""
        shapes = output_shapes(model, X)
        wanted = self._head()["n_outputs"]
        fitting = {wanted, self._head().get("n_classes_", wanted)}
        if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][1] not in fitting:
            words = " or ".join(str((None, n)) for n in sorted(fitting))
            raise ValueError(f"Expected a model with outputs of shape {words}. Received: {shapes}")

    def _refuse_idle(self, taken: dict[str, Any], compiled: bool) -> None:
        """Raise ValueError for parameters that are given and could change nothing."""
        idle = [*([] if self.build_model is None else ["hidden", "activation"]), *(COMPILED_WITH if compiled else ())]
        defaults = inspect.signature(Parameters.__init__).parameters
        for name in idle:
            value = getattr(self, name)
            if name not in taken and repr(value) != repr(defaults[name].default):
                what = "a model that is not compiled yet" if name in COMPILED_WITH else "no build_model"
                raise ValueError(
                    f"Expected {name} with {what}, or as an argument of build_model. Received: {name}={value!r}"
                )

    def _new_optimizer(self) -> Any:
        optimizer = copy.deepcopy(optimizers.get("adam" if self.optimizer is None else self.optimizer))
        if self.learning_rate is not None:
            optimizer.learning_rate = self.learning_rate
        return optimizer

    def _head(self) -> dict[str, Any]:
        """What the targets ask of a model's outputs, see `fastnn.sklearn`."""
        raise NotImplementedError

    def _default_loss(self, model: Any, X: Array) -> Any:
        """The loss of a model that is not told one."""
        raise NotImplementedError
