"""Words as numbers, as Keras 2 counted them."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from fastnn.utils.json_text import json_of

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
MODES = ("binary", "count", "tfidf", "freq")


def text_to_word_sequence(input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """The words of a text.

    Args:
        input_text: The text.
        filters: Characters that count as `split`.
        lower: Whether to write everything small.
        split: What stands between words.

    Example:
        >>> text_to_word_sequence("The cat, the dog!")
        ['the', 'cat', 'the', 'dog']
    """
    text = input_text.lower() if lower else input_text
    return [word for word in text.translate({ord(c): split for c in filters}).split(split) if word]


def one_hot(
    input_text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " ", **_: Any
) -> list[int]:
    """The words of a text as numbers from 1 to n - 1, by a hash: different words may share a number.

    Args:
        input_text: The text.
        n: One more than the largest number.
        filters: See `text_to_word_sequence`.
        lower: See `text_to_word_sequence`.
        split: See `text_to_word_sequence`.

    Example:
        >>> numbers = one_hot("the cat the dog", 50)
        >>> len(numbers), numbers[0] == numbers[2]
        (4, True)
    """
    return hashing_trick(input_text, n, None, filters, lower, split)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Callable[[str], int] | str | None = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
) -> list[int]:
    """The words of a text as numbers from 1 to n - 1, by a hash function that is the same in every run.

    Args:
        text: The text.
        n: One more than the largest number.
        hash_function: Function of a word; a checksum by default.
        filters: See `text_to_word_sequence`.
        lower: See `text_to_word_sequence`.
        split: See `text_to_word_sequence`.

    Raises:
        ValueError: if n is below 2.
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 2:
        raise ValueError(f"Expected n to be a whole number, 2 or larger. Received: n={n!r}")
    function = hash_function if callable(hash_function) else lambda word: zlib.crc32(word.encode())
    return [int(function(word)) % (n - 1) + 1 for word in text_to_word_sequence(text, filters, lower, split)]


class Tokenizer:
    """Numbers the words of texts, the commonest first.

    Args:
        num_words: Only numbers below this one are used; all by default.
        filters: Characters that count as `split`.
        lower: Whether to write everything small.
        split: What stands between words.
        char_level: Whether characters are numbered instead of words.
        oov_token: What stands for unknown words, with number 1; they are left out by default.
        analyzer: Function that gives the words of a text.
        document_count: Texts seen before.

    Example:
        >>> tokenizer = Tokenizer(num_words=4)
        >>> tokenizer.fit_on_texts(["the cat saw the dog", "the dog"])
        >>> tokenizer.texts_to_sequences(["a dog saw the cat"])
        [[2, 1, 3]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Callable[[str], list[str]] | None = None,
        document_count: int = 0,
        *,
        nb_words: int | None = None,
    ) -> None:
        num_words = num_words if nb_words is None else nb_words
        if num_words is not None and (isinstance(num_words, bool) or not isinstance(num_words, (int, np.integer))):
            raise ValueError(f"Expected num_words to be a whole number or None. Received: num_words={num_words!r}")
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer, self.document_count = (
            char_level,
            oov_token,
            analyzer,
            document_count,
        )
        self.word_counts: dict[str, int] = {}
        self.word_docs: Counter[str] = Counter()
        self.index_docs: Counter[int] = Counter()
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def words(self, text: Any) -> list[str]:
        """The words (or characters) of a text."""
        if self.char_level or isinstance(text, (list, tuple)):
            return [str(c).lower() if self.lower else str(c) for c in text]
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(str(text), self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count words and number them anew.

        Args:
            texts: Texts, or lists of words.
        """
        for text in texts:
            self.document_count += 1
            found = self.words(text)
            for word in found:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            self.word_docs.update(set(found))
        ordered = [w for w, _ in sorted(self.word_counts.items(), key=lambda pair: -pair[1])]
        ordered = ([self.oov_token] if self.oov_token is not None else []) + ordered
        self.word_index = {word: k for k, word in enumerate(ordered, 1)}
        self.index_word = {k: word for word, k in self.word_index.items()}
        self.index_docs = Counter({self.word_index[w]: n for w, n in self.word_docs.items()})

    def fit_on_sequences(self, sequences: Iterable[Sequence[int]]) -> None:
        """Count in how many sequences numbers occur, for `sequences_to_matrix` with 'tfidf'."""
        for sequence in sequences:
            self.document_count += 1
            self.index_docs.update(set(sequence))

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Texts as lists of numbers."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """Texts as lists of numbers, one after the other."""
        unknown = self.word_index.get(self.oov_token) if self.oov_token is not None else None
        for text in texts:
            numbers = (self.word_index.get(word) for word in self.words(text))
            below = (n if n is not None and (not self.num_words or n < self.num_words) else unknown for n in numbers)
            yield [n for n in below if n is not None]

    def sequences_to_texts(self, sequences: Iterable[Sequence[int]]) -> list[str]:
        """Lists of numbers as texts."""
        unknown = self.oov_token
        found = []
        for sequence in sequences:
            words = [self.index_word.get(n) if not self.num_words or n < self.num_words else unknown for n in sequence]
            found.append(" ".join(w if w is not None else unknown or "" for w in words if w is not None or unknown))
        return found

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> np.ndarray[Any, np.dtype[Any]]:
        """Texts as rows with a column per word.

        Args:
            texts: Texts.
            mode: 'binary', 'count', 'freq' or 'tfidf'.
        """
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(
        self, sequences: Sequence[Sequence[int]], mode: str = "binary"
    ) -> np.ndarray[Any, np.dtype[Any]]:
        """Lists of numbers as rows with a column per number.

        Args:
            sequences: Lists of numbers.
            mode: 'binary', 'count', 'freq' or 'tfidf'.

        Raises:
            ValueError: for another mode, or if neither num_words nor texts say how many columns there are.
        """
        if mode not in MODES:
            raise ValueError(f"Expected mode to be one of {MODES}. Received: mode={mode!r}")
        if not self.num_words and not self.word_index:
            raise ValueError("Expected num_words, or texts to fit on before. Received: neither")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Expected texts to fit on before mode='tfidf'. Received: none")
        columns = self.num_words or len(self.word_index) + 1
        found = np.zeros((len(sequences), columns))
        for row, sequence in zip(found, sequences, strict=True):
            for number, count in Counter(n for n in sequence if n < columns).items():
                row[number] = self.entry(mode, number, count, len(sequence))
        return found

    def entry(self, mode: str, number: int, count: int, length: int) -> float:
        """One cell of the matrix."""
        if mode == "count":
            return float(count)
        if mode == "freq":
            return count / length
        if mode == "binary":
            return 1.0
        return float((1 + np.log(count)) * np.log(1 + self.document_count / (1 + self.index_docs.get(number, 0))))

    def get_config(self) -> dict[str, Any]:
        """Arguments and counts as JSON."""
        return {
            "num_words": self.num_words,
            "filters": self.filters,
            "lower": self.lower,
            "split": self.split,
            "char_level": self.char_level,
            "oov_token": self.oov_token,
            "document_count": self.document_count,
            "word_counts": json.dumps(self.word_counts),
            "word_docs": json.dumps(self.word_docs),
            "index_docs": json.dumps(self.index_docs),
            "index_word": json.dumps(self.index_word),
            "word_index": json.dumps(self.word_index),
        }

    def to_json(self, **kwargs: Any) -> str:
        """Arguments and counts as a text that `tokenizer_from_json` reads."""
        return json.dumps({"class_name": "Tokenizer", "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The tokenizer that `to_json` wrote down.

    Raises:
        ValueError: if it is something else.

    Example:
        >>> tokenizer = Tokenizer()
        >>> tokenizer.fit_on_texts(["a b a"])
        >>> tokenizer_from_json(tokenizer.to_json()).word_index
        {'a': 1, 'b': 2}
    """
    try:
        config = dict(json_of(json_string)["config"])
        counts = {
            k: json_of(config.pop(k)) for k in ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
        }
        tokenizer = Tokenizer(**config)
        tokenizer.word_counts, tokenizer.word_index = dict(counts["word_counts"]), dict(counts["word_index"])
        tokenizer.word_docs = Counter(dict(counts["word_docs"]))
        tokenizer.index_docs = Counter({int(k): v for k, v in dict(counts["index_docs"]).items()})
        tokenizer.index_word = {int(k): v for k, v in dict(counts["index_word"]).items()}
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"Expected what Tokenizer.to_json gave. Received: {error}") from None
    return tokenizer
