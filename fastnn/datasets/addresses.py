"""Where the public data sets are, and the hashes of their files."""

from __future__ import annotations

import os
from pathlib import Path

from fastnn.datasets.download import cache_folder, fetch

KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
TORONTO = "https://www.cs.toronto.edu/~kriz"
UCI = "https://archive.ics.uci.edu/static/public"
FILES = {  # name in the cache: address, hash as its publisher or Keras gives it
    "mnist.npz": (
        f"{KERAS}/mnist.npz",
        "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    ),
    "fashion-mnist/train-images-idx3-ubyte.gz": (
        f"{KERAS}/train-images-idx3-ubyte.gz",
        "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ),
    "fashion-mnist/train-labels-idx1-ubyte.gz": (
        f"{KERAS}/train-labels-idx1-ubyte.gz",
        "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    ),
    "fashion-mnist/t10k-images-idx3-ubyte.gz": (
        f"{KERAS}/t10k-images-idx3-ubyte.gz",
        "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    "fashion-mnist/t10k-labels-idx1-ubyte.gz": (
        f"{KERAS}/t10k-labels-idx1-ubyte.gz",
        "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
    "cifar-10-python.tar.gz": (
        f"{TORONTO}/cifar-10-python.tar.gz",
        "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
    "cifar-100-python.tar.gz": (
        f"{TORONTO}/cifar-100-python.tar.gz",
        "sha256:85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    ),
    "imdb.npz": (
        f"{KERAS}/imdb.npz",
        "sha256:69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    ),
    "imdb_word_index.json": (f"{KERAS}/imdb_word_index.json", "md5:bfafd718b763782e994055a2d397834f"),
    "reuters.npz": (
        f"{KERAS}/reuters.npz",
        "sha256:d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    ),
    "reuters_word_index.json": (f"{KERAS}/reuters_word_index.json", "md5:4d44cc38712099c9e383dc6e5f11a921"),
    "boston_housing.npz": (
        f"{KERAS}/boston_housing.npz",
        "sha256:f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    ),
    "california_housing.npz": (
        f"{KERAS}/california_housing.npz",
        "sha256:1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
    ),
    "energy-efficiency.csv": (
        f"{UCI}/242/data.csv",
        "sha256:db44dbe453acd464b5cf65be2fb01a28aa9c5b2630300e65fbe28cde35f5d96f",
    ),
}


def local_copy(name: str, path: str | os.PathLike[str] | None = None) -> Path:
    """Where a public file is on this machine, downloaded at first use.

    Args:
        name: One of `FILES`.
        path: None or `name` for the one in FASTNN_DATA, unchecked, or else in the cache; the path of a file that is
            here to use that one, unchecked; any other name without folders is what the file is called there.

    Raises:
        DatasetError: The download fails.
    """
    given = name if path is None else os.fspath(path)
    if given != name and (os.path.dirname(given) or os.path.exists(given)):
        return Path(given)
    folder = os.environ.get("FASTNN_DATA")
    if folder and (own := Path(folder, given)).is_file():
        return own
    url, known = FILES[name]
    return fetch(url, cache_folder() / given, known)
