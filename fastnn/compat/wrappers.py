"""Older scripts' estimators around models; `fastnn.sklearn` has today's."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.models import estimating
from fastnn.models.estimating import arguments_of, coded, made, output_shapes
from fastnn.utils.naming import did_you_mean

FIT, PREDICT = ("epochs", "nb_epoch", "batch_size", "verbose", "callbacks", "validation_split", "validation_data",
                "shuffle", "class_weight", "initial_epoch"), ("batch_size", "verbose", "steps")  # fmt: skip


class BaseWrapper:
    """What both wrappers share.

    Args:
        build_fn: Function that gives a compiled model; its arguments are parameters of the estimator.
        model: The same, or a compiled model, under today's name.
        **sk_params: Arguments of build_fn, and of `fit` and `predict` such as epochs and batch_size.

    Raises:
        ValueError: if neither a function nor a model is given, or a parameter is unknown.
    """

    def __init__(self, build_fn: Callable[..., Any] | None = None, model: Any = None, **sk_params: Any) -> None:
        self.build_fn = build_fn if build_fn is not None else model
        if self.build_fn is None:
            raise ValueError("Expected build_fn (or model). Received: neither")
        self.sk_params = sk_params
        self.check_params(sk_params)

    # ------------------------------------------------------------ parameters

    def known(self) -> list[str]:
        """Names of all parameters."""
        return [*arguments_of(self.build_fn), *FIT, *PREDICT]

    def check_params(self, params: dict[str, Any]) -> None:
        """Refuse parameters that neither build_fn nor fit has."""
        for name in params:
            if name not in self.known():
                raise ValueError(
                    f"Expected arguments of build_fn, fit or predict. Received: {name!r}; "
                    + did_you_mean(name, self.known())
                )

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name."""
        return {**copy.copy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> Any:
        """Change parameters."""
        if "build_fn" in params:
            self.build_fn = params.pop("build_fn")
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def __sklearn_clone__(self) -> Any:
        return type(self)(**copy.deepcopy(self.sk_params), build_fn=self.build_fn)

    def chosen(self, names: Any, given: dict[str, Any]) -> dict[str, Any]:
        """The parameters of one function; those of the call come first."""
        found = {k: v for k, v in {**self.sk_params, **given}.items() if k in names}
        if "nb_epoch" in found:
            found["epochs"] = found.pop("nb_epoch")
        return found

    # ------------------------------------------------------------ training

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Build a new model and train it.

        Args:
            X: Samples.
            y: Targets.
            **kwargs: Arguments of the model's `fit`.
        """
        self.n_features_in_ = np.shape(X)[-1]
        self.model = made(self.build_fn, self.chosen(arguments_of(self.build_fn), {}))
        output_shapes(self.model, np.asarray(X))
        arguments = {"verbose": 0, **self.chosen(FIT, kwargs)}
        weight = {"sample_weight": kwargs["sample_weight"]} if "sample_weight" in kwargs else {}
        self.history_ = self.model.fit(np.asarray(X), self.targets(np.asarray(y)), **arguments, **weight)
        return self

    def targets(self, y: Any) -> Any:
        """Targets as the model's loss takes them."""
        return y

    def outputs(self, X: Any, given: dict[str, Any]) -> Any:
        """The model's outputs.

        Raises:
            ValueError: before `fit`.
        """
        if not hasattr(self, "model"):
            raise ValueError("Expected a fitted estimator. Received: one that has seen no data")
        return self.model.predict(np.asarray(X), **{"verbose": 0, **self.chosen(PREDICT, given)})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.sk_params.items())})"


class KerasClassifier(BaseWrapper):
    """A classifier around a model.

    Args:
        build_fn: See `BaseWrapper`.
        model: See `BaseWrapper`.
        **sk_params: See `BaseWrapper`.

    Example:
        >>> import fastnn
        >>> def build(units=3):
        ...     model = fastnn.Sequential([fastnn.Input((2,)), fastnn.layers.Dense(units, "tanh")])
        ...     model.add(fastnn.layers.Dense(2, "softmax"))
        ...     model.compile("adam", "sparse_categorical_crossentropy")
        ...     return model
        >>> classifier = KerasClassifier(build_fn=build, units=5, epochs=2)
        >>> classifier.fit([[0.0, 1.0], [1.0, 0.0]], ["no", "yes"]).predict([[0.0, 1.0]]).shape
        (1,)
    """

    _estimator_type = "classifier"

    def __sklearn_tags__(self) -> Any:
        from sklearn.base import ClassifierMixin  # the caller has it

        return type("Tagged", (ClassifierMixin, _base()), {})().__sklearn_tags__()

    def targets(self, y: Any) -> Any:
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
            return y
        self.classes_, numbers = np.unique(y, return_inverse=True)
        return coded(self.model, numbers.reshape(-1), len(self.classes_))

    def predict(self, X: Any, **kwargs: Any) -> Any:
        """The class of every sample."""
        found = self.outputs(X, kwargs)
        return self.classes_[estimating.class_numbers(found, self.meaning(X))]

    def predict_proba(self, X: Any, **kwargs: Any) -> Any:
        """The probability of every class, shape (n, classes)."""
        found = self.outputs(X, kwargs)
        return estimating.probabilities(found, self.meaning(X))

    def meaning(self, X: Any) -> str:
        """What the model's outputs are."""
        return estimating.meaning_of(self.model, estimating.head_of(self.model, np.asarray(X)))

    def score(self, X: Any, y: Any, **kwargs: Any) -> float:
        """The share of samples whose class is right."""
        wanted = np.asarray(y)
        wanted = wanted.argmax(-1) if wanted.ndim == 2 and wanted.shape[1] > 1 else wanted.reshape(-1)
        return float(np.mean(self.predict(X, **kwargs) == wanted))


class KerasRegressor(BaseWrapper):
    """A regressor around a model.

    Args:
        build_fn: See `BaseWrapper`.
        model: See `BaseWrapper`.
        **sk_params: See `BaseWrapper`.
    """

    _estimator_type = "regressor"

    def __sklearn_tags__(self) -> Any:
        from sklearn.base import RegressorMixin  # the caller has it

        return type("Tagged", (RegressorMixin, _base()), {})().__sklearn_tags__()

    def predict(self, X: Any, **kwargs: Any) -> Any:
        """The prediction for every sample."""
        found = self.outputs(X, kwargs)
        return found[:, 0] if found.shape[-1] == 1 else found

    def score(self, X: Any, y: Any, **kwargs: Any) -> float:
        """The coefficient of determination, as scikit-learn's regressors have it."""
        wanted, found = np.asarray(y, float), self.predict(X, **kwargs)
        wanted = wanted.reshape(found.shape)
        spread = np.sum((wanted - wanted.mean(0)) ** 2)
        return float(1 - np.sum((wanted - found) ** 2) / spread) if spread else 0.0


def _base() -> Any:
    from sklearn.base import BaseEstimator  # the caller has it

    return BaseEstimator


def __getattr__(name: str) -> Any:
    if name.startswith("SKLearn"):  # not AttributeError, of which `from ... import` would keep the words to itself
        raise ImportError(f"Expected Classifier or Regressor of fastnn.sklearn in the place of {name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
