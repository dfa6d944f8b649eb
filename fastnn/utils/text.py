"""Words and numbers: splitting text, counting words, looking them up."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

PUNCTUATION = re.compile(r"""[!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~']""")
STANDARDS: dict[str, Callable[[str], str]] = {
    "lower_and_strip_punctuation": lambda s: PUNCTUATION.sub("", s.lower()),
    "lower": str.lower,
    "strip_punctuation": lambda s: PUNCTUATION.sub("", s),
}
SPLITS: dict[str, Callable[[str], list[str]]] = {"whitespace": str.split, "character": list}


def strings(data: Any) -> np.ndarray:
    """The data as an array of strings; bytes are decoded as UTF-8."""
    array = np.asarray(data.numpy() if hasattr(data, "numpy") else data, dtype=object)
    decode = np.frompyfunc(lambda s: s.decode("utf-8") if isinstance(s, bytes) else str(s), 1, 1)
    return np.asarray(decode(array), dtype=object)


def words_of(
    text: str,
    standardize: str | Callable[[Any], Any] | None,
    split: str | Callable[[Any], Any] | None,
    ngrams: Sequence[int] | None,
) -> list[str]:
    """The words of a text: standardised, split, and put together to n-grams."""
    if callable(standardize):
        text = str(standardize(text))
    elif standardize:
        text = STANDARDS[standardize](text)
    if callable(split):
        words = [str(w) for w in np.ravel(np.asarray(split(text), dtype=object))]
    else:
        words = SPLITS[split](text) if split else [text]
    if ngrams is None:
        return words
    return [" ".join(words[k : k + n]) for n in ngrams for k in range(len(words) - n + 1)]


def as_array(words: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray:
    """Words as an array of objects, whole numbers as one of integers."""
    kind = object if any(isinstance(w, str) for w in words) else np.int64
    return np.asarray(words, dtype=kind).reshape(shape)


def by_frequency(counts: Counter[Any]) -> list[Any]:
    """The words, most frequent first; of equally frequent ones the last in the alphabet first."""
    return [word for word, _ in sorted(counts.items(), key=lambda item: (item[1], item[0]), reverse=True)]


def bucket(word: Any, buckets: int) -> int:
    """The number of the bucket for an unknown word; whole numbers go by their remainder."""
    return int(word) % buckets if isinstance(word, (int, np.integer)) else zlib.crc32(str(word).encode()) % buckets


def looked_up(words: np.ndarray, numbers: dict[Any, int], unknown: Callable[[Any], int]) -> np.ndarray:
    """The number of every word."""
    flat = [numbers[w] if w in numbers else unknown(w) for w in words.ravel().tolist()]
    return np.asarray(flat, np.int64).reshape(words.shape)


def padded(rows: Iterable[Sequence[int]], length: int | None, filler: int = 0) -> np.ndarray:
    """Rows of numbers as one array: cut off, or filled up, to the length or to the longest row."""
    lists = [list(row) for row in rows]
    width = max((len(row) for row in lists), default=0) if length is None else length
    array = np.full((len(lists), width), filler, np.int64)
    for k, row in enumerate(lists):
        array[k, : min(len(row), width)] = row[:width]
    return array


def counted(rows: Iterable[Sequence[int]], depth: int, mode: str, weights: Sequence[float] | None) -> np.ndarray:
    """Rows of numbers as rows of `depth` cells: which occur, how often, or weighted by rarity."""
    lists = [list(row) for row in rows]
    array = np.zeros((len(lists), depth), np.float32)
    for k, row in enumerate(lists):
        for number, count in Counter(row).items():
            if 0 <= number < depth:
                array[k, number] = 1 if mode in ("multi_hot", "one_hot") else count
    return array * np.asarray(weights, np.float32) if mode == "tf_idf" else array
