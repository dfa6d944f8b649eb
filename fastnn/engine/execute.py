"""Runs single operations and frozen step lists: in C for float32, by the NumPy references for float64.

The only file that imports the compiled module.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    from fastnn.kernels import engine as compiled
except ImportError as error:  # the kernels are not built, or were built for another Python
    raise ImportError(
        f"fastnn's compiled kernels are missing ({error}). Build them with: python -m pip install -e ."
    ) from error

from fastnn import config
from fastnn.errors import DTypeError, FastnnError, KernelError
from fastnn.ops import exchange
from fastnn.ops.attributes import Choice
from fastnn.ops.table import OPS, Op
from fastnn.utils import limits

Array = NDArray[Any]
FLOATS = (np.dtype("float32"), np.dtype("float64"))
UNSUPPORTED = 2
KERNEL_MESSAGES = {
    1: "expected labels from 0 to the number of classes less one, received another one in row {detail}.",
    UNSUPPORTED: "expected a type and attributes that a kernel exists for.",
    4: "expected memory for scratch space, received none.",
    5: "expected indices within the axis, received another one at position {detail}.",
}


def check_table() -> None:
    """Compare the records with the C rows; a difference is a mistake in the source and stops the import."""
    rows = compiled.entries()
    for op in OPS.values():
        if op.name not in rows:
            raise ImportError(f"operation {op.name!r} has no kernel; rebuild fastnn.")
        inputs, attrs, backward = rows[op.name]
        wanted = (list(op.inputs), list(op.attrs), op.backward is not None)
        if (inputs, attrs, backward) != wanted:
            raise ImportError(f"operation {op.name!r}: record says {wanted}, kernel says {(inputs, attrs, backward)}.")


def packed(op: Op, attrs: Mapping[str, Any]) -> list[Any]:
    """Attributes in the kernel's order, words turned into positions."""
    return [d.words.index(attrs[k]) if isinstance(d, Choice) else attrs[k] for k, d in op.attrs.items()]


def computing_dtype(op: Op, arrays: Sequence[Array | None]) -> np.dtype[Any]:
    """The type that an operation computes in, from its inputs that are not typed by the record."""
    dtypes = {
        a.dtype.newbyteorder("=")
        for role, a in zip(op.roles(len(arrays)), arrays, strict=True)
        if a is not None and role not in op.dtypes
    }
    return common_dtype(op, dtypes)


def common_dtype(op: Op, dtypes: Set[np.dtype[Any]]) -> np.dtype[Any]:
    """The type for inputs of these types: floating if one is, else integers where the operation keeps them."""
    floats = dtypes & set(FLOATS)
    if floats:
        return np.result_type(*floats)
    if not dtypes or not op.keeps_integers:
        return np.dtype(config.floatx())
    common = np.result_type(*dtypes)
    if op.widen:
        return np.result_type(common, np.int32)
    return np.dtype("int32") if common.kind == "b" and not op.keeps_booleans else common


def prepare(op: Op, inputs: Sequence[Array | None], attrs: Mapping[str, Any]) -> list[Array | None]:
    """Inputs as contiguous arrays of the types that the operation takes."""
    dtype = computing_dtype(op, inputs)
    pairs = zip(op.roles(len(inputs)), inputs, strict=True)
    return [None if a is None else contiguous(a, op.dtype_of(r, dtype, attrs), op) for r, a in pairs]


def contiguous(array: Array, dtype: Any, op: Op | None = None) -> Array:
    """The array itself, or a copy that is C-contiguous, aligned, native and of that type."""
    if array.dtype.kind not in "fiub":
        raise DTypeError(f"expected numbers, received dtype {array.dtype}.", operation=op.name if op else None)
    if np.dtype(dtype).kind in "iu":
        check_whole(array, np.dtype(dtype), op)
    return np.require(array, dtype, ["C", "A"])


def check_whole(array: Array, dtype: np.dtype[Any], op: Op | None = None) -> None:
    """Raise DTypeError for numbers that would not stay the same as integers of that type."""
    name = op.name if op else None
    if array.dtype.kind == "f" and not np.array_equal(array, np.trunc(array)):
        raise DTypeError(f"expected whole numbers, received {array.dtype} with fractions.", operation=name)
    if array.size and not np.can_cast(array.dtype, dtype):
        least, most, bounds = array.min(), array.max(), np.iinfo(dtype)
        if least < bounds.min or most > bounds.max:
            raise DTypeError(f"expected whole numbers that fit {dtype}, received {least} to {most}.", operation=name)


def runs_in_c(op: Op, inputs: Sequence[Array | None]) -> bool:
    """Whether the kernel takes these inputs; otherwise the reference does."""
    roles = op.roles(len(inputs))
    floats = [a.dtype for r, a in zip(roles, inputs, strict=True) if a is not None and r not in op.dtypes]
    return config.engine() == "c" and np.dtype("float64") not in floats


def empty_results(op: Op, inputs: Sequence[Array | None], attrs: Mapping[str, Any]) -> list[Array]:
    """Uninitialised outputs and extras of the right shapes and types."""
    shapes = op.infer([None if a is None else a.shape for a in inputs], attrs)
    limits.take_numbers(sum(map(math.prod, shapes)), op.name)
    dtype = computing_dtype(op, inputs)
    roles = (*op.outputs, *op.extra)
    return [np.empty(s, op.dtype_of(r, dtype, attrs)) for r, s in zip(roles, shapes, strict=True)]


def as_tuple(result: Any) -> tuple[Any, ...]:
    """A reference's result as a tuple."""
    return result if isinstance(result, tuple) else (result,)


def forward(op: Op, inputs: Sequence[Array | None], attrs: Mapping[str, Any]) -> tuple[list[Array | None], list[Array]]:
    """Run one operation; returns the inputs as used and all results (outputs, then extras)."""
    arrays = prepare(op, inputs, attrs)
    results = empty_results(op, arrays, attrs)
    if runs_in_c(op, arrays) and all(r.dtype != np.float64 for r in results):
        try:
            run_kernel(op, False, arrays, results, attrs)
            return arrays, results
        except UnsupportedError:
            if any(a is not None and a.dtype.kind == "f" for a in arrays):
                raise
    values = as_tuple(op.forward(*arrays, **attrs))
    for result, value in zip(results, values, strict=True):
        result[...] = value
    return arrays, results


def backward(
    op: Op,
    d_outputs: Sequence[Array],
    saved: Sequence[Array | None],
    shapes: Sequence[tuple[int, ...] | None],
    attrs: Mapping[str, Any],
    wanted: Sequence[bool],
    dtypes: Sequence[np.dtype[Any]] | None = None,
) -> list[Array | None]:
    """Gradients of an operation's inputs, for `op.gradient_roles`, of these types; None where not wanted.

    Then its inner gradients.
    """
    dtype = d_outputs[0].dtype
    types = [dtype] * len(wanted) if dtypes is None else [d if d.kind == "f" else dtype for d in dtypes]
    places = op.gradient_shapes(shapes, attrs)
    own = len(op.gradient_roles(len(shapes)))
    rows = zip(places[:own], types, wanted, strict=False)
    grads = [np.empty(s, t) if w and s is not None else None for s, t, w in rows]
    grads += [np.empty(s, dtype) for s in places[own:] if s is not None]
    if config.engine() == "c" and all(d == np.float32 for d in (dtype, *types)):
        results = [s if g is None else g for g, s in zip(grads, places, strict=True)]
        run_kernel(op, True, [np.asarray(d, order="C") for d in d_outputs] + list(saved), results, attrs)
        return grads
    if op.backward is None:
        raise DTypeError("expected an operation with a derivative.", operation=op.name)
    values = op.backward(*d_outputs, *saved, shapes=tuple(shapes), **attrs)
    for grad, value in zip(grads, values, strict=True):
        if grad is not None:
            grad[...] = value
    return grads


def run_kernel(op: Op, back: bool, inputs: Sequence[Any], outputs: Sequence[Any], attrs: Mapping[str, Any]) -> None:
    """Call one kernel, turning its error code into an exception."""
    try:
        compiled.call(op.name, back, inputs, outputs, packed(op, attrs))
    except compiled.KernelFailed as failure:
        raise kernel_error(failure, op) from None
    except FastnnError as error:
        error.operation = error.operation or op.name
        raise


class UnsupportedError(KernelError):
    """There is no kernel for a type; integers are left to the reference."""


def kernel_error(failure: Exception, op: Op, layer: str | None = None) -> FastnnError:
    """What a kernel's error code means, for people."""
    code, _, detail = failure.args
    kind = UnsupportedError if code == UNSUPPORTED else KernelError
    return kind(KERNEL_MESSAGES[code].format(detail=detail), layer=layer, operation=op.name)


def aligned(shape: tuple[int, ...], dtype: Any) -> Array:
    """Zeros whose memory starts at a multiple of 64 bytes."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)


def permutation(count: int, key: int) -> Array:
    """The numbers below `count`, shuffled; the same key gives the same order.

    Args:
        count: How many.
        key: 64 bits.

    Example:
        >>> sorted(permutation(4, 7).tolist())
        [0, 1, 2, 3]
    """
    order: Array = compiled.permutation(count, key)
    return order


def threads(count: int | None = None) -> int:
    """The number of threads that kernels use; with an argument, choose it.

    Args:
        count: 1 or more; capped at the number of processors, or at what FASTNN_NUM_THREADS was when the program
            started, if that is more. Results do not depend on it.

    Raises:
        ValueError: if count is not a positive whole number.

    Example:
        >>> threads(1)
        1
    """
    if count is not None:
        if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
            raise ValueError(f"Expected a positive number of threads. Received: {count!r}")
        compiled.set_threads(min(int(count), 2**30))
    return compiled.threads()


def isa(name: str | None = None) -> str:
    """The instruction set of the kernels; with an argument, choose it for what is made from now on.

    Args:
        name: One of `isas()`, such as 'avx512', 'avx2', 'generic'.

    Raises:
        GraphError: if this machine cannot run it.
    """
    if name is not None:
        compiled.set_isa(name)
    return compiled.isa()


def isas() -> list[str]:
    """Instruction sets that this machine can run, best first."""
    return compiled.isas()


def built() -> tuple[str, str]:
    """The file of the compiled kernels, and the compiler that made it.

    Example:
        >>> built()[1].split()[0] in ("gcc", "clang", "msvc", "unknown")
        True
    """
    return str(compiled.__file__), compiled.compiler()


def _from_environment() -> None:
    """Take over what FASTNN_ISA, FASTNN_NUM_THREADS or else OMP_NUM_THREADS ask for.

    Raises ValueError naming the variable, if one of our own holds nonsense; of others' nonsense it warns.
    """
    if name := os.environ.get("FASTNN_ISA"):
        if name not in isas():
            raise ValueError(f"Expected FASTNN_ISA to be one of {isas()}. Received: FASTNN_ISA={name!r}")
        isa(name)
    if count := os.environ.get("FASTNN_NUM_THREADS"):
        if not count.isdecimal() or int(count) < 1:
            raise ValueError(f"Expected FASTNN_NUM_THREADS to be a positive number of threads. Received: {count!r}")
        threads(int(count))
    elif count := os.environ.get("OMP_NUM_THREADS"):
        outermost = count.partition(",")[0].strip()  # OpenMP has a list, one number for every level of nesting
        if outermost.isdecimal() and int(outermost):
            threads(int(outermost))
        else:
            warnings.warn(f"expected OMP_NUM_THREADS to begin with a positive number, received {count!r}", stacklevel=2)


check_table()
compiled.set_exchange(exchange.add_up)
_from_environment()
Plan, KernelFailed = compiled.Plan, compiled.KernelFailed
multiply_adds, triad = compiled.multiply_adds, compiled.triad
