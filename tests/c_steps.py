"""Steps as C sees them (fnn.h), for what Python's way in does not set: the epilogue."""

import ctypes
import math

import numpy as np

from fastnn.kernels import engine


class Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_int64),
        ("shape", ctypes.c_int64 * 8),
        ("ndim", ctypes.c_int32),
        ("dtype", ctypes.c_int32),
    )


class Attr(ctypes.Structure):
    _fields_ = (("n", ctypes.c_int64), ("i", ctypes.c_int64 * 8), ("f", ctypes.c_double))


class Epilogue(ctypes.Structure):
    _fields_ = (
        ("bias", ctypes.c_void_p),
        ("mask", ctypes.c_void_p),
        ("relu", ctypes.c_int32),
        ("accumulate", ctypes.c_int32),
    )


class Step(ctypes.Structure):
    _fields_ = (
        ("run", ctypes.c_void_p),
        ("inputs", ctypes.POINTER(Tensor)),
        ("outputs", ctypes.POINTER(Tensor)),
        ("n_in", ctypes.c_int32),
        ("n_out", ctypes.c_int32),
        ("attr", Attr * 10),
        ("epilogue", Epilogue),
        ("scratch", ctypes.c_void_p),
        ("detail", ctypes.c_int64),
    )


KERNEL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Step))


class Entry(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("inputs", ctypes.c_char_p),
        ("attrs", ctypes.c_char_p),
        ("forward", KERNEL),
        ("backward", KERNEL),
        ("scratch_bytes", ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.POINTER(Step), ctypes.c_int)),
    )


def library():
    return ctypes.CDLL(engine.__file__)


def tensors(arrays):
    """Views as in fnn.h; None is a tensor without data, a shape one whose data is not wanted."""
    views = (Tensor * len(arrays))()
    for view, array in zip(views, arrays, strict=True):
        if array is None:
            continue
        shape = array if isinstance(array, tuple) else array.shape
        view.data = None if isinstance(array, tuple) else array.ctypes.data
        view.size, view.ndim = math.prod(shape), len(shape)
        view.shape[: len(shape)] = shape
    return views


def entry_of(isa, name):
    """The operation's kernels for an instruction set."""
    c = library()
    c.fnn_isa_name.restype, c.fnn_find.restype = ctypes.c_char_p, ctypes.POINTER(Entry)
    places = {c.fnn_isa_name(k).decode(): k for k in range(c.fnn_isa_count())}
    return c.fnn_find(places[isa], name.encode()).contents


GUARD = 64  # bytes behind the scratch that must stay as they are


def run_entry(isa, name, arrays, outputs, epilogue, backward=False):
    """One step of the operation `name`, without attributes, as the run loop would call it."""
    entry = entry_of(isa, name)
    step = Step(None, tensors(arrays), tensors(outputs), len(arrays), len(outputs), epilogue=epilogue)
    need = entry.scratch_bytes(ctypes.byref(step), int(backward))
    raw = np.full(need + 64 + GUARD, 0xA5, np.uint8)
    start = -raw.ctypes.data % 64
    step.scratch = raw.ctypes.data + start
    assert (entry.backward if backward else entry.forward)(ctypes.byref(step)) == 0
    assert (raw[start + need :] == 0xA5).all()


def finished(plain, old, mask, relu, accumulate):
    """What an epilogue makes of complete sums, the bias included."""
    y = np.maximum(plain, 0) if relu else plain
    y = np.where(mask > 0, y, 0) if mask is not None else y
    return old + y if accumulate else y
