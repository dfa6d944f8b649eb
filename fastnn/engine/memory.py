"""Which values of a plan lie in which memory."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine import execute
from fastnn.engine.graph import Value
from fastnn.engine.rows import Program, Row, told
from fastnn.engine.steplist import StepList

Array = NDArray[Any]


@dataclass
class _Room:
    """Bytes of memory, taken when all rooms are known, and the last row that reads what lies in them."""

    size: int
    dies: int
    raw: Array | None = None

    def fits(self, size: int) -> bool:
        return size <= self.size <= 2 * size + 4096

    def array(self, value: Value) -> Array:
        if self.raw is None:
            self.raw = execute.aligned((self.size,), np.uint8)
        return self.raw[: size_of(value)].view(value.dtype).reshape(value.shape)


def allocate(listing: StepList, program: Program, given: Mapping[str, Array], alone: Sequence[str]) -> dict[str, Array]:
    """Buffers for fed values, for the values that rows write, and for second names of all values.

    A value lives from the row that writes it to the last that reads it. Its memory is then handed on, the tightest fit
    first; a row that works number by number writes over an operand that dies with it. Outputs, loss and watched
    values live to the end of the list, so that they can be read afterwards.

    Args:
        listing: The list.
        program: Its rows.
        given: Buffers of the other values: variables and constants.
        alone: Values that share their memory with none.

    Raises:
        MemoryError: naming layer and bytes, if this machine has not got so much.
    """
    rows, values = program.rows, listing.values
    lives = _lifetimes(listing, program)
    rooms = {name: _Room(size_of(values[name]), len(rows) + 1) for name in alone}
    live: list[_Room] = []
    free: list[_Room] = []
    for i, row in enumerate(rows):
        free += [room for room in live if room.dies < i]
        live = [room for room in live if room.dies >= i]
        for name in row.writes:
            if name in given or name in rooms or name in program.homes:
                continue
            room = _dying_operand(row, i, name, listing, program, rooms) or _room(free, size_of(values[name]))
            room.dies = lives[name]
            rooms[name] = room
            live = [*(other for other in live if other is not room), room]
    check_room(rooms, values)
    buffers = {n: room.array(values[n]) for n, room in rooms.items()}
    for name in program.homes:
        home = program.home(name)
        if home in buffers or home in given:  # or else no row writes it
            buffers[name] = (buffers[home] if home in buffers else given[home]).reshape(values[name].shape)
    return buffers


def size_of(value: Value) -> int:
    """Bytes of a value."""
    return math.prod(value.shape) * np.dtype(value.dtype).itemsize


def check_room(rooms: Mapping[str, _Room], values: Mapping[str, Value]) -> None:
    """Raise MemoryError for more than this machine has: the system would grant it, and end the process when it is used.

    Args:
        rooms: Where values are to lie.
        values: Descriptions of the values by name.
    """
    needed, most = sum({id(room): room.size for room in rooms.values()}.values()), memory_of_machine()
    if needed > most:
        found = [values[name] for name in rooms]
        value = max([v for v in found if v.layer] or found, key=size_of)
        where = f"Layer '{value.layer}': " if value.layer else ""
        raise MemoryError(
            f"{where}expected a batch that fits the {most:,} bytes of this machine. Received: one that takes "
            f"{needed:,} bytes, '{value.name}' of shape {value.shape} alone {size_of(value):,}"
        )


def memory_of_machine() -> int:
    """Bytes of memory that a process may have; where the system does not tell, more than any machine has."""
    try:
        import resource  # which Windows lacks

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ImportError, AttributeError, ValueError, OSError):
        return 2**60
    return most if limit == resource.RLIM_INFINITY else min(limit, most)


def _lifetimes(listing: StepList, program: Program) -> dict[str, int]:
    """For every value with memory of its own, the last row that needs it under any of its names."""
    last: dict[str, int] = {}
    for i, row in enumerate(program.rows):
        for name in (*row.reads, *row.writes):
            last[program.home(name)] = i
    return {**last, **{program.home(name): len(program.rows) for name in told(listing)}}


def _dying_operand(
    row: Row, i: int, name: str, listing: StepList, program: Program, rooms: Mapping[str, _Room]
) -> _Room | None:
    """The room of an operand that the row may write over."""
    if row.over is None or name != row.over[0]:
        return None
    wanted = listing.values[name]
    for operand in row.over[1]:
        value, room = listing.values[operand], rooms.get(program.home(operand))
        if room is not None and room.dies == i and (value.shape, value.dtype) == (wanted.shape, wanted.dtype):
            return room
    return None


def _room(free: list[_Room], size: int) -> _Room:
    fits = [room for room in free if room.fits(size)]
    if not fits:
        return _Room(size, 0)
    best = min(fits, key=lambda room: room.size)
    free[:] = [room for room in free if room is not best]
    return best
