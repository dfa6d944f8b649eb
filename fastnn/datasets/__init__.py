"""Data sets: small ones that ship with the package or are made by formula, and MNIST, downloaded at first use.

Every module has `load_data()` and says in `SOURCE` where the data are from.
"""

import importlib
from typing import Any

from fastnn.datasets import cars, circles, digits, gates, gifts, iris, mnist, moons, spiral, xor
from fastnn.datasets.download import DatasetError

__all__ = [
    "DatasetError",
    "admissions",
    "cars",
    "circles",
    "clothes",
    "digits",
    "digits28",
    "energy",
    "gates",
    "gifts",
    "go",
    "houses",
    "iris",
    "mnist",
    "moons",
    "newswires",
    "pairs",
    "patches",
    "reviews",
    "signs",
    "spiral",
    "tickets",
    "xor",
]

LIKE = {  # sets that Keras fetches and this package does not, and what is here of the kind
    "boston_housing": "houses", "california_housing": "houses", "cifar10": "patches", "cifar100": "patches",
    "fashion_mnist": "clothes", "imdb": "reviews", "reuters": "newswires",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in __all__:  # the sets of the courses' networks are loaded when they are asked for
        return importlib.import_module(f"{__name__}.{name}")
    near = f"; fastnn.datasets.{LIKE[name]} is of this kind" if name in LIKE else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}: there are {', '.join(__all__[1:])}{near}")
