"""Weights as `.safetensors` files: names and arrays, nothing that could be executed."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.tensor import Variable
from fastnn.utils.extras import need
from fastnn.utils.fitting import fitted
from fastnn.utils.writing import write_aside

ENDING = ".safetensors"
DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "uint16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip


def named(variables: Iterable[Variable]) -> dict[str, Variable]:
    """Variables by their paths, numbered where a path comes again."""
    found: dict[str, Variable] = {}
    for variable in variables:
        name, k = variable.path, 2
        while name in found:
            name, k = f"{variable.path}_{k}", k + 1
        found[name] = variable
    return found


def save(model: Any, path: Path) -> None:
    """Write a model's weights.

    Args:
        model: A built model.
        path: The file.

    Raises:
        ImportError: if safetensors is not installed.
        OSError: if the file cannot be written.
    """
    package = need("safetensors.numpy", extra="safetensors", what="Model.save_weights")
    arrays = {name: np.ascontiguousarray(v.value).reshape(v.shape) for name, v in named(model.weights).items()}
    content = package.save(arrays, {"format": "np", "producer": "fastnn"})
    write_aside(path, lambda file: file.write(content))


def read(path: Path, what: str = "Model.load_weights") -> dict[str, NDArray[Any]]:
    """The arrays of a file by name; numbers of two bytes become float32.

    Args:
        path: The file.
        what: What needs it, for the error where safetensors is not installed.

    Raises:
        ValueError: naming the file, if it is damaged, cut short or something else.
        OSError: if it cannot be opened.
        ImportError: if safetensors is not installed.
    """
    package = need("safetensors", extra="safetensors", what=what)
    content = path.read_bytes()
    try:
        entries = package.deserialize(content)
    except Exception as error:  # its errors have a type of their own, and none for a text that is no text
        raise ValueError(f"Expected a whole .safetensors file. Received: '{path}': {error}") from None
    names = names_in(content)
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ValueError(f"Expected weights of different names in '{path}'. Received: {some(twice)} more than once")
    return {name: array_of(name, entry, path) for name, entry in entries}


def names_in(content: bytes) -> list[str]:
    """All names in the first line of a file that the package has read, which takes the last of those that are alike."""
    end = 8 + int.from_bytes(content[:8], "little")
    names: list[str] = json.loads(content[8:end], object_pairs_hook=lambda pairs: [key for key, _ in pairs])
    return names


def array_of(name: str, entry: Mapping[str, Any], path: Path) -> NDArray[Any]:
    """The numbers of an entry."""
    dtype, shape = entry["dtype"], tuple(entry["shape"])
    if dtype not in DTYPES:
        known = ", ".join(DTYPES)
        raise ValueError(f"Expected '{name}' of a type of {known}. Received: {dtype} in '{path}'")
    flat = np.frombuffer(entry["data"], DTYPES[dtype])
    if flat.size != math.prod(shape):
        raise ValueError(f"Expected numbers for '{name}' of shape {shape}. Received: {flat.size} in '{path}'")
    if dtype == "BF16":
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    try:
        return (flat.astype(np.float32) if dtype == "F16" else flat).reshape(shape)
    except ValueError as error:  # an axis of no length may stand beside one of any
        raise ValueError(
            f"Expected a shape that arrays can have for '{name}'. Received: {shape} in '{path}': {error}"
        ) from None


def load(model: Any, path: Path) -> None:
    """Read a model's weights, all of them or none.

    Args:
        model: A built model.
        path: The file.

    Raises:
        ValueError: naming the file, if it is damaged, or its names, shapes or types are not the model's.
        OSError: if it cannot be opened.
        ImportError: if safetensors is not installed.
    """
    found, wanted = read(path), named(model.weights)
    missing, extra = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    if missing or extra:
        raise ValueError(f"Expected the weights of '{model.name}' in '{path}'. Received: {difference(missing, extra)}")
    checked = [(variable, fitting(variable, name, found[name], path)) for name, variable in wanted.items()]
    for variable, value in checked:
        variable.assign(value)


def difference(missing: list[str], extra: list[str]) -> str:
    """What a file lacks, and what it has too much.

    Example:
        >>> difference(["a"], []), difference([], ["b", "c"])
        ("a file without 'a'", "a file with 'b', 'c', which the model does not have")
    """
    lacks = [f"without {some(missing)}"] if missing else []
    return (
        f"a file {' and '.join([*lacks, *([f'with {some(extra)}, which the model does not have'] if extra else [])])}"
    )


def some(names: list[str]) -> str:
    """The first names of many."""
    shown = ", ".join(map(repr, names[:5]))
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def fitting(variable: Variable, name: str, array: NDArray[Any], path: Path) -> NDArray[Any]:
    """An array in the variable's type; floats stay floats and whole numbers stay whole.

    Raises:
        ValueError: for another shape or kind of number, or numbers that the type does not have.
    """
    kinds = "f" if np.dtype(variable.dtype).kind == "f" else "iub"
    if array.shape != tuple(variable.shape) or array.dtype.kind not in kinds:
        raise ValueError(
            f"Expected '{name}' of shape {tuple(variable.shape)} and {variable.dtype}. "
            f"Received: {array.shape} and {array.dtype} in '{path}'"
        )
    return fitted(variable, array, f"'{path}'", name)
