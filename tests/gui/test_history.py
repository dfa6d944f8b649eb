"""What is measured of a run, while a thread adds to it."""

import sys
import threading

import pytest

from gui.history import History

STEPS = 20_000


@pytest.fixture
def often():
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_values_are_kept_in_order_of_time_and_forgotten_from_a_step_on():
    history = History()
    for step, value in ((5, 0.5), (9, 0.9), (2, 0.2), (5, 0.7)):
        history.note(step, {("accuracy", ""): value})
    series = history.of("accuracy")[""]
    assert [array.tolist() for array in series.arrays] == [[2, 5, 9], [0.2, 0.5, 0.9]]
    assert (series.near(0), series.near(6), series.near(8)) == ((2, 0.2), (5, 0.5), (9, 0.9))
    history.forget(5)
    assert series.arrays[0].tolist() == [2, 5]
    history.forget(0)
    assert series.near(3) is None


@pytest.mark.usefixtures("often")
def test_a_reader_sees_every_step_with_its_own_value_while_a_thread_adds():
    history = History()

    def measure():
        for step in (*range(0, STEPS, 2), *range(1, 200, 2)):
            history.note(step, {("accuracy", f"{step // 1000}"): float(step), ("rate", ""): float(step)})

    thread = threading.Thread(target=measure)
    thread.start()
    while thread.is_alive():
        len(history)
        for series in (*history.of("accuracy").values(), *history.of("rate").values()):
            steps, values = series.arrays
            assert steps.tolist() == values.tolist()
    thread.join()
    assert len(history) == STEPS // 2 + 100
