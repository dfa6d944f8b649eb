"""Names that layers, models and metrics get by themselves: dense, then dense_1, dense_2."""

from __future__ import annotations

import difflib
import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")
_used: Counter[str] = Counter()


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


def checked_name(name: Any) -> str | None:
    """A name that was given, or None.

    Raises:
        ValueError: if it is no text.
    """
    if name is not None and not isinstance(name, str):
        raise ValueError(f"Expected name to be text. Received: name={name!r}")
    return name


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
