"""Small files in the formats of the public data sets: the same members, types and pickles, few rows.

CIFAR was pickled by Python 2, IMDB and Reuters by an early NumPy; `Python2` writes what those wrote.
"""

import gzip
import io
import json
import pickle
import struct
import tarfile
import zipfile

import numpy as np

WORDS = {"the": 1, "film": 2, "café": 3}


class Python2(pickle._Pickler):
    """Writes protocol 2 as Python 2 and its NumPy did: texts and bytes alike, `numpy.core` in names."""

    dispatch = dict(pickle._Pickler.dispatch)  # noqa: RUF012

    def __init__(self, file):
        super().__init__(file, 2)

    def save_text(self, value):
        content = value if isinstance(value, bytes) else value.encode()
        length = b"U" + bytes([len(content)]) if len(content) < 256 else b"T" + struct.pack("<i", len(content))
        self.write(length + content)
        self.memoize(value)

    def save_global(self, value, name=None):
        module = value.__module__.replace("numpy._core", "numpy.core")
        self.write(f"c{module}\n{name or value.__qualname__}\n".encode())
        self.memoize(value)

    dispatch[bytes] = dispatch[str] = save_text
    dispatch[type] = dispatch[type(pickle.dumps)] = dispatch[type(lambda: 0)] = save_global


def pickled(value):
    file = io.BytesIO()
    Python2(file).dump(value)
    return file.getvalue()


def npy(array, old=True):
    """A .npy file; one of objects as an early NumPy wrote it."""
    file = io.BytesIO()
    if array.dtype != object or not old:
        np.save(file, array)
        return file.getvalue()
    header = {"descr": "|O", "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + pickled(array)


def npz(arrays, old=True):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), npy(array, old), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def tar_gz(members):
    """An archive of files by name; a TarInfo stands for itself."""
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            if info is not content:
                info.size = len(content)
            archive.addfile(info, None if info is content else io.BytesIO(content))
    return file.getvalue()


def idx(array):
    """A gzipped IDX file of bytes."""
    header = struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes(), mtime=0)


# ---------------------------------------------------------------- the sets


def mnist():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (30, 28, 28), np.uint8), rng.integers(0, 10, 30, np.uint8)
    return npz({"x_train": x[:20], "y_train": y[:20], "x_test": x[20:], "y_test": y[20:]})


def fashion_mnist():
    rng = np.random.default_rng(1)
    files = {}
    for part, count in (("train", 7), ("t10k", 3)):
        pictures = rng.integers(0, 256, (count, 28, 28), np.uint8) & 0xC0
        files[f"{part}-images-idx3-ubyte.gz"] = idx(pictures)
        files[f"{part}-labels-idx1-ubyte.gz"] = idx(rng.integers(0, 10, count, np.uint8))
    return files


def pixels(rng, rows):
    return rng.integers(0, 4, (rows, 3072), np.uint8) * np.uint8(85)


def cifar10(times=1):
    """Batches of two rows, each repeated."""
    rng = np.random.default_rng(2)
    members = {"cifar-10-batches-py": folder("cifar-10-batches-py")}
    for name in ["batches.meta", *(f"data_batch_{k}" for k in (4, 1, 2, 3, 5)), "test_batch"]:
        labels, data = rng.integers(0, 10, 2).tolist() * times, np.tile(pixels(rng, 2), (times, 1))
        batch = {"batch_label": name, "labels": labels, "data": data, "filenames": ["a.png", "b" * 300]}
        members[f"cifar-10-batches-py/{name}"] = pickled(batch)
    return members


def cifar100():
    rng = np.random.default_rng(3)
    members = {"cifar-100-python": folder("cifar-100-python")}
    for name, rows in (("train", 5), ("test", 3)):
        fine = rng.integers(0, 100, rows).tolist()
        batch = {"fine_labels": fine, "coarse_labels": [k // 5 for k in fine], "data": pixels(rng, rows)}
        members[f"cifar-100-python/{name}"] = pickled(batch)
    return members


def folder(name):
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    return info


def texts(rng, count):
    """Lists of words' ranks, small ones, some above 255 and above 65535."""
    rows = np.empty(count, object)
    for k in range(count):
        ranks = rng.zipf(1.3, rng.integers(2, 12)).clip(1, 88_000)
        rows[k] = [int(rank) for rank in ranks]
    rows[0] = [1, 300, 70_000]
    return rows


def imdb():
    rng = np.random.default_rng(4)
    return {
        "x_train": texts(rng, 12), "y_train": rng.integers(0, 2, 12),
        "x_test": texts(rng, 8), "y_test": rng.integers(0, 2, 8),
    }  # fmt: skip


def reuters():
    rng = np.random.default_rng(5)
    return {"x": texts(rng, 15), "y": rng.integers(0, 46, 15)}


def table(columns, rows, dtype):
    rng = np.random.default_rng(6)
    return {"x": rng.integers(0, 9, (rows, columns)).astype(dtype) / 2, "y": rng.integers(5, 50, rows).astype(dtype)}


def files():
    """Every file by its name in the cache."""
    return {
        "mnist.npz": mnist(),
        **{f"fashion-mnist/{name}": content for name, content in fashion_mnist().items()},
        "cifar-10-python.tar.gz": tar_gz(cifar10()),
        "cifar-100-python.tar.gz": tar_gz(cifar100()),
        "imdb.npz": npz(imdb()),
        "imdb_word_index.json": json.dumps(WORDS).encode(),
        "reuters.npz": npz(reuters()),
        "reuters_word_index.json": json.dumps(WORDS).encode(),
        "boston_housing.npz": npz(table(13, 11, "f8")),
        "california_housing.npz": npz(table(8, 605, "f4")),
        "energy-efficiency.csv": energy(),
    }


def energy():
    rng = np.random.default_rng(7)
    rows = [",".join(f"{value:.1f}" for value in row) for row in rng.integers(0, 9, (768, 10)) / 2]
    return "\n".join(["X1,X2,X3,X4,X5,X6,X7,X8,Y1,Y2", *rows, ""]).encode()
