"""Training at full speed beside the window: how often it tells, what it shows, what that costs."""

import time

from gui import worker
from gui.session import Session


def heard(window):
    """The topics that the session tells, as they come."""
    topics = []
    window.session.subscribe(topics.append)
    return topics


def test_the_count_of_steps_moves_between_pictures(open_window, qtbot):
    window = open_window("digits-mlp")
    topics, counts = heard(window), set()
    window.session.subscribe(lambda topic: counts.add(window.breadcrumb.count.text()))
    window.toggle_training()
    qtbot.waitUntil(lambda: topics.count("progress") > 10 and topics.count("position") > 2, timeout=60_000)
    assert topics.count("progress") > topics.count("position")
    assert len(counts) > topics.count("position")
    window.toggle_training()
    qtbot.waitUntil(lambda: not window.session.training, timeout=60_000)
    assert window.session.reached == window.session.stepper.training_step


def test_progress_draws_no_picture(open_window, monkeypatch):
    window = open_window("digits-mlp")
    drawn = []
    for panel in (window.workbench, window.map, window.card, window.chart, window.listing):
        monkeypatch.setattr(panel, "refresh", lambda panel=panel: drawn.append(panel))
    window.session.notify("progress")
    assert not drawn


def test_no_picture_is_made_while_the_last_one_is_being_drawn(open_window, monkeypatch):
    window = open_window("digits-mlp")
    trainer, made = window.trainer, []
    monkeypatch.setattr(window.session, "snapshot", lambda: made.append(1))
    trainer._offer()
    trainer._offer()
    assert len(made) == 1
    trainer._drawn(time.thread_time())
    trainer._offer()
    assert len(made) == 1  # not yet due
    trainer._due = 0.0
    trainer._offer()
    assert len(made) == 2


def test_a_picture_that_takes_long_puts_the_next_one_off(open_window):
    trainer = open_window("digits-mlp").trainer
    now = time.monotonic()
    trainer._drawn(time.thread_time() - 0.3)
    assert trainer._due >= now + 0.3 / worker.SHARE
    trainer._drawn(time.thread_time())
    assert worker.PICTURES <= trainer._due - now < 0.3 / worker.SHARE + 10


def test_losses_are_taken_over_without_copying_the_run(monkeypatch):
    session = Session()
    session.load("xor", seed=0, position=0)
    session.start_training()
    asked = []
    given = type(session.stepper).losses_from
    monkeypatch.setattr(
        type(session.stepper), "losses_from", lambda self, first: asked.append(first) or given(self, first)
    )
    for steps in (50, 60):
        session.train(60.0, steps)
        session.snapshot()
    assert asked == [0, 50]
    assert session.losses.array.tolist() == session.stepper.losses
