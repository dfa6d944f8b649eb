"""Fashion-MNIST: 70,000 grey pictures of clothes, 28 x 28 pixels, downloaded at first use."""

from __future__ import annotations

import os
from pathlib import Path

from fastnn.datasets.addresses import local_copy
from fastnn.datasets.archives import read_gz
from fastnn.datasets.parts import Part
from fastnn.datasets.pictures import checked

SOURCE = "Xiao, Rasul and Vollgraf, Fashion-MNIST, 2017, copyright Zalando SE (MIT licence)"
FOLDER = "fashion-mnist"
KINDS = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def load_data(path: str | os.PathLike[str] | None = None) -> tuple[Part, Part]:
    """Pictures and kinds of clothes, as `(x_train, y_train), (x_test, y_test)`.

    Args:
        path: A local folder with the four files, such as train-images-idx3-ubyte.gz, to read instead of the cache.

    Returns:
        x is uint8 0..255 of shape (60000, 28, 28) and (10000, 28, 28); y is uint8, positions in `KINDS`, of shape
        (60000,) and (10000,).

    Raises:
        DatasetError: (an OSError) A download fails or has a wrong hash, or a file is missing or damaged.

    Example:
        >>> from fastnn.datasets import fashion_mnist
        >>> (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()  # doctest: +SKIP
        >>> x_train.shape, fashion_mnist.KINDS[y_train[0]]  # doctest: +SKIP
        ((60000, 28, 28), 'Ankle boot')
    """
    return part("train", path), part("t10k", path)


def part(name: str, path: str | os.PathLike[str] | None) -> Part:
    """Pictures and labels of one part."""
    images, labels = f"{name}-images-idx3-ubyte.gz", f"{name}-labels-idx1-ubyte.gz"
    x, y = (file_of(name, path) for name in (images, labels))
    return checked(read_gz(x, 3), read_gz(y, 1), (28, 28), x)


def file_of(name: str, path: str | os.PathLike[str] | None) -> Path:
    """One of the four files."""
    return local_copy(f"{FOLDER}/{name}") if path is None else Path(path) / name
