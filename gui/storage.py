"""Sessions in files: everything that another process needs to go on at the very same operation. No Qt."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import presets
from fastnn.engine import conditions
from fastnn.engine.batches import Feeds
from fastnn.engine.edits import Edit
from fastnn.errors import FastnnError
from fastnn.models import saving
from fastnn.utils.session_file import SessionFile, read
from gui.history import History
from gui.moment import GRAINS
from gui.source import Source, from_preset
from gui.state import SHOWS, State

Array = NDArray[Any]
KINDS: Mapping[str, list[type]] = {
    "version": [str], "title": [str], "description": [str], "batch_size": [int, NoneType], "shuffle": [bool],
    "digits": [int], "reseeds": [bool], "expand": [bool], "preset": [str], "seed": [int], "step": [int], "done": [int],
    "selection": [list, NoneType], "looked": [int, NoneType], "sample": [int], "channel": [int], "show": [str],
    "numbers": [bool], "batch_mean": [bool], "grain": [str], "window": [dict],
}  # of fields of a record  # fmt: skip
LISTED: Mapping[str, type] = {
    "names": str, "starts": int, "edits": dict, "breakpoints": int, "conditions": dict, "watches": list, "history": list
}  # kinds of what is in fields that are lists  # fmt: skip
SETTINGS = ("title", "description", "batch_size", "shuffle", "digits", "reseeds", "expand")  # fields of a source


def file_of(session: State, window: Mapping[str, Any] | None = None) -> SessionFile:
    """A session as a file; nothing in it changes when the session moves on.

    Args:
        session: The session.
        window: What the window wants to find again, as JSON has it.

    Raises:
        ValueError: if the network cannot be written, such as one with code of its own.
    """
    source, stepper = session.source, session.stepper
    if source is None:
        raise ValueError("expected a network to save, received none.")
    preset = source.name if has_data_of_preset(source, stepper) else ""
    record = {
        **{name: as_kind(name, getattr(source, name)) for name in SETTINGS},
        "preset": preset,
        "seed": session.seed,
        **stepper.to_json(),
        "conditions": [c.to_json() for c in session.conditions],
        "selection": [session.selection[0], list(session.selection[1])] if session.selection else None,
        "looked": session.looked,
        "watches": [[name, list(index)] for name, index in session.pinned],
        "sample": session.sample,
        "channel": session.channel,
        "show": session.show,
        "numbers": session.numbers,
        "batch_mean": session.batch_mean,
        "grain": session.grain,
        "history": [list(key) for key in session.history.names],
        "window": dict(window or {}),
    }
    arrays: dict[str, Array] = {} if preset else {f"data/{n}": a for n, a in stepper.data.items()}
    arrays |= {f"test/{n}": a for n, a in (session.held.data or {}).items()}
    for prefix, state in (("start", stepper.checkpoint(0)), ("state", stepper.checkpoint())):
        arrays |= {f"{prefix}/{i}": a.copy() for i, a in enumerate(state)}
    arrays |= {f"edits/{i}": np.asarray(e.value) for i, e in enumerate(stepper.edits)}
    for i, (steps, values) in enumerate(session.history.arrays()):
        arrays |= {f"history.steps/{i}": steps, f"history.values/{i}": values}
    arrays["losses"] = session.losses.array.copy()
    return SessionFile(record, arrays, None if preset else saving.as_bytes(source.build(session.seed)))


def has_data_of_preset(source: Source, stepper: Any) -> bool:
    """Whether a network and its data are those of a preset, so that its name says everything."""
    if not source.name or source.test is not None:
        return False
    x, y = presets.get(source.name).data()
    own = stepper.model.prepare_data(x, y, None)
    data: Mapping[str, Array] = stepper.data
    return own.keys() == data.keys() and all(np.array_equal(own[n], data[n]) for n in own)


def loaded_model(content: bytes) -> Any:
    """The model of a `.keras` file."""
    try:
        return saving.from_bytes(content)
    except ValueError as error:
        said = str(error).replace(" (in 'memory')", "")
        if "known class or function" in said:
            said += " Open the script that registers it first: its classes are known from then on."
        raise ValueError(f"its network cannot be made: {said}") from error


def save(session: State, path: str | os.PathLike[str], window: Mapping[str, Any] | None = None) -> str:
    """Write a session; a file that was there is replaced once the new one is whole.

    Returns:
        What has to be there to open it again, in a sentence; mostly nothing.

    Raises:
        ValueError: if the network cannot be written.
        OSError: if the file cannot be written.
    """
    file = file_of(session, window)
    file.write(path)
    return file.needs


def restore(session: Any, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Go on where a file was saved; the session is left as it was if the file cannot be read.

    Args:
        session: A `Session`.
        path: The file.

    Returns:
        What the window asked to be kept.

    Raises:
        ValueError: naming the file and what is wrong with it.
        OSError: if it cannot be opened.
    """
    file = read(path)
    try:
        check_kinds(file.record)
        source = source_of(file)
        stepper = stepper_of(file, source)
        kept = _kept(file, stepper)
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError, FastnnError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"Expected a session that can be taken up. Received: '{os.fspath(path)}': {reason}") from error
    session.take(source, stepper, whole(file.record, "seed"), kept)
    window = file.record.get("window")
    return dict(window) if isinstance(window, dict) else {}


def source_of(file: SessionFile) -> Source:
    """The network and data of a file."""
    record = file.record
    if record["preset"]:
        if record["preset"] not in presets.names():
            raise ValueError(f"expected a preset of this version, received {record['preset']!r}")
        return replace(from_preset(record["preset"]), expand=record.get("expand") is True)
    if file.model is None:
        raise ValueError("it has no model.keras")
    model, data, test = loaded_model(file.model), file.below("data"), file.below("test")
    kinds = [{name: (a.shape[1:], a.dtype) for name, a in part.items()} for part in (data, test)]
    if test and kinds[0] != kinds[1]:
        raise ValueError("its rows to test on are not like those to learn from")
    return Source(
        str(record["title"]), lambda seed: model, Feeds(data), None, str(record.get("description", "")),
        batch_size=None if record["batch_size"] is None else whole(record, "batch_size"),
        shuffle=bool(record["shuffle"]), digits=min(max(record.get("digits", 4), 0), 12), reseeds=False,
        test=(Feeds(test), None) if test else None, expand=record.get("expand") is True,
    )  # fmt: skip


def as_kind(name: str, value: Any) -> Any:
    """A field's value as it is read again: a script may have said shuffle=1."""
    return value if type(value) in KINDS[name] else KINDS[name][0](value)


def check_kinds(record: Mapping[str, Any]) -> None:
    """Raise ValueError at the first field that is of another kind than `file_of` writes it."""
    for name, value in record.items():
        if name in KINDS and type(value) not in KINDS[name]:
            said = " or ".join(kind.__name__ for kind in KINDS[name])
            raise ValueError(f"expected {name} to be of type {said}, received {value!r:.60}")
        if name in LISTED and (type(value) is not list or any(type(v) is not LISTED[name] for v in value)):
            raise ValueError(f"expected {name} to be a list of {LISTED[name].__name__}, received {value!r:.60}")


def whole(record: Mapping[str, Any], name: str) -> int:
    """A whole number of a record."""
    value = record[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"expected {name} to be a whole number, received {value!r}")
    return value


def cell_of(listed: Any) -> tuple[int, ...]:
    """Whole numbers of a record, such as an index."""
    if not isinstance(listed, list) or not all(type(i) is int for i in listed):
        raise ValueError(f"expected a list of whole numbers, received {listed!r}")
    return tuple(listed)


def stepper_of(file: SessionFile, source: Source) -> Any:
    """A stepper that stands where the file says."""
    record, seed = file.record, whole(file.record, "seed")
    model = source.build(seed)
    stepper = source.stepper(model, seed)
    names = renamed(record["names"], stepper)
    step, losses = whole(record, "step"), file.arrays["losses"]
    if losses.ndim != 1 or losses.dtype.kind != "f":
        raise ValueError(f"expected losses to be a row of numbers, received {losses.dtype} of shape {losses.shape}")
    edits = [
        Edit(whole(e, "step"), names[e["name"]], cell_of(e["index"]), value)
        for e, value in zip(record["edits"], file.numbered("edits"), strict=True)
    ]
    stepper.resume(0, state_of(file, "start", stepper), [])
    stepper.resume(step, state_of(file, "state", stepper), losses.tolist(), edits, list(cell_of(record["starts"])))
    stepper.run_on(whole(record, "done"))
    stepper.breakpoints.update(i for i in record["breakpoints"] if 0 <= i < len(stepper.steps))
    return stepper


def state_of(file: SessionFile, prefix: str, stepper: Any) -> list[Array]:
    """The state of a run, in the types that its variables have."""
    arrays, wanted = file.numbered(prefix), [a.dtype for a in stepper.checkpoint()]
    for k, (array, dtype) in enumerate(zip(arrays, wanted, strict=False)):
        if array.dtype != dtype:
            raise ValueError(f"expected {prefix}/{k} to be of {dtype}, received {array.dtype}")
    return arrays


def renamed(names: Any, stepper: Any) -> dict[str, str]:
    """Names in the file → names now: layers that nobody named are counted anew in every process."""
    now = list(stepper.listing.values)
    if not isinstance(names, list) or len(names) != len(now):
        raise ValueError("its network has other operations than this version gives it")
    return dict(zip(names, now, strict=True))


def _kept(file: SessionFile, stepper: Any) -> dict[str, Any]:
    """Fields of the session that the file has something to say about."""
    record, names = file.record, renamed(file.record["names"], stepper)
    found: dict[str, Any] = {"conditions": [conditions.from_json(c) for c in record.get("conditions", [])]}
    chosen = record.get("selection")
    if chosen and chosen[0] in names:
        found["selection"] = (names[chosen[0]], cell_of(chosen[1]))
    found["pinned"] = list(_watches(record.get("watches", []), names, stepper))
    if isinstance(record.get("looked"), int) and 0 <= record["looked"] < len(stepper.steps):
        found["_looked"] = record["looked"]
    for name in ("sample", "channel"):
        found[name] = whole(record, name) if name in record else 0
    found["sample"] = min(found["sample"], len(stepper.sample_indices) - 1)
    either = (True, False)
    for name, allowed in (("show", SHOWS), ("grain", GRAINS), ("numbers", either), ("batch_mean", either)):
        if record.get(name) in allowed:
            found[name] = record[name]
    history, steps, values = History(), file.numbered("history.steps"), file.numbered("history.values")
    for key, x, y in zip(record.get("history", []), steps, values, strict=True):
        history.take((str(key[0]), str(key[1])), x, y)
    found["history"] = history
    return found


def _watches(listed: Any, names: Mapping[str, str], stepper: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The watch list of a file, without what there is no cell for."""
    for name, index in listed:
        cell, value = cell_of(index), stepper.listing.values.get(names.get(name, ""))
        if value is not None and len(cell) == len(value.shape):
            yield value.name, cell
