"""Steps as C sees them: fnn.h's structures, and any kernel run with an epilogue."""

import ctypes
import math

import numpy as np

from fastnn.engine.execute import aligned, packed
from fastnn.kernels import engine
from fastnn.ops.table import OPS


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


class Entry(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("inputs", ctypes.c_char_p),
        ("attrs", ctypes.c_char_p),
        ("forward", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Step))),
        ("backward", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Step))),
        ("scratch_bytes", ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.POINTER(Step), ctypes.c_int)),
    )


GUARD = 64  # bytes behind the scratch that must stay as they are


def scratch_of(size):
    """Scratch as a kernel wants it; what lies in it is nothing to go by."""
    scratch = aligned((size + GUARD,), np.uint8)
    scratch[:] = 0xFF
    return scratch


def attr_of(value):
    """A number, boolean, word position, tuple of integers or None."""
    if value is None:
        return Attr(-1)
    if isinstance(value, tuple):
        return Attr(len(value), (ctypes.c_int64 * 8)(*value))
    return Attr(1, (ctypes.c_int64 * 8)(int(value)), float(value))


def run_entry(name, isa, inputs, outputs, attrs, epilogue, backward=False):
    """Run one operation's kernel of one instruction set into `outputs`; None is an output not wanted."""
    library = ctypes.CDLL(engine.__file__)
    library.fnn_find.restype = ctypes.POINTER(Entry)
    library.fnn_isa_name.restype = ctypes.c_char_p
    names = [library.fnn_isa_name(k).decode() for k in range(library.fnn_isa_count())]
    entry = library.fnn_find(names.index(isa), name.encode()).contents
    step = Step(None, tensors(inputs), tensors(outputs), len(inputs), len(outputs), epilogue=epilogue)
    for k, value in enumerate(packed(OPS[name], attrs)):
        step.attr[k] = attr_of(value)
    need = entry.scratch_bytes(step, backward) if entry.scratch_bytes else 0
    scratch = scratch_of(need)
    step.scratch = scratch.ctypes.data
    assert (entry.backward if backward else entry.forward)(step) == 0
    assert (scratch[need:] == 0xFF).all()


def finished(plain, old, mask, relu, accumulate):
    """What an epilogue makes of complete sums, the bias included."""
    y = np.maximum(plain, 0) if relu else plain
    y = np.where(mask > 0, y, 0) if mask is not None else y
    return old + y if accumulate else y
