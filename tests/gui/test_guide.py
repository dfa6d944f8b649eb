"""The guide to the app, followed key by key: at every step the window has the numbers that the guide names."""

import re
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt

from gui.__main__ import middle_of_backward

TEXT = (Path(__file__).parents[2] / "docs/pages/app.md").read_text(encoding="utf-8")
ITEMS = dict(re.findall(r"^\*\*(\d+)\.\*\* (.*?)(?=^\*\*\d+\.|^#)", TEXT, re.MULTILINE | re.DOTALL))
KEYS = {"Home": Qt.Key.Key_Home, "Right": Qt.Key.Key_Right, "End": Qt.Key.Key_End}
WALK = {  # by the number of the item: the keys that it asks for, and the cells whose numbers it names
    "1": ("Home", ()),
    "2": ("Right", (("hidden.dense", 0, 0),)),
    "3": ("Right Right Right", (("hidden.sigmoid", 0, 0), ("output.sigmoid", 0, 0), ("output.sigmoid", 0, 1))),
    "4": ("Right Right", (("half_squared_error", 0),)),
    "5": ("Right Right", (("output.sigmoid.grad", 0, 0),)),
    "6": ("Right", (("output.dense.grad", 0, 0),)),
    "7": ("Right", (("output.kernel.grad", 0, 0),)),
    "8": ("", (("hidden.sigmoid.grad", 0, 0),)),
    "10": ("Home End", (("output.kernel", 0, 0),)),
}


@pytest.fixture
def window(open_window):
    made = open_window("worked-example", position=0)
    made.session.goto(middle_of_backward(made.session))
    return made


def test_the_guide_has_the_items_that_are_followed():
    assert list(ITEMS) == [str(number) for number in range(1, 12)]
    assert set(WALK) <= set(ITEMS)


def test_every_number_is_there_when_the_guide_says_so(window, qtbot):
    session = window.session
    assert session.stepper.position == 10
    for item, (keys, cells) in WALK.items():
        for key in keys.split():
            qtbot.keyClick(window, KEYS[key])
        for name, *index in cells:
            assert session.stepper.computed(name), (item, name)
            assert f"`{session.view(name)[tuple(index)]:.9f}`" in ITEMS[item], (item, name)


def test_the_card_of_a_cell_shows_the_sum_that_the_guide_prints(window):
    window.session.goto(1)
    window.session.select("hidden.dense", (0, 0))
    terms = window.session.stepper.explain("hidden.dense", (0, 0)).terms
    assert [f"{term.value:.4f}" for term in terms] == ["0.0075", "0.0200"]
    assert "0.05 · 0.15 + 0.10 · 0.20 + 0.35" in TEXT
