"""The names of TensorFlow 2 that courses use beside Keras, over fastnn's operations."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np

import fastnn as keras
from fastnn import data, ops
from fastnn.compat.tensorflow.networks import NN
from fastnn.compat.tensorflow.numbers import ARRANGING, MATH, constant
from fastnn.compat.tensorflow.randomness import RANDOM
from fastnn.compat.tensorflow.renaming import renamed
from fastnn.engine.nested import flatten
from fastnn.engine.tape import GradientTape
from fastnn.engine.tensor import Tensor, Variable, as_array
from fastnn.utils.naming import did_you_mean

__version__ = "2.0 (names only, over fastnn)"
float32, float64, int32, int64, uint8, bool = "float32", "float64", "int32", "int64", "uint8", "bool"
newaxis = None
losses, metrics, optimizers, initializers = keras.losses, keras.metrics, keras.optimizers, keras.initializers


class Module:
    """What holds variables, in attributes, lists and other modules.

    Example:
        >>> class Line(Module):
        ...     def __init__(self):
        ...         self.w, self.b = Variable(1.0), Variable(0.0)
        >>> len(Line().trainable_variables)
        2
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or type(self).__name__.lower()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Every variable once."""
        return tuple({id(v): v for v in self._held()}.values())

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """The variables that training changes."""
        return tuple(v for v in self.variables if v.trainable)

    def _held(self) -> Iterator[Variable]:
        for value in flatten(list(vars(self).values())):
            if isinstance(value, Variable):
                yield value
            elif isinstance(value, (Module, keras.Layer)):
                yield from value.variables


def function(given: Any = None, **_: Any) -> Any:
    """The function itself: step lists are made where they are needed."""
    return given if given is not None else lambda f: f


def executing_eagerly() -> Any:
    """True: operations run when they are called."""
    return True


def print(*values: Any, **kwargs: Any) -> None:
    """Python's `print` with tensors as arrays."""
    import builtins

    kwargs = {k: v for k, v in kwargs.items() if k in ("sep", "end")}
    builtins.print(*(v.numpy() if isinstance(v, Tensor) else v for v in values), **kwargs)


def assert_equal(x: Any, y: Any, message: str | None = None, **_: Any) -> None:
    """Nothing, if two tensors are equal.

    Raises:
        ValueError: if they are not.
    """
    if not np.array_equal(as_array(x), as_array(y)):
        raise ValueError(f"Expected equal tensors. {message or ''} Received: {as_array(x)} and {as_array(y)}")


def device(name: Any) -> Any:
    """A block that runs where everything runs."""
    return nullcontext()


def TensorShape(dims: Any) -> tuple[int | None, ...]:
    """A shape as a tuple."""
    return tuple(dims)


def TensorSpec(shape: Any = None, dtype: Any = "float32", name: str | None = None) -> SimpleNamespace:
    """Shape and type of a tensor."""
    return SimpleNamespace(shape=None if shape is None else tuple(shape), dtype=dtype, name=name)


math, nn, random = SimpleNamespace(**MATH), SimpleNamespace(**NN), SimpleNamespace(**RANDOM)
linalg = SimpleNamespace(
    matmul=ARRANGING["matmul"], norm=ARRANGING["norm"], einsum=ops.einsum, trace=ops.trace, diag=ops.diag,
    matvec=lambda a, b, name=None: ops.squeeze(ops.matmul(a, ops.expand_dims(b, axis=-1)), axis=-1),
    l2_normalize=MATH["l2_normalize"], matrix_transpose=lambda a, name=None: ops.swapaxes(a, -1, -2),
    tensordot=ARRANGING["tensordot"], eye=ARRANGING["eye"],
)  # fmt: skip
image = SimpleNamespace(
    resize=renamed(ops.resize, "images size method=interpolation"),
    flip_left_right=lambda image: ops.flip(image, axis=-2), flip_up_down=lambda image: ops.flip(image, axis=-3),
    rgb_to_grayscale=renamed(ops.rgb_to_grayscale, "images"),
)  # fmt: skip
config = SimpleNamespace(
    list_physical_devices=lambda kind=None: [], run_functions_eagerly=lambda flag: None,
    experimental=SimpleNamespace(list_physical_devices=lambda kind=None: [], set_memory_growth=lambda *_: None),
)  # fmt: skip
test = SimpleNamespace(is_gpu_available=lambda *_, **__: False, gpu_device_name=lambda: "")
dtypes = SimpleNamespace(cast=ARRANGING["cast"], float32=float32, float64=float64, int32=int32, int64=int64)
debugging = SimpleNamespace(assert_equal=assert_equal)
_STAYS_IN_MATH = ("top_k", "in_top_k", "l2_normalize", "bincount", "count_nonzero", "confusion_matrix", "softmax")
globals().update({n: f for n, f in MATH.items() if n not in _STAYS_IN_MATH})
globals().update(ARRANGING)

__all__ = ["GradientTape", "Module", "Tensor", "Variable", "constant", "data", "function", "keras", "math", "nn"]


def __getattr__(name: str) -> Any:
    if name == "compat":
        return SimpleNamespace(v1=importlib.import_module("fastnn.compat.v1"))
    hint = did_you_mean(name, [n for n in globals() if not n.startswith("_")])
    raise AttributeError(f"module 'tensorflow' (names over fastnn) has no attribute {name!r}; {hint}")
