"""Environment variables that give every contestant the same threads and the same instruction set."""

from __future__ import annotations

import os
from collections.abc import Mapping

THREAD_VARIABLES = (
    "FASTNN_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
AVX512_FEATURES = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4"
AVX2_FEATURES = f"{AVX512_FEATURES} AVX2 FMA3 AVX F16C X86_V3"
CAPS: dict[str, dict[str, str]] = {
    "avx512": {},
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "DNNL_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": AVX512_FEATURES,
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    },
    "generic": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "DNNL_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": AVX2_FEATURES,
        "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2",
    },
}


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def caps(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that hold the peers to the instruction set that FASTNN_ISA holds fastnn to.

    Raises:
        ValueError: if FASTNN_ISA names an instruction set that the peers cannot be held to.

    Example:
        >>> caps({"FASTNN_ISA": "avx2"})["ATEN_CPU_CAPABILITY"]
        'avx2'
    """
    isa = environment.get("FASTNN_ISA") or "avx512"
    if isa not in CAPS:
        raise ValueError(f"Expected FASTNN_ISA to be one of {tuple(CAPS)}. Received: {isa!r}")
    return CAPS[isa]


def for_worker(threads: int, extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a contestant's process."""
    same_threads = dict.fromkeys(THREAD_VARIABLES, str(threads))
    return {**os.environ, **same_threads, **caps(os.environ), **extra}
