"""Calls of operations in a functional model's configuration: as Keras writes them, and back.

Keras keeps a class for every operation: settings are in its configuration, tensors among the arguments of its call.
Operations that Keras lacks, and calls that its classes cannot take, are written under fastnn's own name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.config import dtype_name, floatx
from fastnn.engine.graph import Node, SymbolicTensor
from fastnn.engine.nested import flatten
from fastnn.engine.tensor import Tensor, as_array
from fastnn.ops.table import COMPOSED, OPS, Op
from fastnn.utils.limits import check_setting
from fastnn.utils.naming import did_you_mean, snake_case

MODULES = {
    "numpy": "absolute add all allclose any append arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin "
    "argpartition argsort array_split average bincount broadcast_to cbrt ceil clip concatenate copy corrcoef cos cosh "
    "count_nonzero cross cumprod cumsum deg2rad diag diagflat diagonal diff divide divide_no_nan dot dstack einsum "
    "empty_like equal exp exp2 expand_dims expm1 flip floor floor_divide fmax fmin fmod full full_like get_item "
    "greater greater_equal heaviside hstack hypot inner isclose isfinite isin isinf isnan isneginf isposinf kron ldexp "
    "less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor matmul "
    "max maximum mean median meshgrid min minimum mod moveaxis multiply nan_to_num negative not_equal ones_like outer "
    "pad power prod ptp quantile rad2deg ravel reciprocal repeat reshape roll rot90 round searchsorted select sign "
    "signbit sin sinc sinh sort split sqrt square squeeze stack std subtract sum swapaxes take take_along_axis tan "
    "tanh tensordot tile trace transpose trapezoid tril triu trunc unravel_index vander var vdot vstack where "
    "zeros_like",
    "nn": "average_pool batch_normalization binary_crossentropy categorical_crossentropy celu conv conv_transpose "
    "depth_to_space depthwise_conv dot_product_attention elu gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh "
    "layer_normalization leaky_relu log_sigmoid log_softmax max_pool moments multi_hot normalize one_hot psnr relu "
    "relu6 rms_normalization selu separable_conv sigmoid silu soft_shrink softmax softplus softsign space_to_depth "
    "sparse_categorical_crossentropy sparse_plus sparse_sigmoid sparsemax squareplus tanh_shrink threshold",
    "core": "cast convert_to_tensor saturate_cast scatter scatter_update slice slice_update stop_gradient unstack",
    "math": "cdist erf erfc erfinv extract_sequences in_top_k logsumexp rsqrt segment_max segment_min segment_sum "
    "top_k",
    "image": "affine_transform resize rgb_to_grayscale",
    "linalg": "norm",
}
MODULE_OF = {name: f"keras.src.ops.{module}" for module, names in MODULES.items() for name in names.split()}
MODULE_OF["rectify"] = "keras.src.activations.activations"
CLASSES = {
    "allclose": "AllClose",
    "batch_normalization": "BatchNorm",
    "cdist": "CDist",
    "isin": "IsIn",
    "layer_normalization": "LayerNorm",
    "psnr": "PSNR",
    "rectify": "ReLU",
    "rgb_to_grayscale": "RGBToGrayscale",
    "rms_normalization": "RMSNorm",
    "searchsorted": "SearchSorted",
}
"""Names of classes that do not follow from the operation's."""

_CALLED = (
    "a array atol beta bias choicelist condition condlist constant_values data default depthwise_kernel fill_value "
    "gamma images indices inputs kernel key mask mean offset operands output pointwise_kernel predictions q query rtol "
    "scale segment_ids sorted_sequence start_indices target targets transform updates value values variable variance "
    "weights x x1 x2 xs y"
)
CALLED = frozenset(_CALLED.split())
"""Arguments of the call; all others are in the configuration."""

CONFIGURED = {
    "affine_transform": {"fill_value"},
    "allclose": {"atol", "rtol"},
    "bincount": {"weights"},
    "diagonal": {"offset"},
    "resize": {"fill_value"},
    "trace": {"offset"},
    "trapezoid": {"x"},
}
"""Where one of these names is in the configuration all the same."""

_UNCOUNTED = (
    "begin end epsilon initial max_val max_value n nan neginf newshape posinf seed shape start stop threshold x_max "
    "x_min"
)
UNCOUNTED = frozenset(_UNCOUNTED.split())
"""Settings that may be as large as any number: they count nothing, or nothing but numbers that are not made yet."""


# ---------------------------------------------------------------- writing


def class_name(name: str) -> str:
    """Keras' class of an operation.

    Example:
        >>> class_name("get_item"), class_name("top_k"), class_name("cdist")
        ('GetItem', 'TopK', 'CDist')
    """
    return CLASSES.get(name) or "".join(word.capitalize() for word in name.split("_"))


def written(node: Node, name: str, place: Callable[[SymbolicTensor], list[Any]]) -> dict[str, Any]:
    """The entry of a configuration for a call of an operation.

    Args:
        node: The call.
        name: The name of the entry.
        place: Where a tensor comes from, as Keras tells it.
    """
    operation = node.callable
    parts = as_in_keras(node) if operation.name in MODULE_OF else None
    args, settings = parts or (list(node.args), {})
    kind = class_name(operation.name) if parts else operation.name
    return {
        "module": MODULE_OF[operation.name] if parts else "fastnn.ops",
        "class_name": kind,
        "config": {"name": name, **settings},
        "registered_name": kind if parts else None,
        "name": name,
        "inbound_nodes": [
            {"args": [argument(a, place) for a in args], "kwargs": {} if parts else argument(node.kwargs, place)}
        ],
    }


def as_in_keras(node: Node) -> tuple[list[Any], dict[str, Any]] | None:
    """A call's arguments and the settings of Keras' class; None where that cannot take them."""
    name = node.callable.name
    args: list[Any] = []
    settings = {}
    for argument_name, kind, value in arguments_of(node):
        if not is_called(name, argument_name):
            if any(isinstance(v, SymbolicTensor) for v in flatten(value)):
                return None
            settings[argument_name] = setting(name, argument_name, value)
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            args += value
        else:
            args.append(listed(value))
    if name == "get_item":
        args[1] = keras_key(*(value for _, _, value in arguments_of(node)))
        return None if args[1] is None else (args, settings)
    return args, settings


def is_called(operation: str, argument_name: str) -> bool:
    """Whether Keras passes an argument in the call; it keeps the others in the configuration."""
    return argument_name in CALLED and argument_name not in CONFIGURED.get(operation, ())


def arguments_of(node: Node) -> list[tuple[str, Any, Any]]:
    """All arguments of a call with their names in Keras, kinds and values."""
    operation = node.callable
    parameters = inspect.signature(operation).parameters
    if isinstance(operation, Op):
        inputs = (list(node.args),) if operation.variadic else node.args
        values = [*inputs, *(node.kwargs[key] for key in operation.attrs)]
    else:
        bound = inspect.signature(operation).bind(*node.args, **node.kwargs)
        bound.apply_defaults()
        values = list(bound.arguments.values())
    return [(key, p.kind, value) for (key, p), value in zip(parameters.items(), values, strict=True)]


def setting(operation: str, name: str, value: Any) -> Any:
    """A setting as plain JSON; what Keras' functions fill in before they make the class is filled in."""
    if name == "data_format" and value is None:
        return "channels_last"
    if name == "dtype" and (value is not None or operation in ("multi_hot", "one_hot")):
        return dtype_name(value)
    if name == "max_value" and value == np.inf:
        return None
    return listed(as_array(value).tolist() if hasattr(value, "__array__") else value)


def listed(value: Any) -> Any:
    """Lists in place of tuples: JSON has no others, and Keras reads no others."""
    return [listed(v) for v in value] if isinstance(value, (list, tuple)) else value


def keras_key(x: SymbolicTensor, key: Any) -> list[Any] | int | None:
    """An index of whole numbers, slices and None, or None for another, which Keras' class does not take.

    Keras reads no Ellipsis from .h5 files: slices stand for it.
    """
    parts = [int(k) if isinstance(k, np.integer) else k for k in (key if isinstance(key, tuple) else (key,))]
    if not all(k is None or k is Ellipsis or type(k) in (int, slice) for k in parts):
        return None
    if not isinstance(key, tuple) and type(parts[0]) is int:
        return parts[0]
    if Ellipsis in parts:
        at, named = parts.index(Ellipsis), sum(type(k) in (int, slice) for k in parts)
        parts[at : at + 1] = [slice(None)] * (len(x.shape) - named)
    return parts


def argument(value: Any, place: Callable[[SymbolicTensor], list[Any]]) -> Any:
    """An argument of a call as JSON.

    Args:
        value: A tensor, an array, a plain value or a nest of such.
        place: Where a tensor comes from, as Keras tells it.
    """
    if isinstance(value, SymbolicTensor):
        config = {"shape": list(value.shape), "dtype": value.dtype, "keras_history": place(value)}
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(value, Mapping):
        return {k: argument(v, place) for k, v in value.items()}
    if isinstance(value, tuple) and any(v is None or v is Ellipsis or isinstance(v, (int, slice)) for v in value):
        return {"class_name": "__tuple__", "items": [argument(v, place) for v in value]}
    if isinstance(value, (list, tuple)):
        return [argument(v, place) for v in value]
    if isinstance(value, slice):
        config = {name: argument(getattr(value, name), place) for name in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": config}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    return array(as_array(value)) if isinstance(value, (Tensor, np.ndarray, np.generic)) else value


def array(value: np.ndarray) -> Any:
    """An array with a type that files may say; one of no axes is a number."""
    if value.ndim == 0:
        return value.item()
    if value.dtype.kind == "f":
        value = value.astype(floatx())
    elif value.dtype not in ("int32", "int64", "uint8", "bool"):
        value = as_array(value.tolist())
    return {"class_name": "__numpy__", "config": {"value": value.tolist(), "dtype": str(value.dtype)}}


# ---------------------------------------------------------------- reading

OPERATIONS = {class_name(name): name for name in MODULE_OF} | {
    "Abs": "absolute",
    "Fabs": "absolute",
    "TrueDivide": "divide",
}
"""Operations by Keras' classes; what is not here is called like its class."""


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a configuration is a call of an operation rather than a layer."""
    return str(entry.get("module", "")).startswith(("fastnn.ops", "keras.src.ops", "keras.src.activations"))


def found(wanted: str) -> tuple[str, Callable[..., Any] | None]:
    """The name and operation that a class name stands for; None where there is none."""
    name = OPERATIONS.get(wanted) or snake_case(wanted)
    operation = COMPOSED.get(name) or OPS.get(name) or (getattr(ops, name) if name in ops.__all__ else None)
    return name, operation if callable(operation) else None


def made(entry: Mapping[str, Any]) -> Callable[..., Any]:
    """What repeats the calls of an entry.

    Raises:
        ValueError: if it names no operation, or a setting that the operation lacks.
    """
    name, operation = found(str(entry["class_name"]))
    if operation is None:
        raise ValueError(f"Expected a known operation. Received: {name!r}; {did_you_mean(name, MODULE_OF)}")
    if str(entry["module"]).startswith("fastnn."):
        return partial(checked, name, operation)
    return Repeated(name, operation, entry.get("config") or {})


def checked(name: str, operation: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call an operation as a file says, after a look at its settings.

    Raises:
        ValueError: for a count that no network needs, such as a thousand million pieces.
    """
    for key, value in (*zip(inspect.signature(operation).parameters, args, strict=False), *kwargs.items()):
        if key not in CALLED | UNCOUNTED:
            check_setting(name, key, value)
    return operation(*args, **kwargs)


class Repeated:
    """Calls of an operation with the settings of Keras' class.

    Args:
        name: The operation's name.
        operation: The operation.
        config: The settings of Keras' class.

    Raises:
        ValueError: for a setting that the operation lacks.
    """

    def __init__(self, name: str, operation: Callable[..., Any], config: Mapping[str, Any]) -> None:
        self.name, self.operation = name, operation
        parameters = inspect.signature(operation).parameters
        several = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters.values())
        self.by_position = several or name not in MODULE_OF
        self.called = [key for key in parameters if is_called(name, key)]
        given = {key: value for key, value in config.items() if key != "name" and value is not None}
        unknown = sorted(key for key, value in given.items() if key not in parameters and value is not False)
        if unknown:
            raise ValueError(f"Operation '{name}': expected settings {list(parameters)}. Received: {unknown}")
        self.settings = {key: value for key, value in given.items() if key in parameters}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.by_position:
            before = ["subscripts"] if "subscripts" in self.settings else []
            rest = {key: value for key, value in self.settings.items() if key not in before}
            return checked(self.name, self.operation, *(self.settings[key] for key in before), *args, **rest, **kwargs)
        if len(args) > len(self.called):
            raise ValueError(f"Operation '{self.name}': expected arguments {self.called}. Received: {len(args)}")
        named = {**dict(zip(self.called, args, strict=False)), **kwargs}
        if self.name == "get_item" and isinstance(named.get("key"), list):
            named["key"] = tuple(named["key"])
        return checked(self.name, self.operation, **named, **self.settings)


def revived(value: Any, tensors: Callable[[Mapping[str, Any]], Any]) -> Any:
    """An argument of a call from JSON.

    Args:
        value: What `argument` gave, or a file of Keras.
        tensors: The tensor that an entry stands for.
    """
    if isinstance(value, list):
        items = [revived(v, tensors) for v in value]
        return tuple(items) if any(v is Ellipsis or isinstance(v, slice) for v in items) else items  # an index
    if not isinstance(value, dict):
        return value
    kind, config = value.get("class_name"), value.get("config", {})
    if kind == "__keras_tensor__":
        return tensors(value)
    if kind == "__tuple__":
        return tuple(revived(v, tensors) for v in value["items"])
    if kind == "__slice__":
        start, stop, step = config if isinstance(config, list) else (config[k] for k in ("start", "stop", "step"))
        return slice(start, stop, step)
    if kind == "__ellipsis__":
        return Ellipsis
    if kind in ("__tensor__", "__numpy__"):
        return np.array(config["value"], dtype_name(config["dtype"]))
    return {k: revived(v, tensors) for k, v in value.items()}
