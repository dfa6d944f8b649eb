"""JSON of unknown origin: read only where what it becomes is in proportion to the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

FEW = 2**19  # values that any text may have
MARKS = (",", ":", "[", "{")  # one of them stands before every value but the first


def json_of(
    text: str | bytes | bytearray, held: int | None = None, parse_constant: Callable[[str], Any] | None = None
) -> Any:
    """What a text of JSON says.

    Args:
        text: The text.
        held: Bytes of the file that it comes from, if it was packed there; by default those of the text.
        parse_constant: What NaN and infinity become, as in `json.loads`.

    Raises:
        ValueError: if it is no JSON, is nested too deeply, or has many more values than a file of that size would.

    Example:
        >>> json_of('{"units": [3, 4]}')
        {'units': [3, 4]}
    """
    most = FEW + (len(text) if held is None else held) // 2
    if len(text) > most:  # else there cannot be as many
        count = sum(text.count(mark) if isinstance(text, str) else text.count(mark.encode()) for mark in MARKS)
        if count > most:
            raise ValueError(f"JSON of {count} values, more than the {most} that its file has room for")
    try:
        return json.loads(text, parse_constant=parse_constant)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
