"""Arrays of HDF5 files whose chunks are made to harm the library that reads them, or to take all memory."""

import zlib

import h5py
import numpy as np
import pytest

from fastnn.models import load_model
from fastnn.utils.hdf5_files import Damaged
from fastnn.utils.hdf5_numbers import numbers_at, numbers_of
from tests.hostile import changed_weights, refused, saved_bytes, small_model

KERNELS = {".keras": ("layers/dense/vars", "0"), ".h5": ("model_weights/one/one", "kernel")}
SHAPE = (3, 4)
KERNEL = np.arange(12, dtype="f4").reshape(SHAPE)


def rewritten(path, ending, make):
    """A small model's file whose first kernel is made by `make(group, name)`."""
    group, name = KERNELS[ending]
    path.write_bytes(saved_bytes(ending))

    def change(h5):
        del h5[group][name]
        make(h5[group], name)

    changed_weights(path, change)
    return path


def chunked(chunk, filters, stored, maximum=SHAPE):
    """An array whose only stored chunk has the bytes that are given, whatever its filters say."""

    def make(group, name):
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk(chunk)
        for number, values in filters:
            plan.set_filter(number, h5py.h5z.FLAG_OPTIONAL, values)
        space = h5py.h5s.create_simple(SHAPE, maximum)
        made = h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, space, plan)
        if stored is not None:
            made.write_direct_chunk((0, 0), stored)

    return make


GZIP, SHUFFLE, FLETCHER, SCALE, LZF = (1, (9,)), (2, ()), (3, ()), (6, (0, 3)), (32000, (4, 0, 48))
WITHOUT_END = (h5py.h5s.UNLIMITED,) * 2
CHUNKS = {
    "a sum of one byte": (chunked(SHAPE, [FLETCHER], b"x"), "fletcher32"),
    "scales that lie": (chunked(SHAPE, [SCALE], b"x" * 30), "scaleoffset"),
    "another package's filter": (chunked(SHAPE, [LZF], b"x" * 30), "lzf"),
    "packed twice": (chunked(SHAPE, [GZIP, GZIP], zlib.compress(zlib.compress(KERNEL.tobytes()))), "gzip"),
    "one of gigabytes": (chunked((2**15, 2**14), [GZIP], zlib.compress(bytes(2**20)), WITHOUT_END), "chunks"),
    "more than its shape holds": (chunked(SHAPE, [GZIP], zlib.compress(bytes(2**18))), "more than its shape"),
    "less than its shape holds": (chunked(SHAPE, [GZIP], zlib.compress(bytes(47))), "47"),
    "one that ends early": (chunked(SHAPE, [GZIP], zlib.compress(KERNEL.tobytes())[:-3]), "early"),
    "no packed bytes": (chunked(SHAPE, [GZIP], b"x" * 30), "chunk"),
    "nothing at all": (chunked(SHAPE, [GZIP], None), "whole chunks"),
}


@pytest.mark.parametrize("ending", KERNELS)
@pytest.mark.parametrize("what", CHUNKS)
def test_chunks_made_to_harm(what, ending, tmp_path):
    """The first two ended the process within the library; others took gigabytes for a file of 2 kB."""
    make, words = CHUNKS[what]
    path = rewritten(tmp_path / f"m{ending}", ending, make)
    for read in (load_model, small_model().load_weights):
        with refused(path, words):
            read(path)


def test_more_chunks_than_the_file_can_hold(tmp_path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as h5:
        h5.create_dataset("w", (1000, 1000), "f4", chunks=(1, 1))
    with h5py.File(path) as h5, pytest.raises(Damaged, match="1000000 chunks"):
        numbers_at(h5, "w", path)


@pytest.mark.parametrize("ending", KERNELS)
@pytest.mark.parametrize(
    "how",
    [
        {"chunks": (2, 3)},
        {"chunks": True, "maxshape": (None, None)},
        {"chunks": (2, 3), "compression": "gzip"},
        {"chunks": (2, 3), "compression": "gzip", "shuffle": True},
        {"chunks": (2, 3), "shuffle": True},
        {"chunks": (64, 64), "maxshape": (None, None), "compression": "gzip"},
        {},
    ],
)
def test_chunks_of_good_files(how, ending, tmp_path):
    path = rewritten(tmp_path / f"m{ending}", ending, lambda g, n: g.create_dataset(n, data=KERNEL, **how))
    np.testing.assert_array_equal(load_model(path).get_weights()[0], KERNEL)


@pytest.mark.parametrize("dtype", ["f2", ">f4", "f8", "i1", ">i8", "u4", "?"])
def test_types_of_chunks(dtype, tmp_path):
    numbers = (np.arange(210) % 3).reshape(5, 6, 7).astype(dtype)
    with h5py.File(tmp_path / "m.h5", "w") as h5:
        h5.create_dataset("w", data=numbers, chunks=(2, 4, 3), compression="gzip", shuffle=True)
    with h5py.File(tmp_path / "m.h5") as h5:
        found = numbers_of(numbers_at(h5, "w", tmp_path / "m.h5"), tmp_path / "m.h5")
    np.testing.assert_array_equal(found, numbers)
    assert found.dtype == numbers.dtype
