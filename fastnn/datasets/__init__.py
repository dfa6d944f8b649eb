"""Data sets: small ones that ship with the package or are made by formula, and MNIST, downloaded at first use.

Every module has `load_data()` and says in `SOURCE` where the data are from.
"""

from fastnn.datasets import cars, circles, digits, gates, gifts, iris, mnist, moons, spiral, xor
from fastnn.datasets.download import DatasetError

__all__ = [
    "DatasetError",
    "cars",
    "circles",
    "digits",
    "gates",
    "gifts",
    "iris",
    "mnist",
    "moons",
    "spiral",
    "xor",
]
