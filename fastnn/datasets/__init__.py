"""Data sets: small ones that ship with the package or are made by formula, and public ones, downloaded at first use.

The public ones are mnist, fashion_mnist, cifar10, cifar100, imdb, reuters, boston_housing, california_housing, whose
arrays, arguments and defaults are those of Keras, and energy_efficiency. Every set's module
has `load_data()` and says in `SOURCE` where the data are from; `pairs` has `make_pairs`, which pairs samples of any.
"""

import importlib
from typing import Any

from fastnn.datasets import cars, circles, digits, gates, gifts, iris, mnist, moons, spiral, xor
from fastnn.datasets.download import DatasetError

__all__ = [
    "DatasetError",
    "admissions",
    "boston_housing",
    "california_housing",
    "cars",
    "cifar10",
    "cifar100",
    "circles",
    "clothes",
    "digits",
    "digits28",
    "energy",
    "energy_efficiency",
    "fashion_mnist",
    "gates",
    "gifts",
    "go",
    "houses",
    "imdb",
    "iris",
    "mnist",
    "moons",
    "newswires",
    "pairs",
    "patches",
    "reuters",
    "reviews",
    "signs",
    "spiral",
    "tickets",
    "xor",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name in __all__:  # the sets of the courses' networks are loaded when they are asked for
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}: there are {', '.join(__all__[1:])}")
