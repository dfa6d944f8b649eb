"""Names that layers, models and metrics get by themselves: dense, then dense_1, dense_2."""

from __future__ import annotations

import builtins
import difflib
import inspect
import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")
_used: Counter[str] = Counter()
# control characters, ends of lines, turns of the direction of writing, half characters, what XML cannot hold
UNSHOWN = r"[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
LONGEST = 160  # letters of a text in pictures and tables
WORDS = frozenset([*keyword.kwlist, *dir(builtins)])  # what Python means by itself


def snake_case(name: str) -> str:
    """A class name as a name of an object.

    Example:
        >>> snake_case("MaxPooling2D"), snake_case("InputLayer"), snake_case("LSTM")
        ('max_pooling2d', 'input_layer', 'lstm')
    """
    name = re.sub(r"\W", "", name)
    name = re.sub(r"(?<=.)([A-Z][a-z]+)", r"_\1", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str) -> str:
    """The prefix itself the first time, then with a number.

    Example:
        >>> clear_session()
        >>> auto_name("dense"), auto_name("dense")
        ('dense', 'dense_1')
    """
    count = _used[prefix]
    _used[prefix] += 1
    return f"{prefix}_{count}" if count else prefix


def checked_name(name: Any, forbidden: str = "") -> str:
    r"""A name as it is, if terminals, pictures and files can show it.

    Args:
        name: Of a layer, model, input, weight, metric, loss or optimizer.
        forbidden: What else must not be in it.

    Raises:
        ValueError: if it is no such name.

    Example:
        >>> checked_name("größe 2"), checked_name("red\33[31m")
        Traceback (most recent call last):
        ...
        ValueError: Expected name to be a string, not '.' or '..', without control and half characters. Received: ...
    """
    wrong = not isinstance(name, str) or name in (".", "..") or re.search(UNSHOWN, name)
    if not wrong and not (forbidden and forbidden in name):
        return name
    without = f"{forbidden!r}, " if forbidden else ""
    raise ValueError(
        f"Expected name to be a string, not '.' or '..', without {without}control and half characters. "
        f"Received: {name=}"
    )


def printable(text: str) -> str:
    r"""A text of several lines whose other control characters are written out.

    Example:
        >>> print(printable("line\nred\33[31m"))
        line
        red\x1b[31m
    """
    return re.sub(f"(?!\n){UNSHOWN}", lambda found: ascii(found[0])[1:-1], text)


def shortened(text: str) -> str:
    """A text for pictures and tables; of a very long one the middle is left out.

    Example:
        >>> shortened("dense"), len(shortened("x" * 1000))
        ('dense', 159)
    """
    half = LONGEST // 2 - 2
    return text if len(text) <= LONGEST else f"{text[:half]}...{text[-half:]}"


def identifiers(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A variable of Python for every name: a letter, then ASCII letters, digits and `_`, as Python takes some other
    letters for the same; none is that of another name, a word of Python's, or taken.

    Example:
        >>> identifiers(["a.b", "a b", "class", "2nd", "batch"], taken=["batch"])
        {'a.b': 'a_b', 'a b': 'a_b_2', 'class': 'class_', '2nd': 'v_2nd', 'batch': 'batch_'}
    """
    reserved = WORDS.union(taken)
    found, free = {}, Unique(reserved, first=2)
    for name in names:
        base = re.sub(r"\W", "_", name, flags=re.ASCII)
        base = base if base[:1].isalpha() else f"v_{base}"
        found[name] = free.name(f"{base}_" if base in reserved else base)
    return found


class Unique:
    """Names of which each is given once; one that is taken gets the next free number.

    Args:
        taken: Names that are taken already.
        first: The first number.

    Example:
        >>> free = Unique(["add_1"])
        >>> free.name("add"), free.name("add"), free.name("add")
        ('add', 'add_2', 'add_3')
    """

    def __init__(self, taken: Iterable[str] = (), first: int = 1) -> None:
        self.taken, self.first = set(taken), first
        self.numbers: dict[str, int] = {}  # the numbers below are taken: a thousand like names cost no million looks

    def name(self, wanted: str) -> str:
        """The name, numbered if it is taken."""
        free = wanted
        while free in self.taken:
            number = self.numbers.get(wanted, self.first)
            free, self.numbers[wanted] = f"{wanted}_{number}", number + 1
        self.taken.add(free)
        return free


def clear_session() -> None:
    """Count automatic names from the start again."""
    _used.clear()


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest known ones, or all.

    Example:
        >>> did_you_mean("relo", ["relu", "tanh"])
        "did you mean 'relu'?"
    """
    known = sorted(set(known))
    near = difflib.get_close_matches(name.lower(), dict.fromkeys(k.lower() for k in known), n=3)
    chosen = [k for close in near for k in known if k.lower() == close]
    if chosen:
        return f"did you mean {' or '.join(repr(k) for k in chosen)}?"
    return f"known names: {', '.join(map(repr, known))}."


def refuse_further(given: Mapping[str, object], function: Callable[..., object]) -> None:
    """Raise ValueError for arguments that a function does not have.

    Example:
        >>> def sell(pieces=1, **others):
        ...     refuse_further(others, sell)
        >>> sell(piece=2)
        Traceback (most recent call last):
        ...
        ValueError: Expected no further arguments. Received: piece=2; did you mean 'pieces'?
    """
    for name, value in given.items():
        known = [p.name for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
        hint = did_you_mean(name, [own for own in known if own != "self"])
        raise ValueError(f"Expected no further arguments. Received: {name}={value!r}; {hint}")


def with_known_names(method: Callable[Given, Result]) -> Callable[Given, Result]:
    """A method whose error about an unknown argument names the object's class and the nearest argument.

    Example:
        >>> class Shop:
        ...     @with_known_names
        ...     def sell(self, pieces=1):
        ...         return pieces
        >>> Shop().sell(piece=2)
        Traceback (most recent call last):
        ...
        TypeError: Shop.sell() got an unexpected keyword argument 'piece'; did you mean 'pieces'?
    """

    @wraps(method)
    def checked(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        if args:
            refuse_unknown(method, kwargs, f"{type(args[0]).__name__}.{method.__name__}()")
        return method(*args, **kwargs)

    return checked


def refuse_unknown(function: Callable[..., Any], names: Iterable[str], called: str) -> None:
    """Raise TypeError for names that are none of a function's arguments.

    Args:
        function: The function.
        names: The names of keyword arguments.
        called: What the function is called in the error.
    """
    known = inspect.signature(function).parameters
    for name in names:
        if name not in known:
            raise TypeError(f"{called} got an unexpected keyword argument '{name}'; {did_you_mean(name, known)}")
