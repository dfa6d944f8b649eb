"""Convolutions written out as patches, one product and a reshape, on request."""

import numpy as np

from gui import storage


def names(window):
    return {step.op.name for step in window.session.stepper.steps}


def test_convolutions_are_written_out_and_put_together_again(open_window):
    window = open_window("digits-cnn")
    action = window.actions_by_name["expand"]
    weights = [a.copy() for a in window.session.stepper.storage.values()]
    assert not action.isChecked()
    action.trigger()
    assert action.isChecked()
    assert "im2col" in names(window)
    assert "conv2d" not in names(window)
    for before, now in zip(weights, window.session.stepper.checkpoint(0), strict=True):
        np.testing.assert_array_equal(before, now)
    action.trigger()
    assert not action.isChecked()
    assert "conv2d" in names(window)


def test_undo_takes_it_back(open_window):
    window = open_window("digits-cnn")
    window.actions_by_name["expand"].trigger()
    window.actions_by_name["undo"].trigger()
    assert "conv2d" in names(window)
    assert not window.actions_by_name["expand"].isChecked()


def test_a_session_file_knows_it(open_window, tmp_path):
    window = open_window("digits-cnn")
    window.actions_by_name["expand"].trigger()
    window.session.stepper.goto(9)
    seen = window.session.stepper.value(window.session.stepper.steps[8].outputs[0])
    storage.save(window.session, tmp_path / "x.fastnn")
    again = open_window("xor")
    storage.restore(again.session, tmp_path / "x.fastnn")
    assert "im2col" in names(again)
    assert again.actions_by_name["expand"].isChecked()
    stepper = again.session.stepper
    np.testing.assert_array_equal(stepper.value(stepper.steps[8].outputs[0]), seen)
