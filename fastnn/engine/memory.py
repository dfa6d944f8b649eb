"""Which values of a plan lie in which memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine import execute
from fastnn.engine.graph import Value
from fastnn.engine.rows import Program, Row
from fastnn.engine.steplist import StepList

Array = NDArray[Any]


@dataclass
class _Room:
    """Bytes of memory and the last row that reads what lies in it."""

    raw: Array
    dies: int

    def fits(self, size: int) -> bool:
        return size <= len(self.raw) <= 2 * size + 4096


def share_memory(listing: StepList, program: Program, given: Mapping[str, Array]) -> dict[str, Array]:
    """Buffers for the values that rows write, and for second names of all values.

    A value lives from the row that writes it to the last that reads it. Its memory is then handed on, the tightest fit
    first; a row that works number by number writes over an operand that dies with it. Outputs, loss and watched
    values live to the end of the list, so that they can be read afterwards.

    Args:
        listing: The list.
        program: Its rows.
        given: Buffers of the other values: inputs, variables and the like.
    """
    rows, values = program.rows, listing.values
    lives = _lifetimes(listing, program)
    rooms: dict[str, _Room] = {}
    live: list[_Room] = []
    free: list[_Room] = []
    for i, row in enumerate(rows):
        free += [room for room in live if room.dies < i]
        live = [room for room in live if room.dies >= i]
        for name in row.writes:
            if name in given or name in rooms:
                continue
            room = _dying_operand(row, i, name, listing, program, rooms) or _room(free, size_of(values[name]))
            room.dies = lives[name]
            rooms[name] = room
            live = [*(other for other in live if other is not room), room]
    buffers = {n: _array(room, values[n]) for n, room in rooms.items()}
    for name in program.homes:
        home = program.home(name)
        if home in buffers or home in given:  # or else no row writes it
            buffers[name] = (buffers[home] if home in buffers else given[home]).reshape(values[name].shape)
    return buffers


def size_of(value: Value) -> int:
    """Bytes of a value."""
    return math.prod(value.shape) * np.dtype(value.dtype).itemsize


def _array(room: _Room, value: Value) -> Array:
    return room.raw[: size_of(value)].view(value.dtype).reshape(value.shape)


def _lifetimes(listing: StepList, program: Program) -> dict[str, int]:
    """For every value with memory of its own, the last row that needs it under any of its names."""
    last: dict[str, int] = {}
    for i, row in enumerate(program.rows):
        for name in (*row.reads, *row.writes):
            last[program.home(name)] = i
    for told in (*listing.outputs, *listing.watch.values(), listing.loss):
        if told is not None:
            last[program.home(told)] = len(program.rows)
    return last


def _dying_operand(
    row: Row, i: int, name: str, listing: StepList, program: Program, rooms: Mapping[str, _Room]
) -> _Room | None:
    """The room of an operand that the row may write over."""
    if not row.cellwise:
        return None
    wanted = listing.values[name]
    for operand in row.reads:
        value, room = listing.values[operand], rooms.get(program.home(operand))
        if room is not None and room.dies == i and (value.shape, value.dtype) == (wanted.shape, wanted.dtype):
            return room
    return None


def _room(free: list[_Room], size: int) -> _Room:
    fits = [room for room in free if room.fits(size)]
    if not fits:
        return _Room(execute.aligned((size,), np.uint8), 0)
    best = min(fits, key=lambda room: len(room.raw))
    free[:] = [room for room in free if room is not best]
    return best
