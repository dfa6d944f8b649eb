"""The names of TensorFlow 2 that courses use beside Keras, over fastnn's operations."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

import fastnn as keras
from fastnn import data, ops
from fastnn.engine.tape import GradientTape
from fastnn.engine.tensor import Tensor, Variable, as_array
from fastnn.utils.naming import did_you_mean

__version__ = "2.0 (names only, over fastnn)"
float32, float64, int32, int64, uint8, bool = "float32", "float64", "int32", "int64", "uint8", "bool"
newaxis = None


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor of given numbers.

    Example:
        >>> constant([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """
    array = as_array(value, dtype)
    return Tensor(array if shape is None else np.broadcast_to(array, shape).copy())


def function(given: Any = None, **_: Any) -> Any:
    """The function itself: step lists are made where they are needed."""
    return given if given is not None else lambda f: f


def executing_eagerly() -> Any:
    """True: operations run when they are called."""
    return True


def reduced(operation: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction with TensorFlow's argument names."""

    def reduce(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None) -> Any:
        return operation(input_tensor, axis=axis, keepdims=keepdims)

    return reduce


def _named(*names: str, **renamed: str) -> dict[str, Any]:
    """Operations by name, and by another name where TensorFlow's differs; those that exist."""
    table = {**{n: n for n in names}, **renamed}
    return {name: getattr(ops, of) for name, of in table.items() if hasattr(ops, of)}


def _seeded(seed: int | None = None) -> None:
    keras.utils.set_random_seed(0 if seed is None else seed)


_MATH = _named(
    "abs", "add", "subtract", "multiply", "divide", "square", "sqrt", "exp", "log", "sin", "cos", "tan", "tanh",
    "sigmoid", "sign", "floor", "ceil", "round", "maximum", "minimum", "greater", "less", "equal", "not_equal",
    "logical_and", "logical_or", "logical_not", "argmax", "argmin", "cumsum", "softplus", "rsqrt", "erf", "pow",
    "top_k", "greater_equal", "less_equal", "log1p", "isnan", negative="negative", absolute="absolute", mod="mod",
)  # fmt: skip
_REDUCED = {f"reduce_{n}": reduced(getattr(ops, n)) for n in ("mean", "sum", "max", "min", "prod", "any", "all")
            if hasattr(ops, n)}  # fmt: skip
math = SimpleNamespace(**_MATH, **_REDUCED)
nn = SimpleNamespace(
    **_named(
        "relu", "sigmoid", "tanh", "softmax", "elu", "selu", "gelu", "silu", "softplus", "leaky_relu", "relu6",
        "log_softmax", swish="silu",
    )
)  # fmt: skip
random = SimpleNamespace(set_seed=_seeded)
config = SimpleNamespace(list_physical_devices=lambda kind=None: [], run_functions_eagerly=lambda flag: None)
losses, metrics, optimizers, initializers = keras.losses, keras.metrics, keras.optimizers, keras.initializers
globals().update(_MATH)
globals().update(_REDUCED)
globals().update(
    _named(
        "matmul", "cast", "reshape", "transpose", "squeeze", "expand_dims", "concat", "stack", "split", "tile", "zeros",
        "ones", "zeros_like", "ones_like", "eye", "fill", "range", "linspace", "where", "one_hot", "gather", "pad",
        "shape", "stop_gradient", "convert_to_tensor", "einsum", "tensordot", "norm", "sort", "argsort",
        concat="concatenate", clip_by_value="clip", gather="take", range="arange",
    )
)  # fmt: skip

__all__ = ["GradientTape", "Tensor", "Variable", "constant", "data", "function", "keras", "math", "nn", "random"]


def __getattr__(name: str) -> Any:
    if name == "compat":
        return SimpleNamespace(v1=importlib.import_module("fastnn.compat.v1"))
    hint = did_you_mean(name, [n for n in globals() if not n.startswith("_")])
    raise AttributeError(f"module 'tensorflow' (names over fastnn) has no attribute {name!r}; {hint}")
