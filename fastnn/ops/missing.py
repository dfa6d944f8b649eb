"""What `fastnn.ops` answers for a name that it does not have: what is missing, or what was probably meant.

The first table lists every function of `keras.ops` that is not here, once, by what it would need.
"""

from __future__ import annotations

import difflib
import sys
from types import ModuleType
from typing import Any

GROUPS = {
    "complex numbers are not available": "angle conj conjugate imag isreal polar real view_as_complex view_as_real",
    "Fourier transforms are not available": "fft fft2 ifft2 irfft istft rfft stft",
    "decompositions and inverses of matrices are not available": "cholesky cholesky_inverse det eig eigh inv logdet "
    "lstsq lu_factor matrix_rank pinv qr slogdet solve solve_triangular svd",
    "operations on bits are not available": "bitwise_and bitwise_invert bitwise_left_shift bitwise_not bitwise_or "
    "bitwise_right_shift bitwise_xor left_shift right_shift view",
    "reductions that leave NaN out are not available; use where and isnan": "nanargmax nanargmin nancumprod nancumsum "
    "nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar",
    "windows of signals are not available": "bartlett blackman hamming hanning i0 kaiser",
    "connectionist temporal classification is not available": "ctc_decode ctc_loss",
    "derivatives of one's own and in forward mode are not available; use fastnn.GradientTape": "custom_gradient jvp",
    "scans in parallel are not available; use scan": "associative_scan",
    "pooling to a given size is not available; use average_pool or max_pool": "adaptive_average_pool adaptive_max_pool",
    "patterns of axes are not available; use reshape and transpose": "rearrange",
    "windows as columns and back are not available": "correlate fold unfold",
    "divisors and neighbouring floating numbers are not available": "gcd lcm nextafter",
    "products by segment are not available": "segment_prod",
}
MISSING = {name: why for why, names in GROUPS.items() for name in names.split()}


def absent(name: str) -> Any:
    """Raise AttributeError saying what is missing; `fastnn.ops` asks this function for names that it has not."""
    if name in MISSING:
        raise AttributeError(f"fastnn.ops has no {name!r}: {MISSING[name]}.")
    known = vars(sys.modules["fastnn.ops"]).get("__all__", [])
    near = difflib.get_close_matches(name, [*known, *MISSING], n=3)
    hint = f"; did you mean {near}?" if near else "."
    raise AttributeError(f"module 'fastnn.ops' has no attribute {name!r}{hint}")


class Names(ModuleType):
    """A second door to the same functions, as `keras.ops.nn` and `keras.ops.numpy` are."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(sys.modules["fastnn.ops"], name)


def door(name: str) -> ModuleType:
    """The module `fastnn.ops.<name>`, which can also be imported from."""
    module = Names(f"fastnn.ops.{name}", f"The functions of `fastnn.ops`, where Keras has those of {name}.")
    sys.modules[module.__name__] = module
    return module


vars(sys.modules["fastnn.ops"])["__getattr__"] = absent
image = door("image")
nn, numpy, linalg, core = door("nn"), door("numpy"), door("linalg"), door("core")
