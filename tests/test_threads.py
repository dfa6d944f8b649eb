"""The pool of threads: settings, fork, and many callers at once."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from fastnn import ops
from fastnn.engine import execute

BIG = np.linspace(-4, 4, 400_000, dtype="f4")


@pytest.fixture(autouse=True)
def restore_threads():
    before = execute.threads()
    yield
    execute.threads(before)


def test_the_number_of_threads_can_be_set_and_is_capped():
    assert execute.threads(1) == 1
    assert execute.threads(10**6) == len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else True
    for wrong in (0, -1, 1.5, "2", True):
        with pytest.raises(ValueError, match="positive number of threads"):
            execute.threads(wrong)


@pytest.mark.parametrize(("value", "fails"), [("1", False), ("lots", True), ("0", True)])
def test_the_environment_sets_it(value, fails):
    env = {**os.environ, "FASTNN_NUM_THREADS": value}
    code = "from fastnn.engine import execute; print(execute.threads())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60)
    if fails:
        assert run.returncode
        assert "positive number of threads" in run.stderr
    else:
        assert run.stdout.strip() == "1"


TRAINING = """
import hashlib
import numpy as np
import fastnn
from fastnn import layers as l
from fastnn.engine import execute

fastnn.utils.set_random_seed(1)
rng = np.random.default_rng(0)
pictures, words = rng.normal(size=(20, 22, 22, 6)).astype("f4"), rng.normal(size=(24, 12, 40)).astype("f4")
conv = dict(padding="same", activation="relu")
stacks = [
    (pictures, [l.Conv2D(33, 3, **conv), l.BatchNormalization(), l.Conv2D(34, 3, **conv), l.MaxPooling2D(),
                l.Conv2DTranspose(9, 3, strides=2, **conv), l.DepthwiseConv2D(3), l.LayerNormalization(), l.Flatten()]),
    (words, [l.LSTM(70, return_sequences=True), l.Dropout(0.3), l.GRU(67)]),
    (words, [l.Dense(301, "gelu"), l.Flatten(), l.Dense(257, "tanh")]),
]
print(execute.threads())
for x, stack in stacks:
    model = fastnn.Sequential([l.Input(x.shape[1:]), *stack, l.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, np.arange(len(x)) % 10, batch_size=8, epochs=2, verbose=0)
    print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
"""


def test_training_has_the_same_bits_on_any_number_of_threads():
    told = {}
    for count in ("1", "2", "3", "7"):
        env = {**os.environ, "FASTNN_NUM_THREADS": count}
        run = subprocess.run([sys.executable, "-c", TRAINING], capture_output=True, text=True, env=env, timeout=300)
        assert not run.returncode, run.stderr
        told[count], *bits = run.stdout.split()
        assert told[count] == count
        assert bits == told.setdefault("bits", bits), count


@pytest.mark.full
def test_training_beside_busy_processes_has_the_same_bits():
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * os.cpu_count())]
    try:
        beside = subprocess.run([sys.executable, "-c", TRAINING], capture_output=True, timeout=600).stdout
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert beside
    assert beside == subprocess.run([sys.executable, "-c", TRAINING], capture_output=True, timeout=600).stdout


@pytest.mark.parametrize(
    ("asked", "own", "expected"),
    [
        ("1", "", "1"),
        ("1,4", "", "1"),
        ("lots", "", ""),
        ("0", "", ""),
        ("1", "2", "2"),
        ("lots", "1", "1"),
        ("1", "3", "3"),
    ],
)
def test_openmps_variable_counts_where_our_own_is_not_set(asked, own, expected):
    env = {**os.environ, "OMP_NUM_THREADS": asked, "FASTNN_NUM_THREADS": own}
    code = "from fastnn.engine import execute; print(execute.threads(), execute.threads(10**6))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60, check=True)
    threads, limit = run.stdout.split()
    assert threads == (limit if not expected else str(min(int(expected), int(limit))))
    assert ("OMP_NUM_THREADS" in run.stderr) is (not expected)


def test_many_callers_at_once_get_the_same_bits():
    expected = ops.tanh(BIG).value
    results = [None] * 8

    def compute(k):
        for _ in range(5):
            results[k] = ops.tanh(BIG).value

    callers = [threading.Thread(target=compute, args=(k,)) for k in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for result in results:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_computes_with_its_own_workers():
    code = """
import os, sys
import numpy as np
from fastnn import ops
big = np.linspace(-4, 4, 400_000, dtype="f4")
expected = ops.tanh(big).value
child = os.fork()
if child == 0:
    os._exit(0 if all(np.array_equal(ops.tanh(big).value, expected) for _ in range(20)) else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
