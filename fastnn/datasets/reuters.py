"""Reuters: 11,228 newswires in 46 topics, as lists of numbers of words, downloaded at first use."""

from __future__ import annotations

import os

import numpy as np

from fastnn.datasets import texts
from fastnn.datasets.addresses import local_copy
from fastnn.datasets.archives import read_json, read_npz
from fastnn.datasets.parts import Part, order

SOURCE = "Lewis, Reuters-21578 text categorization collection, 1997, file as packed for Keras"
NAME, WORDS = "reuters.npz", "reuters_word_index.json"
TOPICS = (
    "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing", "money-supply", "coffee", "sugar",
    "trade", "reserves", "ship", "cotton", "carcass", "crude", "nat-gas", "cpi", "money-fx", "interest", "gnp",
    "meal-feed", "alum", "oilseed", "gold", "tin", "strategic-metal", "livestock", "retail", "ipi", "iron-steel",
    "rubber", "heat", "jobs", "lei", "bop", "zinc", "orange", "pet-chem", "dlr", "gas", "silver", "wpi", "hog", "lead",
)  # fmt: skip


def load_data(
    path: str | os.PathLike[str] | None = NAME,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Part, Part]:
    """Newswires and their topics, as `(x_train, y_train), (x_test, y_test)`.

    A word's number is its rank by frequency plus `index_from`; 0 is left for padding.

    Args:
        path: A local .npz file to read instead; the bare name is that in FASTNN_DATA, or in the cache.
        num_words: Numbers from this one on become `oov_char`; None for the largest in the data.
        skip_top: Numbers below this one become `oov_char`.
        maxlen: Wires of this length or longer are left out; None to keep all.
        test_split: Share of the wires that is for tests, 0..1.
        seed: Seed of the order of the wires.
        start_char: What every wire starts with, or None.
        oov_char: What stands for words that are left out; None to drop them.
        index_from: What is added to every word's rank.

    Returns:
        x is an array of objects, lists of int, of shape (8982,) and (2246,); y is int64 0..45, see `get_label_names`,
        of shape (8982,) and (2246,); the counts follow maxlen and test_split.

    Raises:
        ValueError: maxlen leaves no wire, or test_split is another number.
        DatasetError: (an OSError) The download fails or has a wrong hash, or the file is missing or damaged.

    Example:
        >>> from fastnn.datasets import reuters
        >>> (x_train, y_train), (x_test, y_test) = reuters.load_data(num_words=10000)  # doctest: +SKIP
        >>> len(x_train), reuters.get_label_names()[y_train[0]]  # doctest: +SKIP
        (8982, 'earn')
    """
    if not 0 <= test_split <= 1:
        raise ValueError(f"Expected test_split to be in 0..1. Received: test_split={test_split}")
    file = local_copy(NAME, path)
    arrays = read_npz(file, ("x", "y"), lists=True)
    x, y = texts.checked(arrays["x"], arrays["y"], file)
    places = order(np.random.RandomState(seed), len(x))
    rows, topics = texts.marked(x[places], start_char, index_from), y[places]
    if maxlen:
        rows, topics = texts.shorter(rows, topics, maxlen)
    rows = texts.frequent(rows, num_words, skip_top, oov_char)
    end = int(len(rows) * (1 - test_split))
    return (texts.array(rows[:end]), topics[:end]), (texts.array(rows[end:]), topics[end:])


def get_word_index(path: str | os.PathLike[str] | None = WORDS) -> dict[str, int]:
    """The rank of every word by its frequency, from 1; `load_data` adds `index_from` to it.

    Args:
        path: A local .json file to read instead; the bare name is that in FASTNN_DATA, or in the cache.

    Raises:
        DatasetError: (an OSError) The download fails or has a wrong hash, or the file is missing or damaged.

    Example:
        >>> from fastnn.datasets import reuters
        >>> reuters.get_word_index()["the"]  # doctest: +SKIP
        1
    """
    return read_json(local_copy(WORDS, path))


def get_label_names() -> tuple[str, ...]:
    """The topics, in the order of their numbers.

    Example:
        >>> get_label_names()[3]
        'earn'
    """
    return TOPICS
