"""Layers that turn words into numbers: look-up of strings and integers, and whole texts. They need the data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from fastnn import ops
from fastnn.engine import graph
from fastnn.layers.arguments import one_of, only, whole
from fastnn.layers.base import Layer
from fastnn.layers.preprocessing import encoded
from fastnn.utils import text
from fastnn.utils.registry import serializable, trusted
from fastnn.utils.statistics import batches_of

MOST_UNKNOWN = 1_000_000  # numbers for unknown words, each of which the vocabulary lists
MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


def read_words(path: str | Path) -> list[str]:
    """The lines of a vocabulary's file.

    Raises:
        ValueError: if there is no such file, or it is not text.
    """
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"Expected vocabulary to be a list of words or a text file. Received: vocabulary={path!r} ({error})"
        ) from None


class Lookup(Layer):
    """Base of layers with a vocabulary: mask first, then unknown words, then the words."""

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        pad_to_max_tokens: bool,
        sparse: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_tokens = None if max_tokens is None else whole("max_tokens", max_tokens, 2)
        self.num_oov_indices = whole("num_oov_indices", num_oov_indices, 0)
        if self.num_oov_indices > MOST_UNKNOWN:
            raise ValueError(
                f"Expected num_oov_indices up to {MOST_UNKNOWN}. Received: num_oov_indices={num_oov_indices!r}"
            )
        self.mask_token, self.oov_token = mask_token, oov_token
        self.invert = bool(invert)
        self.output_mode = one_of("output_mode", output_mode, MODES)
        if self.invert and self.output_mode != "int":
            raise ValueError(f"Expected output_mode='int' where invert is True. Received: output_mode={output_mode!r}")
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ValueError("Expected max_tokens where pad_to_max_tokens is True. Received: max_tokens=None")
        only("sparse", sparse, False)
        self.sparse = False
        self.vocabulary: list[Any] | None = None
        self.idf_weights: list[float] | None = None
        self.built = True
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def word(self, value: Any) -> Any:
        """A word of the vocabulary in its plain form."""
        return value

    @property
    def has_mask(self) -> bool:
        """Whether number 0 is kept for the mask; rows of counts have no place for it."""
        return self.mask_token is not None and self.output_mode == "int"

    @property
    def special(self) -> list[Any]:
        """What comes before the words."""
        mask = [self.mask_token] if self.has_mask else []
        return mask + [self.oov_token] * self.num_oov_indices

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take these words, most frequent first; mask and unknown words in front may be left out.

        Args:
            vocabulary: A list of words, or the path of a text file with a word in every line.
            idf_weights: For output_mode 'tf_idf' a weight for every word.

        Raises:
            ValueError: for words that occur twice, too many of them, or weights that do not fit.
        """
        if isinstance(vocabulary, (str, Path)):
            vocabulary = read_words(vocabulary)
        if isinstance(vocabulary, bytes) or not isinstance(vocabulary, Iterable):
            raise ValueError(f"Expected vocabulary to be a list of words. Received: vocabulary={vocabulary!r}")
        words = [self.word(w) for w in (vocabulary.tolist() if hasattr(vocabulary, "tolist") else vocabulary)]
        special = self.special
        words = words[len(special) :] if special and words[: len(special)] == special else words
        repeated = sorted(str(w) for w, n in Counter(words).items() if n > 1)
        if repeated or set(words) & set(special):
            raise ValueError(f"Expected every word of the vocabulary once. Received: {repeated or special} again")
        if self.max_tokens is not None and len(words) + len(special) > self.max_tokens:
            raise ValueError(
                f"Expected at most max_tokens={self.max_tokens} words with {len(special)} special ones. "
                f"Received: {len(words)} words"
            )
        if self.output_mode == "tf_idf":
            if idf_weights is None or len(idf_weights) != len(words):
                raise ValueError(f"Expected idf_weights, one for each of {len(words)} words. Received: {idf_weights!r}")
            given = [float(w) for w in idf_weights]
            self.idf_weights = [sum(given) / len(given)] * len(special) + given
        elif idf_weights is not None:
            raise ValueError(f"Expected idf_weights only with output_mode='tf_idf'. Received: {self.output_mode!r}")
        self.vocabulary = words

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take the words of data, most frequent first, as many as max_tokens allows.

        Args:
            data: An array or list, or an iterable of batches such as a Dataset.
            batch_size: Accepted for Keras' sake.
            steps: How many batches to look at; all by default.
        """
        counts: Counter[Any] = Counter()
        documents: Counter[Any] = Counter()
        rows = 0
        for batch in batches_of(data, batch_size, steps):
            for row in self.rows_of(batch):
                counts.update(row)
                documents.update(set(row))
                rows += 1
        for word in {*self.special, self.mask_token}:
            counts.pop(word, None)
        words = text.by_frequency(counts)
        if self.max_tokens is not None:
            words = words[: self.max_tokens - len(self.special)]
        weights = [math.log(1 + rows / (1 + documents[w])) for w in words] if self.output_mode == "tf_idf" else None
        self.set_vocabulary(words, weights)

    def rows_of(self, batch: Any) -> Iterator[list[Any]]:
        """The words of every sample of a batch."""
        array = self.as_words(batch)
        rows = array.reshape(len(array), -1) if array.ndim > 1 else array.reshape(-1, 1)
        yield from rows.tolist()

    def as_words(self, data: Any) -> Any:
        """The data as an array of words."""
        raise NotImplementedError

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The words in the order of their numbers, with mask and unknown words in front if asked for."""
        return (self.special if include_special_tokens else []) + list(self.vocabulary or [])

    def vocabulary_size(self) -> int:
        """How many numbers there are, mask and unknown words included."""
        return len(self.get_vocabulary())

    @property
    def depth(self) -> int:
        """The length of rows in the modes that give rows."""
        size = self.vocabulary_size()
        return self.max_tokens if self.pad_to_max_tokens and self.max_tokens else size

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Look up data; a symbolic input is refused, since a model holds numbers only."""
        if graph.is_symbolic((args, kwargs)):
            raise ValueError(
                f"Layer '{self.name}': expected data. Received: a symbolic tensor; "
                "look words up before the model, which takes numbers."
            )
        return self.call(*args, **kwargs)

    def call(self, inputs: Any) -> Any:
        """The number of every word, or the word of every number where `invert` is set."""
        if self.vocabulary is None:
            raise ValueError(
                f"Layer '{self.name}': expected a vocabulary or a call of `adapt` before the layer is used."
            )
        if self.invert:
            return self.inverted(inputs)
        return self.finished(text.looked_up(self.as_words(inputs), self.numbers(), self.unknown))

    def numbers(self) -> dict[Any, int]:
        """The number of every word."""
        first = len(self.special)
        found = {word: first + k for k, word in enumerate(self.vocabulary or [])}
        if self.mask_token is not None:
            found[self.mask_token] = 0 if self.has_mask else -1
        return found

    def unknown(self, word: Any) -> int:
        """The number of a word that is not in the vocabulary."""
        first = int(self.has_mask)
        if self.num_oov_indices == 0:
            raise ValueError(f"Layer '{self.name}': expected words of the vocabulary only. Received: {word!r}")
        return first + (text.bucket(word, self.num_oov_indices) if self.num_oov_indices > 1 else 0)

    def inverted(self, inputs: Any) -> Any:
        """The words of numbers, as an array."""
        words = dict(enumerate(self.get_vocabulary()))
        numbers = ops.convert_to_numpy(inputs)
        found = [words.get(int(n), self.oov_token) for n in numbers.ravel().tolist()]
        return text.as_array(found, numbers.shape)

    def finished(self, numbers: Any) -> Any:
        """Numbers in the form that output_mode says."""
        if self.output_mode == "int":
            return ops.convert_to_tensor(numbers)
        if self.output_mode == "one_hot":
            return ops.cast(encoded(numbers.astype("int32"), self.depth, "one_hot"), "int64")
        rows = numbers.reshape(-1, numbers.shape[-1]) if numbers.ndim > 1 else numbers.reshape(1, -1)
        weights = None if self.idf_weights is None else self.idf_weights + [0.0] * (self.depth - len(self.idf_weights))
        table = text.counted(rows.tolist(), self.depth, self.output_mode, weights)
        return self.typed(table.reshape(*numbers.shape[:-1], self.depth))

    def typed(self, table: Any) -> Any:
        """A table as whole numbers, unless it holds weights."""
        return ops.convert_to_tensor(table if self.output_mode == "tf_idf" else table.astype("int64"))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer, with the vocabulary it has learnt."""
        given = {**super().get_config(), "vocabulary": None if self.vocabulary is None else list(self.vocabulary)}
        given["idf_weights"] = None if self.idf_weights is None else self.idf_weights[len(self.special) :]
        return given

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that a configuration describes, which must not send it to other files.

        Raises:
            ValueError: if the vocabulary is the path of a file, unless whoever reads the configuration trusts it.
        """
        if isinstance(config.get("vocabulary"), str) and not trusted():
            raise ValueError(
                "Expected a vocabulary that lists its words. Received: a configuration that reads another file, "
                f"vocabulary={config['vocabulary']!r}. If you trust whoever wrote it, pass safe_mode=False"
            )
        return super().from_config(config)


@serializable("keras.layers")
class StringLookup(Lookup):
    """The number of every string in a vocabulary.

    Args:
        max_tokens: Most words, mask and unknown ones included.
        num_oov_indices: How many numbers unknown strings share; with 0 they raise ValueError.
        mask_token: The string that gets number 0; None for none.
        oov_token: What stands for unknown strings.
        vocabulary: The words, most frequent first, or the path of a file with a word in every line.
        idf_weights: For output_mode 'tf_idf' a weight for every word.
        invert: Whether to turn numbers into strings.
        output_mode: 'int', 'one_hot', 'multi_hot', 'count' or 'tf_idf'.
        pad_to_max_tokens: Whether rows have max_tokens cells.
        sparse: Not available: False.
        encoding: Accepted for Keras' sake: 'utf-8'.

    Example:
        >>> StringLookup(vocabulary=["a", "b"])(["b", "z", "a"]).numpy()
        array([2, 0, 1])
    """

    config_names = (
        "max_tokens", "num_oov_indices", "mask_token", "oov_token", "invert", "output_mode", "pad_to_max_tokens",
        "sparse", "encoding",
    )  # fmt: skip

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        **kwargs: Any,
    ) -> None:
        only("encoding", encoding, "utf-8")
        self.encoding = encoding
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode,
            pad_to_max_tokens, sparse, **kwargs,
        )  # fmt: skip

    def word(self, value: Any) -> str:
        return value.decode("utf-8") if isinstance(value, bytes) else str(value)

    def as_words(self, data: Any) -> Any:
        return text.strings(data)


@serializable("keras.layers")
class IntegerLookup(Lookup):
    """The number of every integer in a vocabulary.

    Args:
        max_tokens: Most words, mask and unknown ones included.
        num_oov_indices: How many numbers unknown integers share, by their remainder; with 0 they raise ValueError.
        mask_token: The integer that gets number 0; None for none.
        oov_token: What stands for unknown integers.
        vocabulary: The integers, most frequent first.
        vocabulary_dtype: Accepted for Keras' sake: 'int64' or 'int32'.
        idf_weights: For output_mode 'tf_idf' a weight for every integer.
        invert: Whether to turn numbers back.
        output_mode: 'int', 'one_hot', 'multi_hot', 'count' or 'tf_idf'.
        sparse: Not available: False.
        pad_to_max_tokens: Whether rows have max_tokens cells.

    Example:
        >>> IntegerLookup(vocabulary=[10, 20])([20, 7, 10]).numpy()
        array([2, 0, 1])
    """

    config_names = (
        "max_tokens", "num_oov_indices", "mask_token", "oov_token", "vocabulary_dtype", "invert", "output_mode",
        "sparse", "pad_to_max_tokens",
    )  # fmt: skip

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        **kwargs: Any,
    ) -> None:
        self.vocabulary_dtype = one_of("vocabulary_dtype", vocabulary_dtype, ("int64", "int32"))
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode,
            pad_to_max_tokens, sparse, **kwargs,
        )  # fmt: skip

    def word(self, value: Any) -> int:
        return int(value)

    def as_words(self, data: Any) -> Any:
        return ops.convert_to_numpy(ops.convert_to_tensor(data)).astype("int64")


@serializable("keras.layers")
class TextVectorization(Lookup):
    """Texts as rows of word numbers, or of counts: 0 fills up, 1 stands for unknown words.

    Args:
        max_tokens: Most words, the two special ones included.
        standardize: 'lower_and_strip_punctuation', 'lower', 'strip_punctuation', a function, or None.
        split: 'whitespace', 'character', a function, or None.
        ngrams: Groups of that many neighbouring words count as words too (all up to a number, or those of a tuple).
        output_mode: 'int', 'multi_hot', 'count' or 'tf_idf'.
        output_sequence_length: Rows are cut off or filled up to this length, in mode 'int'.
        pad_to_max_tokens: Whether rows of counts have max_tokens cells.
        vocabulary: The words, most frequent first, or the path of a file with a word in every line.
        idf_weights: For output_mode 'tf_idf' a weight for every word.
        sparse: Not available: False.
        ragged: Not available: False.
        encoding: Accepted for Keras' sake: 'utf-8'.

    Example:
        >>> layer = TextVectorization(output_sequence_length=3)
        >>> layer.adapt(["The cat sat.", "The dog!"])
        >>> layer(["the bird sat"]).numpy()
        array([[2, 1, 3]])
    """

    config_names = (
        "max_tokens", "standardize", "split", "ngrams", "output_mode", "output_sequence_length", "pad_to_max_tokens",
        "sparse", "ragged", "encoding",
    )  # fmt: skip

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: int | Sequence[int] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        **kwargs: Any,
    ) -> None:
        self.standardize, self.split = standardize, split
        if standardize is not None and not callable(standardize):
            one_of("standardize", standardize, tuple(text.STANDARDS))
        if split is not None and not callable(split):
            one_of("split", split, tuple(text.SPLITS))
        if ngrams is not None and not isinstance(ngrams, (list, tuple)):
            ngrams = whole("ngrams", ngrams)
        self.ngrams = tuple(whole("ngrams", n) for n in ngrams) if isinstance(ngrams, (list, tuple)) else ngrams
        only("ragged", ragged, False)
        only("encoding", encoding, "utf-8")
        self.ragged, self.encoding = False, encoding
        one_of("output_mode", output_mode, ("int", "multi_hot", "count", "tf_idf"))
        if output_sequence_length is not None and output_mode != "int":
            raise ValueError(
                f"Expected output_sequence_length only with output_mode='int'. Received: output_mode={output_mode!r}"
            )
        self.output_sequence_length = (
            None if output_sequence_length is None else whole("output_sequence_length", output_sequence_length)
        )
        super().__init__(
            max_tokens, 1, "" if output_mode == "int" else None, "[UNK]", vocabulary, idf_weights, False, output_mode,
            pad_to_max_tokens, sparse, **kwargs,
        )  # fmt: skip

    def word(self, value: Any) -> str:
        return value.decode("utf-8") if isinstance(value, bytes) else str(value)

    @property
    def sizes(self) -> Sequence[int] | None:
        """The lengths of n-grams."""
        return range(1, self.ngrams + 1) if isinstance(self.ngrams, int) else self.ngrams

    def rows_of(self, batch: Any) -> Iterator[list[str]]:
        for sentence in text.strings(batch).ravel().tolist():
            yield text.words_of(sentence, self.standardize, self.split, self.sizes)

    def call(self, inputs: Any) -> Any:
        if self.vocabulary is None:
            raise ValueError(
                f"Layer '{self.name}': expected a vocabulary or a call of `adapt` before the layer is used."
            )
        sentences, numbers = text.strings(inputs), self.numbers()
        rows = [[numbers.get(w, self.unknown(w)) for w in row] for row in self.rows_of(sentences)]
        alone = sentences.ndim == 0
        if self.output_mode == "int":
            table = text.padded(rows, self.output_sequence_length)
        else:
            weights = self.idf_weights and self.idf_weights + [0.0] * (self.depth - len(self.idf_weights))
            table = text.counted(rows, self.depth, self.output_mode, weights)
        return self.typed(table[0] if alone else table)
