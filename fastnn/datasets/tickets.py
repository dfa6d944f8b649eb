"""Tickets of a help desk: title, body, tags; how urgent, and which department. Made by formula.

Every ticket has a department; title and body take a third of their words from its ten. A ticket is urgent if its title
has one of the eight urgent words. Tags are drawn from the three of the department and, at times, from others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "made by formula"
DEPARTMENTS = ("sales", "repair", "billing", "delivery")
WORDS, TITLE, BODY, TAGS = 100, 6, 12, 12
URGENT, OWN = 8, 10  # words 1..8 are urgent; then ten of each department; the rest is neutral

Arrays = dict[str, Any]


def load_data(samples: int = 400, seed: int = 0) -> tuple[Arrays, Arrays]:
    """Inputs `title` (samples, 6), `body` (samples, 12) of words, `tags` (samples, 12) of 0 and 1; and targets.

    Args:
        samples: How many tickets.
        seed: Seed of the words.

    Returns:
        Two dicts: inputs by name, and targets `priority`, float32 (samples, 1), 1 for urgent ones, and `department`,
        float32 (samples, 4), one-hot in the order of `DEPARTMENTS`.

    Example:
        >>> x, y = load_data(8)
        >>> sorted(x), y["department"].shape
        (['body', 'tags', 'title'], (8, 4))
    """
    rng = np.random.default_rng(seed)
    department = np.arange(samples) % len(DEPARTMENTS)
    urgent = rng.random(samples) < 0.5
    title, body = (_text(rng, department, length) for length in (TITLE, BODY))
    title[urgent, 0] = rng.integers(1, URGENT + 1, int(urgent.sum()))
    tags = rng.random((samples, TAGS)) < 0.1
    tags[np.arange(samples), 3 * department + rng.integers(0, 3, samples)] = True
    inputs: Arrays = {"title": rng.permuted(title, axis=1), "body": body, "tags": tags.astype(np.float32)}
    one_hot = np.eye(len(DEPARTMENTS), dtype=np.float32)[department]
    return inputs, {"priority": urgent[:, None].astype(np.float32), "department": one_hot}


def _text(rng: np.random.Generator, department: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    first = 1 + URGENT + OWN * len(DEPARTMENTS)
    words = rng.integers(first, WORDS, (len(department), length))
    own = length // 3
    places = slice(1, 1 + own)
    words[:, places] = 1 + URGENT + OWN * department[:, None] + rng.integers(0, OWN, (len(department), own))
    return words
