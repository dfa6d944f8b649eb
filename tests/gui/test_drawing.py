"""Digits drawn with the mouse are read by the network, and become the sample of the stage."""

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt

from gui import drawing
from gui.drawing import Drawing, Reader
from gui.session import Session


@pytest.fixture
def window(open_window):
    made = open_window("digits-cnn", position=3)
    made.actions_by_name["draw"].trigger()
    return made


def test_the_answer_to_a_sample_of_the_data_is_its_prediction():
    session = Session()
    session.load("digits-cnn", seed=0, position=30 * 40)
    paper = Drawing(8, 8)
    image = session.view("image")[3]
    paper.take(image, drawing.brightest(session))
    said = Reader(session.stepper)(drawing.picture_of(session, paper))
    model = session.stepper.model
    model.set_weights([session.stepper.storage[v] for v in model.weights])
    np.testing.assert_allclose(said, model.predict(image[None], verbose=0)[0], atol=1e-6)


def test_which_networks_can_be_drawn_for():
    found = {}
    for name in ("digits-mlp", "lenet5", "softmax-regression", "cifar-plain", "xor", "siamese-digits"):
        session = Session()
        session.load(name, position=0)
        found[name] = drawing.side_of(session)
    assert found == {
        "digits-mlp": (8, 8),
        "lenet5": (28, 28),
        "softmax-regression": (28, 28),
        "cifar-plain": None,
        "xor": None,
        "siamese-digits": None,
    }


def test_a_line_has_ink_where_it_goes_and_is_erased():
    paper = Drawing(28, 28)
    paper.stroke((4.0, 14.0), (24.0, 14.0))
    assert (paper.ink[4:24, 13:15] > 0.5).all()
    assert not paper.ink[:, :10].any()
    paper.stroke((4.0, 14.0), (24.0, 14.0), erase=True)
    assert paper.ink.max() < 0.5


def test_drawing_with_the_mouse_changes_the_answer_and_the_stage(window, qtbot):
    board, session = window.features.changing.drawing_board, window.session
    assert window.workbench.page is board
    blank = board.answer.said.copy()
    sheet = board.sheet
    paper = sheet.paper()
    points = [QPointF(paper.center().x(), paper.top() + paper.height() * k / 10).toPoint() for k in range(2, 9)]
    qtbot.mousePress(sheet, Qt.MouseButton.LeftButton, pos=points[0])
    for point in points[1:]:
        sheet.drawing.stroke(sheet.place(QPointF(point)), sheet.place(QPointF(point)))
    qtbot.mouseRelease(sheet, Qt.MouseButton.LeftButton, pos=points[-1])
    board.read()
    assert sheet.drawing.ink.sum() > 3
    assert not np.array_equal(board.answer.said, blank)
    assert board.words.text().startswith("The network says")
    before = session.view("image")[0].copy()
    board.put()
    np.testing.assert_array_equal(session.view("image")[0], drawing.picture_of(session, sheet.drawing)[0])
    window.actions_by_name["undo"].trigger()
    np.testing.assert_array_equal(session.view("image")[0], before)
    assert not board.grab().isNull()


def test_the_sample_is_taken_and_cleared(window):
    board, session = window.features.changing.drawing_board, window.session
    board.take()
    np.testing.assert_allclose(drawing.picture_of(session, board.sheet.drawing)[0], session.view("image")[0], atol=1e-5)
    board.clear()
    assert not board.sheet.drawing.ink.any()
    assert board.words.text() == ""
