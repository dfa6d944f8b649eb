"""The gradient check in the window: right gradients pass, a corrupted one turns red, the window stays alive."""

import pytest

from gui import theme as themes


def finished(qtbot, dialog):
    qtbot.waitUntil(lambda: not dialog.running, timeout=20_000)
    return dialog


def test_all_weights_of_the_example_hold(open_window, qtbot):
    window = open_window("worked-example", 13)
    window.session.select("hidden.sigmoid.grad", (0, 1))
    window.actions_by_name["gradient_check"].trigger()
    dialog = finished(qtbot, window.features.explaining.check)
    assert dialog.rows[0].name == "hidden.sigmoid"
    assert {s.name for s in dialog.rows} >= {"hidden.kernel", "output.kernel"}
    assert all(s.holds for s in dialog.rows)
    assert "all agree" in dialog.verdict.text()
    assert window.session.stepper.position == 13


@pytest.mark.parametrize("size", [1.0, 2.0])
def test_every_column_is_in_sight(open_window, qtbot, size):
    window = open_window("ticket-router", 120)  # its weights have long names
    window.features.appearance.set_scale(size)
    try:
        window.actions_by_name["gradient_check"].trigger()
        dialog = finished(qtbot, window.features.explaining.check)
        bar, metrics = dialog.table.horizontalScrollBar(), dialog.table.fontMetrics()
        assert bar.maximum() == 0
        for column in (1, 2, 3):
            texts = [dialog.table.item(row, column).text() for row in range(dialog.table.rowCount())]
            assert max(map(metrics.horizontalAdvance, texts)) < dialog.table.columnWidth(column)
        assert dialog.table.columnWidth(0) > metrics.horizontalAdvance("title_l…[0, 0]")
    finally:
        window.features.appearance.set_scale(1.0)


def test_a_corrupted_gradient_turns_red(open_window, qtbot):
    window = open_window("worked-example", 13)
    window.session.stepper._plan.array("output.kernel.grad")[:] += 0.01
    window.actions_by_name["gradient_check"].trigger()
    dialog = finished(qtbot, window.features.explaining.check)
    rows = [k for k, s in enumerate(dialog.rows) if not s.holds]
    assert rows
    assert {dialog.rows[k].name for k in rows} == {"output.kernel"}
    assert dialog.table.item(rows[0], 1).foreground().color().name() == themes.current().bad
    assert "DIFFER" in dialog.verdict.text()
    dialog.table.cellActivated.emit(rows[0], 0)
    assert window.session.selection[0] == "output.kernel.grad"


def test_nothing_is_checked_while_training(open_window, qtbot):
    window = open_window("worked-example", 13)
    window.toggle_training()
    window.actions_by_name["gradient_check"].trigger()
    assert window.features.explaining.check is None
    window.toggle_training()
    qtbot.waitUntil(lambda: not window.session.training, timeout=5000)
