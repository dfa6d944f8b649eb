"""Data sets: small ones that ship with the package or are made by formula, and MNIST, downloaded at first use.

Every module has `load_data()` and says in `SOURCE` where the data are from.
"""

from fastnn.datasets import (
    admissions,
    cars,
    circles,
    clothes,
    digits,
    digits28,
    energy,
    gates,
    gifts,
    go,
    houses,
    iris,
    mnist,
    moons,
    newswires,
    pairs,
    patches,
    reviews,
    signs,
    spiral,
    tickets,
    xor,
)
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
