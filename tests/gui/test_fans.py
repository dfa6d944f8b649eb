"""One neuron among many: its strongest edges, and all of them."""

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt

import fastnn
from gui.fans import fan_of
from gui.session import Session


def opened(name, position, cell):
    session = Session()
    session.load(name, seed=0, position=position)
    session.select(*cell)
    return session


def test_the_strongest_products_come_first_and_all_add_up():
    session = opened("softmax-regression", 4, ("output.dense", (2, 7)))
    fan = fan_of(session)
    x = session.view(fan.ins[0].neuron[0])[2]
    w = session.view(fan.ins[0].weight[0])[:, 7]
    assert fan.all_ins == 784
    assert len(fan.ins) == 64
    sizes = [abs(e.product) for e in fan.ins]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] >= np.sort(np.abs(x * w))[-64]
    every = fan_of(session, 10_000).ins
    assert fan.bias == (("output.bias", (7,)), float(session.view("output.bias")[7]))
    total = sum(e.product for e in every) + fan.bias[1]
    assert total == pytest.approx(float(session.view("output.dense")[2, 7]), abs=1e-4)


def test_edges_lead_through_the_activation_to_the_next_layer():
    session = opened("digits-mlp", 5, ("hidden.relu", (0, 3)))
    fan = fan_of(session)
    assert fan.ins[0].weight[0] == "hidden.kernel"
    assert fan.outs[0].weight[0] == "output.kernel"
    weights = session.view("output.kernel")[3]
    assert [e.value for e in fan.outs] == sorted(weights.tolist(), key=abs, reverse=True)


@pytest.mark.parametrize("cell", [("hidden.kernel", (0, 3)), ("image", (0, 1, 1, 0)), ("output.bias", (0,))])
def test_what_is_no_neuron_has_no_fan(cell):
    assert fan_of(opened("digits-mlp", 5, cell)) is None


def test_the_page_selects_neurons_and_weights(open_window, qtbot):
    window = open_window("digits-mlp", position=5)
    session = window.session
    session.select("hidden.relu", (0, 3))
    page = window.features.changing.fan
    window.workbench.bring(page)
    assert window.workbench.page is page
    assert page.text().startswith("hidden.relu[n=0, i=3] = ")
    assert "64 of 64 edges in, 10 of 10 edges out" in page.text()
    row = page.picture.rows(page.fan.outs, True)[0]
    edge = page.fan.outs[0]
    qtbot.mouseClick(page.picture, Qt.MouseButton.LeftButton, pos=(row.topLeft() + QPointF(9, 6)).toPoint())
    assert session.selection == edge.neuron
    session.select("hidden.relu", (0, 3))
    row = page.picture.rows(page.fan.ins, False)[1]
    qtbot.mouseClick(page.picture, Qt.MouseButton.LeftButton, pos=(row.topRight() + QPointF(-9, 6)).toPoint())
    assert session.selection == page.fan.ins[1].weight
    assert page.fan.neuron == ("hidden.relu", (0, 3))
    assert not page.grab().isNull()


def test_the_bias_stands_above_the_neuron_and_leads_to_its_card(open_window, qtbot):
    window = open_window("worked-example", position=2)
    session = window.session
    session.select("hidden.sigmoid", (0, 1))
    page = window.features.changing.fan
    window.workbench.bring(page)
    assert page.fan.bias == (("hidden.bias", (1,)), 0.35)
    assert "bias 0.3500" in page.text()
    with_bias = page.picture.grab().toImage()
    qtbot.mouseClick(page.picture, Qt.MouseButton.LeftButton, pos=page.picture.bias_box().center().toPoint())
    assert session.selection == ("hidden.bias", (1,))
    assert page.fan.neuron == ("hidden.sigmoid", (0, 1))
    page.picture.show_fan(replace(page.fan, bias=None), session)
    assert page.picture.grab().toImage() != with_bias


def test_a_neuron_without_bias_has_none():
    layers = fastnn.layers
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(4, use_bias=False, name="a"), layers.Dense(1)])
    model.compile("sgd", "mse")
    session = Session()
    session.load_model(model, np.ones((8, 3), "float32"), np.ones((8, 1), "float32"), batch_size=4)
    session.goto(2)
    session.select("a.dense", (0, 3))
    found = fan_of(session)
    assert found.all_ins == 3
    assert found.bias is None


def test_weights_that_are_not_on_display_while_training_are_waited_for():
    cell = ("hidden.dense", (0, 3))
    paused = fan_of(opened("digits-mlp", 8, cell))
    session = Session()
    session.load("digits-mlp", seed=0, position=8)
    session.start_training()
    waiting = fan_of(session, cell=cell)
    assert (waiting.ins, waiting.outs) == ((), ())
    assert (waiting.all_ins, waiting.all_outs) == (paused.all_ins, paused.all_outs)
    session.publish(session.snapshot())
    assert len(fan_of(session, cell=cell).ins) == len(paused.ins)
    session.stop_training()
