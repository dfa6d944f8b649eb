"""How the palette finds what is meant by a few letters. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One thing that the palette can do.

    Args:
        text: What it says.
        run: Does it.
        hint: Key or kind, shown at the right.
        name: Name of the action, empty for other things.
    """

    text: str
    run: Callable[[], object]
    hint: str = ""
    name: str = ""


def score(query: str, text: str) -> float | None:
    """How well a text answers to a query, smaller is better; None if its letters do not occur in this order.

    Letters that begin a word or follow each other count as near.

    Example:
        >>> score("gt", "Go to training step…") < score("gt", "Light / dark") and score("xq", "Keys") is None
        True
    """
    cost, place, low = 0.0, -1, text.lower()
    if query.lower() in low:
        return low.index(query.lower()) / 100 - 10
    for letter in query.lower().replace(" ", ""):
        found = low.find(letter, place + 1)
        if found < 0:
            return None
        begins = found == 0 or not low[found - 1].isalnum()
        cost += 0 if found == place + 1 else 0.3 if begins else 1 + (found - place) / 50
        place = found
    return cost + len(text) / 1000


def best(query: str, entries: Sequence[Entry]) -> list[Entry]:
    """The entries that answer to a query, best first; all of them in their order without one."""
    if not query.strip():
        return list(entries)
    rated = [(cost, k) for k, entry in enumerate(entries) if (cost := score(query.strip(), entry.text)) is not None]
    return [entries[k] for _, k in sorted(rated)]
