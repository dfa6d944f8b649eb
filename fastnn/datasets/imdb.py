"""IMDB: 50,000 reviews of films that were liked or not, as lists of numbers of words, downloaded at first use."""

from __future__ import annotations

import os

import numpy as np

from fastnn.datasets import texts
from fastnn.datasets.addresses import local_copy
from fastnn.datasets.archives import read_json, read_npz
from fastnn.datasets.parts import Part, order

SOURCE = "Maas and others, Learning word vectors for sentiment analysis, 2011, file as packed for Keras"
NAME, WORDS = "imdb.npz", "imdb_word_index.json"


def load_data(
    path: str | os.PathLike[str] | None = NAME,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Part, Part]:
    """Reviews and whether they liked the film, as `(x_train, y_train), (x_test, y_test)`.

    A word's number is its rank by frequency plus `index_from`; 0 is left for padding.

    Args:
        path: A local .npz file to read instead; the bare name is that in FASTNN_DATA, or in the cache.
        num_words: Numbers from this one on become `oov_char`; None for the largest in the data.
        skip_top: Numbers below this one become `oov_char`.
        maxlen: Reviews of this length or longer are left out; None to keep all.
        seed: Seed of the order of the reviews.
        start_char: What every review starts with, or None.
        oov_char: What stands for words that are left out; None to drop them.
        index_from: What is added to every word's rank.

    Returns:
        x is an array of objects, lists of int, of shape (25000,) for both parts; y is int64 0 or 1 of shape (25000,).

    Raises:
        ValueError: maxlen leaves no review.
        DatasetError: (an OSError) The download fails or has a wrong hash, or the file is missing or damaged.

    Example:
        >>> from fastnn.datasets import imdb
        >>> (x_train, y_train), (x_test, y_test) = imdb.load_data(num_words=10000)  # doctest: +SKIP
        >>> x_train[0][:5], y_train[0]  # doctest: +SKIP
        ([1, 14, 22, 16, 43], 1)
    """
    file = local_copy(NAME, path)
    arrays = read_npz(file, ("x_train", "y_train", "x_test", "y_test"), lists=True)
    rng = np.random.RandomState(seed)
    rows, labels, ends = [], [], []
    for part in ("train", "test"):
        x, y = texts.checked(arrays[f"x_{part}"], arrays[f"y_{part}"], file)
        places = order(rng, len(x))
        kept, liked = texts.marked(x[places], start_char, index_from), y[places]
        if maxlen:
            kept, liked = texts.shorter(kept, liked, maxlen)
        rows += kept
        labels.append(liked)
        ends.append(len(rows))
    rows, y = texts.frequent(rows, num_words, skip_top, oov_char), np.concatenate(labels)
    end = ends[0]
    return (texts.array(rows[:end]), y[:end]), (texts.array(rows[end:]), y[end:])


def get_word_index(path: str | os.PathLike[str] | None = WORDS) -> dict[str, int]:
    """The rank of every word by its frequency, from 1; `load_data` adds `index_from` to it.

    Args:
        path: A local .json file to read instead; the bare name is that in FASTNN_DATA, or in the cache.

    Raises:
        DatasetError: (an OSError) The download fails or has a wrong hash, or the file is missing or damaged.

    Example:
        >>> from fastnn.datasets import imdb
        >>> imdb.get_word_index()["the"]  # doctest: +SKIP
        1
    """
    return read_json(local_copy(WORDS, path))
