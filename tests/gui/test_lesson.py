"""Lessons: every shipped one runs to its end; mistakes in a file are named with their line."""

import re

import numpy as np
import pytest
from PyQt6.QtCore import QPoint
from PyQt6.QtWidgets import QApplication

from gui import lesson
from gui.session import Session
from gui.shortcuts import ACTIONS, GROUPS

SHIPPED = [*lesson.names(), lesson.TOUR]


def test_ten_lessons_and_a_tour_come_with_the_app():
    assert len(lesson.names()) >= 10
    assert (lesson.FOLDER / f"{lesson.TOUR}.txt").is_file()


def wait_for(qtbot, window, number):
    """Until the bar shows a step of the lesson, however far its place in the run is."""
    bar, going = window.features.learning.bar, "On the way"
    qtbot.waitUntil(lambda: f" {number} of " in bar.heading.text() and going not in bar.words.text(), timeout=30_000)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_lesson_runs_to_its_end_and_back(open_window, qtbot, name):
    window = open_window()
    learning = window.features.learning
    assert learning.begin(name)
    stages = learning.lesson.stages
    moves = [1] * (len(stages) - 1) + [-1] * (len(stages) - 1)
    for k, by in enumerate([0, *moves]):
        learning.move(by)
        stage = stages[learning.place]
        wait_for(qtbot, window, stage.number)
        words = re.sub("<[^>]*>", "", learning.bar.words.text())
        assert "{" not in words
        assert "xpected" not in words
        assert all(learning.target(word).isVisible() for word in stage.list("target"))
        assert len(learning.frame.rects()) == len(stage.list("target"))
        assert learning.place == min(k, len(moves) - k)
    learning.go(len(stages) - 1)
    wait_for(qtbot, window, len(stages))
    learning.bar.next.click()
    assert learning.lesson is None
    assert learning.repeater.locked == frozenset()
    assert not learning.dock.isVisible()


def test_every_lock_is_an_action_a_group_or_a_panel(open_window):
    learning = open_window().features.learning
    known = {*(a.name for a in ACTIONS), *GROUPS}
    for name in SHIPPED:
        words = [word for stage in lesson.find(name).stages for word in stage.list("lock")]
        assert [word for word in words if word not in known and not learning.target(word)] == [], name


@pytest.mark.parametrize("name", [n for n in SHIPPED if any("ask" in s.keys for s in lesson.find(n).stages)])
def test_questions_are_answered_by_the_engine(name):
    found, session = lesson.find(name), Session()
    session.load(found.source(), int(found.keys.get("seed", 0)))
    for stage in found.stages:
        session.goto(lesson.destination(session, stage))
        if "ask" in stage.keys:
            here, right = session.moment.position, lesson.answer(session, stage)
            assert session.stepper.position == here
            assert lesson.judge(f"{right:.6f}", right)
            assert not lesson.judge(f"{right * 1.1:.6f}", right)


def test_the_numbers_of_backpropagation_by_hand_are_those_of_the_course(open_window, qtbot):
    learning = open_window().features.learning
    learning.begin("04-backprop-by-hand")
    said = ""
    for _ in range(13):
        said += learning.bar.words.text()
        learning.move(1)
    for figure in ("0.3775", "0.593269992", "0.75136507", "0.298371109", "0.138498562", "0.082167041", "0.036350306"):
        assert f"<b>{figure}</b>" in said


def test_a_locked_action_does_nothing_and_says_why(open_window, qtbot):
    from PyQt6.QtCore import Qt

    window = open_window()
    learning = window.features.learning
    learning.begin("04-backprop-by-hand")
    learning.move(1)
    before = window.session.moment.position
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert window.session.moment.position == before
    assert "locked" in window.statusBar().currentMessage()
    learning.move(1)
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert window.session.moment.position == before + 2


def test_an_answer_is_judged_in_the_bar(open_window, qtbot):
    learning = open_window().features.learning
    learning.begin("04-backprop-by-hand")
    learning.move(1)
    qtbot.keyClicks(learning.bar.field, "0.4")
    learning.bar.check.click()
    assert learning.bar.verdict.text().startswith("Not yet")
    learning.bar.field.clear()
    qtbot.keyClicks(learning.bar.field, "0.378")
    learning.bar.check.click()
    assert learning.bar.verdict.text() == "Right."


def test_another_network_ends_the_lesson(open_window):
    window = open_window()
    window.features.learning.begin("05-xor")
    window.load("worked-example")
    assert window.features.learning.lesson is None


GOOD = "title: T\nnetwork: xor\n\n---\ntitle: S\ncursor: start\n\nWords.\n"
BAD = {
    "": "expected a line 'title",
    "title: T\n": "expected at least one step",
    "title: T\ncolour: red\n": "line 2: expected one of title, about",
    "title: T\n---\ncursor: start\n": "line 3: expected text in step 1",
    "title: T\n---\ncursr: start\n\nWords\n": "line 3: expected one of title, cursor",
    "title: T\n\nwords\n---\n\nWords\n": "expected a line '---' before",
}


@pytest.mark.parametrize(("text", "words"), BAD.items(), ids=range(len(BAD)))
def test_a_damaged_lesson_names_its_line(text, words):
    with pytest.raises(ValueError, match="lesson bad") as caught:
        lesson.parse("bad", text)
    assert words in str(caught.value)


NOT_THERE = [
    ("cursor: start", "cursor: somewhere"),
    ("cursor: start", "cursor: after backward hidden conv2d"),
    ("cursor: start", "select: nothing[0]"),
    ("cursor: start", "select: x[99, 0]"),
    ("cursor: start", "target: nowhere"),
    ("cursor: start", "lock: everything"),
    ("cursor: start", "grain: month"),
    ("Words.", "The number is {x[0, 7]}."),
    ("Words.", "The number is {output.dense.grad[0, 0]}."),
    ("network: xor", "network: nowhere"),
    ("network: xor", "blueprint:\n  Dense(3)\ndata:\n  1 | 2"),
    ("network: xor", "blueprint:\n  Input((1,))\n  Dense(1)\n  compile('sgd', 'mse')\ndata:\n  1 2 3"),
    ("network: xor", "blueprint:\n  Input((2,))\n  Dense(1)\n  compile('sgd', 'mse')\ndata:\n  1 | 2"),
]


def test_a_lesson_that_asks_for_what_is_not_there_says_so(open_window, tmp_path):
    window, shown = open_window(), []
    window.features.files.complain = lambda what, why: shown.append(why)
    for change in NOT_THERE:
        shown.clear()
        window.statusBar().clearMessage()
        (tmp_path / "own.txt").write_text(GOOD.replace(*change), encoding="utf-8")
        began = window.features.learning.begin(str(tmp_path / "own.txt"))
        said = window.statusBar().currentMessage() if began else shown[0]
        assert "xpected" in said, change
        window.features.learning.end()


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="expected text in UTF-8"):
        lesson.find(str(tmp_path / "bad.txt"))


def test_a_lesson_brings_its_own_network_and_data():
    source = lesson.find("01-threshold-logic").source()
    assert np.array_equal(source.y.ravel(), [0, 0, 0, 1])
    session = Session()
    session.load(source)
    session.to_end()
    assert np.array_equal(session.view("gate.heaviside").ravel(), [0, 0, 0, 1])


@pytest.mark.parametrize("name", lesson.names())
def test_no_question_is_answered_on_the_screen(open_window, qtbot, name):
    window = open_window()
    window.features.learning.begin(name)
    found = lesson.find(name)
    for place, stage in enumerate(found.stages):
        if "ask" in stage.keys:
            window.features.learning.go(place)
            qtbot.waitUntil(lambda: not window.session.training, timeout=20000)
            value, _, _ = stage.keys["answer"].partition("[")
            assert not window.session.computed(value), f"step {stage.number} shows its answer"


def test_the_buttons_stay_where_they_are_from_step_to_step(open_window, qtbot):
    window = open_window()
    learning = window.features.learning
    learning.begin("04-backprop-by-hand")
    places = set()
    for _ in range(10):  # with questions, with short and with long words
        QApplication.processEvents()
        bar = learning.bar
        places.add(tuple((b.mapTo(bar, QPoint(0, 0)).x(), b.width()) for b in (bar.back, bar.next, bar.end)))
        window.actions_by_name["lesson_next"].trigger()
    assert len(places) == 1
