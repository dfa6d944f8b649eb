"""The app's benchmark times what its rows say; its table tells late from kept."""

import pytest

from benchmarks import app, app_actions, app_scenes
from benchmarks.report import Report, Result
from gui import theme


@pytest.fixture
def scene(qapp):
    """A function that opens a window of the benchmark."""
    theme.apply(qapp, "light")
    scenes = []

    def opened(source, position=4):
        scenes.append(app_scenes.Scene(qapp, source, position))
        return scenes[-1]

    yield opened
    for each in scenes:
        each.close()


def rows_of(rows, *names):
    """The rows, which have these names, and times."""
    found = list(rows)
    assert tuple(row.name for row in found) == names
    assert all(min(row.times[app_actions.OURS]) > 0 for row in found)
    return found


def test_sums_of_10_000_terms_are_explained(scene):
    wide = scene(app_scenes.wide_source())
    wide.session.goto(2 * len(wide.session.steps))
    rows_of(app_actions.adding(wide, "", 2), "explain a value", "explain a gradient")
    assert wide.session.selection[0].endswith(".grad")
    assert wide.session.explanation().total_terms == 10_000
    values = [n for n in wide.session.listing.written_by if wide.session.listing.values[n].shape == app_scenes.NARROW]
    wide.session.select(values[0], (1, 1))
    assert wide.session.explanation().total_terms >= 10_000


def test_an_edit_is_seen_in_everything_after_it(scene):
    lenet = scene(app_scenes.lenet_source())
    (row,) = rows_of(app_actions.editing(lenet, "", 3), "edit a weight")
    assert len(row.times[app_actions.OURS]) == 3
    last = lenet.session.stepper.edits[-1]
    assert (last.index, float(last.value)) == ((0, 0, 0, 0), pytest.approx(0.06))
    assert lenet.session.done == len(lenet.session.steps) - 1  # everything of this training step is there


def test_the_cursor_is_dragged_and_a_long_curve_drawn(scene, monkeypatch):
    monkeypatch.setattr(app_actions, "POINTS", 20_000)
    rows_of(app_actions.dragging(scene("xor"), "", 8, 4), "drag the time cursor")
    long = scene("xor")
    rows_of(app_actions.charting(long, 3), "draw another part", "draw one more point")
    assert len(long.window.chart.curves[0].getData()[0]) > 0
    assert len(long.session.losses) > 20_000


def test_a_session_is_opened_where_it_was_saved(qapp, monkeypatch):
    opened = []
    monkeypatch.setattr(app_actions, "Scene", lambda *a: opened.append(app_scenes.Scene(*a)) or opened[-1])
    (row,) = rows_of(app_actions.opening(qapp, "digits-mlp", "", 5, 1), "open a saved session")
    assert [s.session.moment.position for s in opened] == [5 * len(opened[0].session.steps) + 3] * 3
    assert row.times[app_actions.TARGET] == [1.0]


def test_the_table_tells_what_is_late():
    rows = [Result("a", "x", {"fastnn": [0.001, 0.002], "target": [0.016]}), Result("b", "y", {"fastnn": [0.02], "target": [0.016]})]  # fmt: skip # noqa: E501
    text = app.table(Report("app", {}, {}, rows, {}))
    assert [line.endswith("late") for line in text.splitlines()[2:4]] == [False, True]
    assert "1 of 2 promises kept" in text


def test_of_several_rounds_the_best_time_of_each_action_counts():
    def row(*seconds):
        return Result("step", "", {app_actions.OURS: list(seconds), app_actions.TARGET: [1.0]})

    assert app.best([row(3.0, 1.0), row(2.0, 4.0)]).times[app_actions.OURS] == [2.0, 1.0]
    frames = [row(1.0, 9.0, 1.0), row(2.0, 2.0)]
    assert app.best(frames) is frames[1]  # frames of one round are not those of another
