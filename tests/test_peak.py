"""What the machine can do: the loops that measure it do the work that they say, and the figures make sense."""

import time
from functools import partial

import numpy as np
import pytest

from fastnn import ops
from fastnn.__main__ import main
from fastnn.engine import execute, peak
from fastnn.errors import GraphError


@pytest.mark.parametrize("isa", execute.isas())
def test_the_triad_is_what_it_says(isa):
    rng = np.random.default_rng(0)
    for size in (1, 63, 64, 65, 1001, 300_000):
        b, c = (rng.normal(size=size).astype(np.float32) for _ in range(2))
        room = np.full(size + 2, 7, np.float32)
        moved, seconds = execute.triad(isa, room[1:-1], b, c)
        np.testing.assert_allclose(room[1:-1], b + 3 * c, rtol=1e-5, atol=1e-5)
        assert room[0] == room[-1] == 7
        assert moved == 3 * b.nbytes
        assert seconds >= 0


@pytest.mark.parametrize("isa", execute.isas())
def test_multiply_adds_take_time_in_proportion(isa):
    assert soon(lambda: execute.multiply_adds(isa, 40_000)[1] > 5 * execute.multiply_adds(isa, 2_000)[1])
    assert execute.multiply_adds(isa, 10)[0] == 2 * 64 * 12 * 10 * {"avx512": 16, "avx2": 8}.get(isa, 4)


def test_a_product_does_not_beat_the_peak_and_wider_vectors_are_not_slower():
    plain = peak.measure(0.05, "generic").flops
    assert soon(lambda: peak.measure(0.05).flops > 0.7 * plain)
    a, y = np.ones((256, 256), np.float32), np.empty((256, 256), np.float32)
    rate = peak.best(partial(timed_product, a, y), 0.1)
    assert soon(lambda: rate < 2 * peak.measure(0.1).flops)


def soon(holds):
    """Whether something holds in one of many measurements: others may use the processors meanwhile."""
    return any(holds() for _ in range(50))


def timed_product(a, y):
    start = time.perf_counter()
    execute.run_kernel(ops.matmul, False, [a, a], [y], {})
    return 2 * len(a) ** 3, time.perf_counter() - start


def test_share_is_that_of_what_limits_more():
    machine = peak.Peak(100e9, 10e9, "avx2", 2, "a processor")
    assert machine.share(25e9, 1e9, 1.0) == 0.25
    assert machine.share(25e9, 5e9, 0.5) == 1.0
    assert machine.share(1, 1, 0.0) == 0.0
    assert str(machine) == "a processor: 100 GFLOP/s (avx2, threads: 2), 10.0 GB/s"


def test_wrong_requests_are_refused():
    with pytest.raises(GraphError, match="instruction set"):
        peak.measure(0.01, "mmx")
    a = np.ones(4, np.float32)
    with pytest.raises(GraphError, match="one length"):
        execute.triad("generic", a, a, np.ones(5, np.float32))
    assert peak.last_cache() > 0
    assert peak.processor()


def test_info_measures_peaks_only_if_asked_to(capsys):
    assert main(["info"]) == 0
    plain = capsys.readouterr().out
    assert peak.processor() in plain
    assert "GFLOP/s" not in plain
    assert main(["info", "--peaks"]) == 0
    assert capsys.readouterr().out.count("GFLOP/s") == len(execute.isas())
