"""Pickles of data sets: lists and arrays are read, and everything else is refused before it is run."""

import pickle

import numpy as np
import pytest

from fastnn.datasets import archives, pickles
from tests import public_files


@pytest.mark.parametrize("old", [True, False], ids=["Python 2", "today"])
def test_pickled_lists_and_arrays_are_read(old):
    rows = public_files.imdb()["x_train"]
    read = archives.read_npy(public_files.npy(rows, old), lists=True)
    assert read.tolist() == rows.tolist()
    for protocol in (2, 3, 4):
        data = np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3))
        content = public_files.pickled(data) if protocol == 2 else pickle.dumps(data, protocol)
        np.testing.assert_array_equal(pickles.load(content), data)


def state(shape, kind=("O8", 0, 1), rows=(), flags=63):
    """The pickle of an array that says of itself what it likes."""
    operations = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01"
    operations += pickle.dumps(shape, 2)[2:-1] + b"cnumpy\ndtype\n" + pickle.dumps(kind, 2)[2:-1] + b"R"
    operations += b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" + bytes([flags]) + b"tb\x89"
    return operations + public_files.pickled(rows)[2:-1] + b"tb."


def deep(count):
    """A dict whose key is a tuple in a tuple in a tuple: to take its hash would overflow the stack of C."""
    return b"\x80\x02}K\x01" + b"\x85" * count + b"K\x01s."


HOSTILE = {
    "a call": (b"\x80\x02cos\nsystem\nU\x04true\x85R.", "calls (os|posix).system"),
    "a call by texts": (b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", "calls posix.system"),
    "a name inside of NumPy": (b"\x80\x02cnumpy\nload\n.", "calls numpy.load"),
    "a dotted name": (b"\x80\x04\x8c\x05numpy\x8c\x0fndarray.__new__\x93.", "calls numpy.ndarray.__new__"),
    "an old class": (b"(ios\nsystem\n.", r"operation b'i'"),
    "an extension": (b"\x80\x02\x82\x01.", "operation"),
    "an object": (b"\x80\x02cnumpy\nndarray\n)\x81.", "operation"),
    "an array as a class": (b"\x80\x02cnumpy\nndarray\n}U\x01aK\x01sb.", "damaged pickle"),
    "memory for a reference": (b"\x80\x02K\x01r\xff\xff\xff\x7f.", "operation b'r'"),
    "memory for a text": (b"\x80\x02T\xff\xff\xff\x7fabc.", "cut off"),
    "memory for bytes": (b"\x80\x04\x8e" + b"\xff" * 7 + b"\x00.", "operation"),
    "a deep key": (deep(5_000_000), "calls, tuples and dicts"),
    "too many lists": (b"]" * (2**23 + 20_000) + b".", "more than 8388608 operations"),
    "nothing": (b"", "cut off"),
    "no end": (b"\x80\x02K\x01", "cut off"),
    "an end at once": (b".", "damaged pickle"),
    "a stack without a mark": (b"\x80\x02K\x01e.", "damaged pickle"),
    "pointers": (state((1,), rows=b"\x41" * 8, flags=0), r"\(1,\) and no objects|\(1,\) and 8 objects"),
    "fewer objects": (state((3,), rows=[[1]]), r"\(3,\) and 1 objects"),
    "a gigantic array": (state((10**12,), ("u1", 0, 1), b"abc", 0), "3 data"),
    "a gigantic item": (state((1,), ("V2000000000", 0, 1), b"abc", 0), "type"),
    "a negative shape": (state((-1, -3), ("u1", 0, 1), b"abc", 0), "dimension"),
    "a shape of texts": (state(("a",), ("u1", 0, 1), b"abc", 0), "array of shape"),
    "a type of code": (state((1,), ("O8,O8", 0, 1), [[1]]), "type"),
    "other objects": (state((1,), rows=["text"]), "other objects"),
    "other members": (state((1,), rows=[[1, "a"]]), "other objects"),
    "truths": (state((1,), rows=[[True]]), "other objects"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_pickles_made_to_harm(what):
    content, words = HOSTILE[what]
    with pytest.raises(ValueError, match=words):
        pickles.load(content)


def test_every_cut_and_many_flips_of_a_pickle_end_in_an_error_or_in_data():
    whole = public_files.pickled(public_files.reuters()["x"])
    rng = np.random.default_rng(0)
    cut = [whole[:end] for end in range(len(whole))]
    flipped = [bytearray(whole) for _ in range(500)]
    for content in flipped:
        content[rng.integers(len(whole))] = rng.integers(256)
    for content in cut:
        with pytest.raises(ValueError):
            pickles.load(content)
    for content in flipped:
        try:
            pickles.load(bytes(content))
        except ValueError:
            continue
