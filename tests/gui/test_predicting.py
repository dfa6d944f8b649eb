"""Predictions: judged as specified, hidden until known, hinted line by line, scored."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from gui.content import content_of, scene_of
from gui.panels.op_block import curve_of
from gui.panels.predict_bar import PredictBar
from gui.predicting import Predictor, judge, read
from gui.session import Session


@pytest.mark.parametrize(
    ("typed", "value", "verdict"),
    [
        ("0.5933", 0.59327, "right"),
        ("0.59327", 0.59327, "right"),
        ("0,5933", 0.59327, "right"),
        ("0.59", 0.59327, "rounded"),
        ("0.6", 0.59327, "wrong"),  # one digit is a guess
        ("0.594", 0.59327, "wrong"),
        ("-0.5933", 0.59327, "wrong"),
        ("\u22120.25", -0.25, "right"),
        ("1.235e4", 12345.678, "right"),
        ("12000", 12345.678, "wrong"),
        ("1.5e-6", 1.5304e-6, "rounded"),
        ("0", 0.0, "right"),
        ("nan", float("nan"), "right"),
        ("0.1", float("inf"), "wrong"),
    ],
)
def test_answers_are_judged_as_specified(typed, value, verdict):
    assert judge(typed, value, 4) == verdict


@pytest.mark.parametrize("typed", ["", "abc", "1/2", "0.1.2", "1e", "__import__('os')"])
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(ValueError, match="Expected a number such as"):
        read(typed)


@pytest.fixture
def predictor():
    session = Session()
    session.load("worked-example", seed=0, position=2)
    session.predictor = Predictor(session)
    session.select("hidden.sigmoid", (0, 0))
    session.predictor.toggle()
    return session.predictor


def test_the_number_is_hidden_until_it_is_known(predictor):
    assert predictor.hides("hidden.sigmoid", (0, 0))
    assert not predictor.hides("hidden.sigmoid", (0, 1))
    assert predictor.answer("0.1").verdict == "wrong"
    assert predictor.hides("hidden.sigmoid", (0, 0))
    assert predictor.answer("0.593269992").points == 1
    assert not predictor.hides("hidden.sigmoid", (0, 0))


def test_given_numbers_are_not_asked_for(predictor):
    predictor.session.select("x", (0, 0))
    assert predictor.cell is None
    with pytest.raises(ValueError, match="answer to nothing"):
        predictor.answer("1")


def test_hints_are_the_next_lines_but_never_the_last(predictor):
    assert predictor.hints == []
    for _ in range(9):
        predictor.hint()
    assert [text.split(" = ")[0] for text in predictor.hints] == ["-x", "exp(-x)", "1 + exp(-x)"]
    assert predictor.answer("0.593269992").points == pytest.approx(0.7)
    predictor.session.next()
    predictor.follow()
    assert predictor.given == 0


def test_the_score_is_exported(predictor):
    predictor.answer("0.59")
    predictor.session.select("hidden.sigmoid", (0, 1))
    predictor.answer("0.7")
    predictor.reveal()
    rows = list(csv.DictReader(io.StringIO(predictor.csv())))
    assert [row["verdict"] for row in rows] == ["rounded", "wrong", "shown"]
    assert predictor.score == (0.5, 2)
    assert float(rows[0]["value"]) == pytest.approx(0.593269992)


def test_names_in_the_score_are_no_formulas(predictor):
    predictor.answer("-0,59")
    predictor.answers[0] = replace(predictor.answers[0], cell="=HYPERLINK(1)[0]")
    assert '\n\'=HYPERLINK(1)[0],"-0,59",' in predictor.csv()


def test_the_window_keeps_the_secret(open_window, qtbot):
    window = open_window("worked-example", 2)
    window.session.select("hidden.sigmoid", (0, 0))
    window.actions_by_name["predict"].trigger()
    assert "0.59" not in window.card.body.toPlainText()
    assert window.cell.text().endswith("= ?")
    assert window.card.plain_text() == ""
    assert content_of(window.session, "hidden.sigmoid").hidden == (0, 0)
    bar = window.card.predict_bar
    assert isinstance(bar, PredictBar)
    bar.answer.setText("0,593269992")
    bar.check()
    assert "Right" in bar.verdict.text()
    assert "0.59" in window.card.body.toPlainText()
    bar.answer.setText("what")
    window.session.next()
    bar.check()
    assert "Expected a number" in bar.verdict.text()


def test_no_panel_tells_the_number(open_window):
    window = open_window("worked-example", 2)
    window.session.select("hidden.sigmoid", (0, 0))
    window.actions_by_name["predict"].trigger()
    assert window.session.number_at("hidden.sigmoid", (0, 0)) is None
    assert window.session.number_at("hidden.sigmoid", (0, 1)) is not None
    window.copy_number()
    assert "0.59" not in window.card.summary()
    assert "0.59" not in window.cell.text()
    window.actions_by_name["predict"].trigger()
    assert window.session.number_at("hidden.sigmoid", (0, 0)) is not None


def test_neither_map_nor_curve_draws_the_number(open_window):
    window = open_window("worked-example", 2)
    window.session.select("hidden.sigmoid", (0, 0))
    open_map, open_block = window.map.grab().toImage(), curve_of(window.session, scene_of(window.session))
    window.actions_by_name["predict"].trigger()
    assert open_block is not None
    assert curve_of(window.session, scene_of(window.session)) is None
    assert window.map.grab().toImage() != open_map
    window.session.predictor.reveal()
    assert curve_of(window.session, scene_of(window.session)) is not None
    assert window.map.grab().toImage() == open_map


@pytest.mark.parametrize(
    ("position", "name", "index"),
    [(2, "hidden.sigmoid", (0, 0)), (10, "output.kernel.grad", (1, 0)), (13, "hidden.kernel", (0, 1))],
)
def test_no_colour_tells_the_number(open_window, position, name, index):
    window = open_window("worked-example", position)
    window.session.select(name, index)
    open_stage = window.stage.grab().toImage()
    window.actions_by_name["predict"].trigger()
    content = content_of(window.session, name)
    assert content.hidden == index
    pictures = []
    for number in (-5.0, 0.0, 0.25, 5.0):  # whatever the number is, the picture is the same
        data = np.array(window.session.view(name))
        data[index] = number
        shown = content_of(window.session, name, data=data)
        view = next(v for v in window.stage.views() if v.content.name == name)
        view.show_content(shown)
        pictures.append(view.grab().toImage())
        assert view.hover_text(index).endswith("= ?")
    assert all(picture == pictures[0] for picture in pictures)
    window.session.predictor.reveal()
    assert window.stage.grab().toImage() == open_stage


def test_the_map_hides_a_weight_that_is_to_be_predicted(open_window):
    window = open_window("worked-example", 13)
    window.session.select("hidden.kernel", (0, 1))
    open_map = window.map.grab().toImage()
    window.actions_by_name["predict"].trigger()
    assert window.map.grab().toImage() != open_map
    window.session.predictor.reveal()
    assert window.map.grab().toImage() == open_map


def test_the_next_term_of_a_sum_is_the_hint(open_window):
    window = open_window("worked-example", 1)
    session = window.session
    session.select("hidden.dense", (0, 1))
    window.actions_by_name["predict"].trigger()
    inside = session.stepper.inside("hidden.dense", (0, 1), session.digits)
    for place in range(len(inside) - 1):
        session.predictor.hint()
        assert len(session.predictor.hints) == place + 1
        assert session.predictor.hints[-1].startswith(f"{inside[place].symbol} = {inside[place].substituted} = ")
    session.predictor.hint()
    assert len(session.predictor.hints) == len(inside) - 1  # never the number itself


def test_the_score_is_written_from_the_menu(open_window, tmp_path, monkeypatch):
    window = open_window("worked-example", 2)
    window.session.select("hidden.sigmoid", (0, 0))
    window.actions_by_name["predict"].trigger()
    window.session.predictor.answer("0.593269992")
    path = tmp_path / "score.csv"
    monkeypatch.setattr("PyQt6.QtWidgets.QFileDialog.getSaveFileName", lambda *a, **k: (str(path), ""))
    window.actions_by_name["export_score"].trigger()
    (row,) = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    assert (row["verdict"], row["points"], row["answer"]) == ("right", "1", "0.593269992")
