"""Variables in a file by their names: what a checkpoint of older scripts is."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastnn.engine.tensor import Variable
from fastnn.utils.fitting import fitted
from fastnn.utils.hdf5_files import inner, opened
from fastnn.utils.hdf5_numbers import numbers_at, numbers_of
from fastnn.utils.writing import write_aside


def named(variables: Sequence[Variable]) -> dict[str, Variable]:
    """Variables by name.

    Raises:
        ValueError: if two have the same name, or there are none.
    """
    found: dict[str, Variable] = {}
    for variable in variables:
        if variable.path in found:
            raise ValueError(f"Expected variables of different names. Received: two named '{variable.path}'")
        found[variable.path] = variable
    if not found:
        raise ValueError("Expected at least one variable. Received: none")
    return found


def save_variables(variables: Sequence[Variable], path: str | os.PathLike[str]) -> None:
    """Write variables into a file; it is written aside and put in place when it is whole.

    Args:
        variables: The variables, of different names.
        path: The file, such as 'model.ckpt'.

    Raises:
        ValueError: if two variables have the same name.
        OSError: if the file cannot be written.
    """
    import h5py  # here, for it is slow to import and seldom needed

    content = io.BytesIO()
    with h5py.File(content, "w") as h5:
        group = h5.create_group("variables")
        for name, variable in named(variables).items():
            group.create_dataset(name.replace("/", "|"), data=variable.value)
    write_aside(path, lambda file: file.write(content.getvalue()))


def restore_variables(variables: Sequence[Variable], path: str | os.PathLike[str]) -> None:
    """Read variables from a file by their names; all are checked before the first is changed.

    Args:
        variables: The variables.
        path: What `save_variables` wrote.

    Raises:
        ValueError: if the file is of another kind, lacks a name, or has another shape under it.
        OSError: if it cannot be opened.
    """
    wanted, place = named(variables), Path(path)
    with opened(place.read_bytes(), place) as h5:
        group = inner(h5, "variables", place)
        held = {n.replace("|", "/"): n for n in group}
        found = [(v, read(group, held, name, v, place)) for name, v in wanted.items()]
    for variable, value in found:
        variable.assign(value)


def read(group: Any, held: Mapping[str, str], name: str, variable: Variable, file: Path) -> Any:
    """The array under a variable's name, of the variable's shape.

    Raises:
        ValueError: naming the file, if it lacks the name, or has another shape under it.
    """
    if name not in held:
        raise ValueError(f"Expected a variable named '{name}' in '{file}'. Received: {sorted(held)}")
    data = numbers_at(group, held[name], file)
    if data.shape != variable.shape:
        raise ValueError(
            f"Expected '{name}' of shape {variable.shape} in '{file}'. Received: {data.shape}; variables "
            "without names of their own are numbered in the order in which they are made"
        )
    return fitted(variable, numbers_of(data, file), f"'{file}'")
