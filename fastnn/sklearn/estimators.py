"""Estimators that train models."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_random_state, column_or_1d, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from fastnn import config, losses
from fastnn.models import estimating
from fastnn.models.estimating import coded, packed, unpacked
from fastnn.sklearn.parameters import Parameters, with_parameters_apart

Array = NDArray[Any]
WHOLE = (np.int32, np.int64, np.uint8)  # inputs of these types stay what they are: numbers of words, pixels
TOLERANCE = 1e-5  # what rounding adds to probabilities of 0 and 1


class Estimator(Parameters):
    """What both estimators share."""

    @with_parameters_apart
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Make a new model and train it; with `warm_start`, train the present one further.

        Args:
            X: Samples, shape (n, features), or what the model takes: (n, height, width, channels), say.
            y: Targets, shape (n,); a regressor's also (n, outputs).
            sample_weight: A weight per sample; only their proportions count. All the same by default.

        Returns:
            The estimator.

        Raises:
            ValueError: for data that do not fit each other, the model, or the parameters.
        """
        return self._train(X, y, sample_weight, self.epochs, new=not self.warm_start)

    def _train(self, X: Any, y: Any, sample_weight: Any, epochs: int, new: bool, classes: Any = None) -> Any:
        new = new or not hasattr(self, "model_")
        if new:
            self.__dict__.pop("model_", None)  # what fails from here on leaves no model of other data
        X, y = self._checked(X, y, new, classes)
        weight = self._weights(X, y, sample_weight)
        with self._seeded():
            if new:
                self.model_ = self._made(X)
            train, held = self._split(X, self._targets(y), weight, y)
            fitted = self.model_.fit(
                *train[:2], sample_weight=train[2], validation_data=held, epochs=epochs, batch_size=self.batch_size,
                callbacks=self.callbacks, verbose=self.verbose,
            )  # fmt: skip
        self.history_ = fitted.history
        return self

    def _seeded(self) -> AbstractContextManager[None]:
        """Repeatable inside, if there is a random_state; the process's own seed is left alone."""
        if self.random_state is None:
            return nullcontext()
        return config.seeded(int(check_random_state(self.random_state).randint(2**31 - 1)))

    def _input(self, X: Any, y: Any = "no_validation", reset: bool = False, **checks: Any) -> Any:
        """Samples, and targets if given, as arrays of types that models take."""
        checks = {"dtype": [config.floatx(), *WHOLE], "allow_nd": self.build_model is not None, **checks}
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large becomes infinite, and is refused as that
            return validate_data(self, X, y, reset=reset, **checks)

    def _split(self, X: Array, y: Array, weight: Array | None, labels: Array) -> tuple[Any, Any]:
        """(x, y, weights) to train with, and to validate with or None."""
        if not 0 <= self.validation_split < 1:
            raise ValueError(f"Expected validation_split from 0 to below 1. Received: {self.validation_split!r}")
        if not self.validation_split:
            return (X, y, weight), None
        rows = train_test_split(
            np.arange(len(X)), test_size=self.validation_split, stratify=labels if is_classifier(self) else None,
            random_state=config.next_seed() % 2**32,
        )  # fmt: skip
        train, held = ((X[r], y[r], None if weight is None else weight[r]) for r in rows)
        return train, held[: 2 if weight is None else 3]

    def _weights(self, X: Array, y: Array, given: Any) -> Array | None:
        """Weights of mean 1, or None for all the same."""
        balance = getattr(self, "class_weight", None)
        if given is None and balance is None:
            return None
        weight = _check_sample_weight(given, X, dtype=np.float64)
        if balance is not None:
            weight = weight * compute_sample_weight(balance, y)
        if weight.min() < 0 or not weight.max() > 0:
            raise ValueError(f"Expected weights of 0 or more, not all 0. Received: {given!r}, class_weight={balance!r}")
        return weight / weight.mean()

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self, "model_")
        return self.model_.predict(self._input(X), batch_size=self.batch_size, verbose=0)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        return {**state, "model_": packed(state["model_"])} if "model_" in state else state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({**state, "model_": unpacked(state["model_"])} if "model_" in state else state)


def _gives_probabilities(classifier: Any) -> bool:
    """Whether outputs are probabilities, or made into them; before `fit`, whether the loss may lead to such."""
    if not hasattr(classifier, "model_"):
        return not estimating.is_margin(classifier._given_loss())
    if _gives_scores(classifier):
        loss = classifier.model_.loss
        raise AttributeError(
            "Expected a loss that leads to probabilities, such as a cross-entropy. "
            f"Received: loss={getattr(loss, 'name', loss)!r} with outputs that are none; decision_function has them"
        )
    return True


def _gives_scores(classifier: Any) -> bool:
    """Whether there are outputs that are no probabilities."""
    if not hasattr(classifier, "model_"):
        return estimating.is_margin(classifier._given_loss())
    return classifier._meaning in ("margins", "targets")


class Classifier(ClassifierMixin, Estimator):
    """A classifier that trains a model.

    Args:
        build_model: Function that returns a model, compiled or not, see `fastnn.sklearn`; or a model, of which every
            fit trains a copy that begins with its weights; or None for a perceptron.
        hidden: Units of the perceptron's hidden layers; a number is one layer.
        activation: Their activation.
        optimizer: Optimizer or its name; 'adam' by default.
        learning_rate: Step size; the optimizer's own by default.
        loss: Loss or its name; cross-entropy by default, of logits if the model's last layer has no activation.
            After hinge losses there is `decision_function` in the place of `predict_proba`, as after losses of one's
            own and squared errors if the outputs are no probabilities; theirs are near the targets, 0 and 1.
        metrics: Metrics to keep in `history_`.
        epochs: How often `fit` goes through the data.
        batch_size: Samples of a training step.
        validation_split: Share of the samples, drawn evenly from all classes, to evaluate after each epoch.
        callbacks: Callbacks, used as they are.
        class_weight: Weights by class label, or 'balanced'.
        random_state: A whole number makes every fit repeatable; a RandomState gives each fit its own seed; None
            leaves it to the seed of the process.
        verbose: 0 silent, 1 a moving line, 2 one line per epoch.
        warm_start: Whether a further `fit` goes on with the model of the one before, as that was compiled.
        **build_arguments: Arguments of build_model.

    Attributes:
        model_: The trained model.
        classes_: The labels in order.
        history_: Loss and metrics of every epoch of the last fit, by name.
        n_features_in_: Number of features; `feature_names_in_`, too, if the samples had column names.

    Raises:
        TypeError: for a parameter that neither the estimator nor build_model has.

    Example:
        >>> x, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["no", "yes", "yes", "no"]
        >>> classifier = Classifier(hidden=(8,), activation="tanh", learning_rate=0.05, random_state=0)
        >>> classifier.fit(x, y).predict(x).tolist()
        ['no', 'yes', 'yes', 'no']
    """

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
        class_weight: Any = None,
        random_state: Any = None,
        verbose: Any = 0,
        warm_start: bool = False,
        **build_arguments: Any,
    ) -> None:
        super().__init__(
            build_model, hidden=hidden, activation=activation, optimizer=optimizer, learning_rate=learning_rate,
            loss=loss, metrics=metrics, epochs=epochs, batch_size=batch_size, validation_split=validation_split,
            callbacks=callbacks, random_state=random_state, verbose=verbose, warm_start=warm_start, **build_arguments,
        )  # fmt: skip
        self.class_weight = class_weight

    @with_parameters_apart
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Go once through some of the data, with the present model if there is one.

        Args:
            X: Samples, as for `fit`.
            y: Labels.
            classes: All labels that will ever come, in the first call; those of y by default.
            sample_weight: A weight per sample.

        Raises:
            ValueError: for a label that was not announced, or class_weight='balanced'.
        """
        if self.class_weight == "balanced":
            raise ValueError("Expected class_weight as a dict, for a part cannot tell. Received: 'balanced'")
        return self._train(X, y, sample_weight, 1, new=False, classes=classes)

    def predict(self, X: Any) -> Array:
        """The label of every sample, shape (n,).

        Args:
            X: Samples, as for `fit`.
        """
        outputs = self._outputs(X)
        return self.classes_[estimating.class_numbers(outputs, self._meaning)]

    @available_if(_gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """The probability of every class, shape (n, classes), in the order of `classes_`.

        Args:
            X: Samples, as for `fit`.

        Raises:
            AttributeError: if loss and outputs are not made for probabilities; there is `decision_function` then.
            ValueError: for a model whose outputs are none, though its loss took them for that.
        """
        outputs = self._outputs(X)
        shares = estimating.probabilities(outputs, self._meaning)
        if ((shares < -TOLERANCE) | (shares > 1 + TOLERANCE)).any():
            raise ValueError(
                "Expected outputs from 0 to 1, such as those of activation='softmax' or 'sigmoid'. "
                f"Received: outputs from {outputs.min():.4g} to {outputs.max():.4g}"
            )
        shares = np.clip(shares, 0, 1)
        total = shares.sum(axis=1, keepdims=True)  # several sigmoids do not add up to 1
        return np.where(total == 0, 1 / shares.shape[1], shares) / np.where(total == 0, 1, total)

    @available_if(_gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of every class's probability, shape (n, classes), in the order of `classes_`.

        Args:
            X: Samples, as for `fit`.
        """
        with np.errstate(divide="ignore"):  # the logarithm of 0 is minus infinity
            return np.log(self.predict_proba(X))

    @available_if(_gives_scores)  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Array:
        """How much speaks for every class, shape (n, classes); of two classes for the second if above 0, shape (n,).

        Args:
            X: Samples, as for `fit`.

        Raises:
            AttributeError: if there are probabilities.
        """
        found = estimating.decisions(self._outputs(X), self._meaning)
        return found[:, 1] - found[:, 0] if found.shape[1:] == (2,) else found

    def _given_loss(self) -> Any:
        """The parameter as a loss object, or None."""
        named = isinstance(self.loss, str) or callable(self.loss)
        return losses.as_loss(self.loss) if named else None

    def _made(self, X: Array) -> Any:
        model = super()._made(X)
        head = estimating.head_of(model, X)
        estimating.refuse_unfit(model, head)
        self._meaning = estimating.meaning_of(model, head)
        return model

    def _checked(self, X: Any, y: Any, new: bool, classes: Any) -> tuple[Array, Array]:
        X, y = self._input(X, y, reset=new)
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        if new:
            self.classes_ = np.unique(y if classes is None else classes)
        if len(self.classes_) < 2:
            raise ValueError(f"Expected two classes or more. Received: one class, {self.classes_.tolist()}")
        if len(unknown := np.setdiff1d(y, self.classes_)):
            raise ValueError(f"Expected labels from {self.classes_.tolist()}. Received: {unknown.tolist()}")
        return X, y

    def _targets(self, y: Array) -> Array:
        return coded(self.model_, np.searchsorted(self.classes_, y), len(self.classes_))

    def _head(self) -> dict[str, Any]:
        count, loss = len(self.classes_), self._given_loss()
        alone = count == 2 and not estimating.is_categorical(loss)
        open_ended = estimating.is_margin(loss) or estimating.takes_logits(loss)
        activation = None if open_ended else "sigmoid" if alone else "softmax"
        return {"n_classes_": count, "n_outputs": 1 if alone else count, "output_activation": activation}

    def _default_loss(self, model: Any, X: Array) -> Any:
        logits = estimating.is_linear(estimating.head_of(model, X))
        if estimating.output_shapes(model, X)[0][-1] == 1:
            return losses.BinaryCrossentropy(from_logits=logits)
        return losses.SparseCategoricalCrossentropy(from_logits=logits)


class Regressor(RegressorMixin, Estimator):
    """A regressor that trains a model, for one target or several.

    Args:
        build_model: Function that returns a model, compiled or not, see `fastnn.sklearn`; or a model, of which every
            fit trains a copy that begins with its weights; or None for a perceptron.
        hidden: Units of the perceptron's hidden layers; a number is one layer.
        activation: Their activation.
        optimizer: Optimizer or its name; 'adam' by default.
        learning_rate: Step size; the optimizer's own by default.
        loss: Loss or its name; 'mse' by default.
        metrics: Metrics to keep in `history_`.
        epochs: How often `fit` goes through the data.
        batch_size: Samples of a training step.
        validation_split: Share of the samples, drawn at random, to evaluate after each epoch.
        callbacks: Callbacks, used as they are.
        random_state: A whole number makes every fit repeatable; a RandomState gives each fit its own seed; None
            leaves it to the seed of the process.
        verbose: 0 silent, 1 a moving line, 2 one line per epoch.
        warm_start: Whether a further `fit` goes on with the model of the one before, as that was compiled.
        **build_arguments: Arguments of build_model.

    Attributes:
        model_: The trained model.
        history_: Loss and metrics of every epoch of the last fit, by name.
        n_features_in_: Number of features; `feature_names_in_`, too, if the samples had column names.

    Raises:
        TypeError: for a parameter that neither the estimator nor build_model has.

    Example:
        >>> x, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
        >>> regressor = Regressor(hidden=(), learning_rate=0.1, epochs=300, random_state=0)
        >>> regressor.fit(x, y).predict([[3.0]]).round(1).tolist()
        [7.0]
    """

    @with_parameters_apart
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Go once through some of the data, with the present model if there is one.

        Args:
            X: Samples, as for `fit`.
            y: Targets.
            sample_weight: A weight per sample.
        """
        return self._train(X, y, sample_weight, 1, new=False)

    def predict(self, X: Any) -> Array:
        """The prediction for every sample, shape (n,) or (n, targets) as the targets had it.

        Args:
            X: Samples, as for `fit`.
        """
        outputs = self._outputs(X).astype(np.float64)
        return outputs.reshape(len(outputs), *self.target_shape_)

    def _checked(self, X: Any, y: Any, new: bool, classes: Any) -> tuple[Array, Array]:
        X, y = self._input(X, y, reset=new, multi_output=True, y_numeric=True)
        with np.errstate(over="ignore", invalid="ignore"):
            y = check_array(y, dtype=config.floatx(), ensure_2d=False, input_name="y")
        if new:
            self.target_shape_ = y.shape[1:]
        if y.shape[1:] != self.target_shape_:
            raise ValueError(f"Expected y of shape {(len(y), *self.target_shape_)}. Received: shape {y.shape}")
        return X, y

    def _targets(self, y: Array) -> Array:
        return y

    def _head(self) -> dict[str, Any]:
        return {"n_outputs": (*self.target_shape_, 1)[0], "output_activation": None}

    def _default_loss(self, model: Any, X: Array) -> Any:
        return "mse"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
