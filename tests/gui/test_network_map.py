"""The network map: layers and their order, neurons of small networks, clicks."""

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt

import fastnn
from gui import theme as themes
from gui.folding import folded, groups_of
from gui.network import block_of, layer_types, layers_of, neuron_rows, step_blocks
from gui.panels.map_blocks import group_frames, moment_rects
from gui.panels.map_neurons import NeuronPainter
from gui.panels.network_map import NetworkMap
from gui.session import Session


@pytest.fixture
def open_map(qtbot, qapp):
    themes.apply(qapp, "light")
    kept = []

    def open_it(session, size=(220, 450)):
        view = NetworkMap(session)
        view.resize(*size)
        qtbot.addWidget(view)
        session.subscribe(lambda topic: view.refresh())
        view.show()
        view.refresh()
        kept.append(view)
        return view

    return open_it


def preset(name, position=1):
    session = Session()
    session.load(name, seed=0, position=position)
    return session


def branching():
    x = fastnn.layers.Input((6,), name="x")
    left = fastnn.layers.Dense(5, activation="relu", name="left")(x)
    right = fastnn.layers.Dense(5, name="right")(x)
    both = fastnn.layers.Add(name="both")([left, right])
    out = fastnn.layers.Dense(2, name="out")(fastnn.layers.Add(name="skip")([both, left]))
    model = fastnn.Model(x, out)
    model.compile("sgd", "mse")
    session = Session()
    session.load_model(model, np.ones((4, 6), "float32"), np.ones((4, 2), "float32"))
    return session


def test_blocks_are_the_layers_with_their_parameters():
    session = preset("digits-cnn")
    blocks = layers_of(session.listing, layer_types(session.model))
    layers = {b.name: b for b in blocks if b.is_layer}
    assert list(layers) == [layer.name for layer in session.model.layers if type(layer).__name__ != "InputLayer"]
    for layer in session.model.layers:
        if layer.name in layers:
            assert layers[layer.name].parameters == layer.count_params()
            assert layers[layer.name].type == type(layer).__name__
    assert layers["conv1"].shape == (8, 8, 16)
    assert blocks[-1].name == "loss"


def test_branches_share_a_level_and_lead_on():
    blocks = {b.name: b for b in layers_of(branching().listing)}
    assert blocks["left"].level == blocks["right"].level == 1
    assert set(blocks["both"].before) == {"left", "right"}
    assert set(blocks["skip"].before) == {"both", "left"}
    assert blocks["skip"].level == 3


def test_branches_are_drawn_side_by_side(open_map):
    view = open_map(branching())
    left, right = view.block_rect("left"), view.block_rect("right")
    assert left.top() == right.top()
    assert not left.intersects(right)
    assert not view.grab().isNull()


def test_clicking_a_block_goes_to_the_layer(open_map, qtbot):
    view = open_map(preset("digits-cnn", 9), (220, 640))
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.block_rect("pool").center().toPoint())
    assert view.session.shown_step().layer == "pool"


def test_bars_are_mean_magnitudes_of_the_sample(open_map):
    view = open_map(preset("digits-cnn", 9))
    view.session.set_sample(4)
    expected = np.abs(view.session.view("conv2.relu")[4].astype("float64")).mean()
    assert view.readings["conv2"].activation == pytest.approx(expected)
    assert view.readings["conv2"].gradient is None


def test_the_current_layer_is_lit(open_map):
    view = open_map(preset("digits-cnn", 1))
    for _ in range(8):
        view.session.next()
        assert view._lit == view.session.shown_step().layer


def test_the_lit_block_is_in_view(open_map):
    view = open_map(preset("digits-cnn", 1), (220, 300))
    for _ in range(len(view.session.steps) - 1):
        view.session.next()
        if view._lit:
            assert view.rect().contains(view.block_rect(view._lit).center().toPoint())


@pytest.mark.parametrize(("name", "counts"), [("worked-example", [2, 2, 2]), ("xor", [2, 8, 1]), ("digits-mlp", [])])
def test_small_dense_networks_have_neurons(name, counts):
    session = preset(name)
    assert [r.count for r in neuron_rows(session.listing, layers_of(session.listing))] == counts


def test_neurons_edges_and_biases_select_their_numbers(open_map, qtbot):
    view = open_map(preset("worked-example", 13), (300, 500))
    neurons, to_widget = view.neurons, view.transform()

    def click(point):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=to_widget.map(point).toPoint())
        return view.session.selection

    assert click(neurons.centre(1, 1)) == ("hidden.sigmoid", (0, 1))
    assert click(neurons.bias_rect(2, 0).center()) == ("output.bias", (0,))
    a, b = neurons.centre(0, 0), neurons.centre(1, 1)
    assert click(a + (b - a) * 0.25) == ("hidden.kernel", (0, 1))
    assert "hidden.kernel[in=0, out=1]" in view.tip(to_widget.map(a + (b - a) * 0.25))


def test_neurons_show_gradients_when_the_session_does(open_map):
    view = open_map(preset("worked-example", 13))
    np.testing.assert_array_equal(view.neurons.numbers[2].weights, view.session.view("output.kernel"))
    view.session.toggle_show()
    np.testing.assert_array_equal(view.neurons.numbers[2].weights, view.session.view("output.kernel.grad"))


def test_layers_can_be_shown_instead_of_neurons(open_map):
    view = open_map(preset("worked-example", 13))
    assert view.shows_neurons
    view.toggle.click()
    assert not view.shows_neurons
    assert view.block_at(view.block_rect("hidden").center()) == "hidden"


def test_another_network_replaces_the_map(open_map):
    view = open_map(preset("worked-example"))
    view.session.load("digits-cnn")
    assert "conv1" in {layer.name for layer in view.layers}
    assert view.neurons is None


def test_what_leaves_a_batch_normalisation_is_the_normalised_value():
    session = preset("cifar-residual")
    blocks = {b.name: b for b in layers_of(session.listing, layer_types(session.model))}
    assert blocks["block1_norm1"].shape == (16, 16, 16)
    assert blocks["block1_norm1"].output in {n for s in session.steps if s.layer == "block1_relu1" for n in s.inputs}


@pytest.mark.parametrize("name", ["ticket-router", "inception", "auxiliary-output"])
def test_the_current_block_of_a_wide_network_is_in_sight(open_map, name):
    session = preset(name)
    view = open_map(session, (200, 400))
    for position in range(1, sum(step.phase == "forward" for step in session.steps) + 1):
        session.goto(position)
        view.refresh()
        block = view.block_rect(block_of(session.shown_step()))
        assert block.left() >= 0
        assert block.right() <= view.width()


def deep(blocks=16):
    """A residual network of many repeated blocks, named as such networks are."""
    x = y = fastnn.layers.Input((8,), name="x")
    for k in range(1, blocks + 1):
        z = fastnn.layers.Dense(8, activation="relu", name=f"conv2_block{k}_1")(y)
        z = fastnn.layers.Dense(8, name=f"conv2_block{k}_2")(z)
        y = fastnn.layers.Add(name=f"conv2_block{k}_add")([y, z])
    model = fastnn.Model(x, fastnn.layers.Dense(2, name="out")(y))
    model.compile("sgd", "mse")
    session = Session()
    session.load_model(model, np.ones((4, 8), "float32"), np.ones((4, 2), "float32"))
    return session


def test_towers_stand_side_by_side_and_share_their_weights():
    session = preset("siamese-digits")
    blocks = {b.name: b for b in layers_of(session.listing, layer_types(session.model))}
    first, second = blocks["base/hidden1 (1)"], blocks["base/hidden1 (2)"]
    assert first.level == second.level
    assert first.weights == second.weights == ("hidden1.kernel", "hidden1.bias")
    assert set(blocks["distance"].before) == {"base/hidden3 (1)", "base/hidden3 (2)"}
    assert {n: b for n, b in blocks.items() if b.layer == "base/hidden1"}.keys() == {first.name, second.name}


def test_steps_of_a_shared_layer_light_their_own_tower():
    session = preset("siamese-digits")
    lit = {s.outputs[0]: b for s, b in zip(session.steps, step_blocks(session.listing), strict=True)}
    assert lit["base/hidden1.relu"] == "base/hidden1 (1)"
    assert lit["base/hidden1.relu_2"] == "base/hidden1 (2)"
    assert lit["base/hidden1.dense_2.grad"] == "base/hidden1 (2)"


def test_a_deep_network_is_folded_and_its_blocks_open_by_a_click(open_map, qtbot):
    view = open_map(deep(), (220, 640))
    assert len(view.layers) == 16 + 3
    assert view.blocks["group:conv2_block3"].parameters == 2 * (8 * 8 + 8)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.block_rect("group:conv2_block3").center().toPoint())
    assert {"conv2_block3_1", "conv2_block3_2", "conv2_block3_add"} <= {x.name for x in view.layers}
    frame = group_frames(view.blocks.groups, view.blocks.places)["conv2_block3"]
    name = view.transform().map(frame.topRight() + QPointF(-12, 6))
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=name.toPoint())
    assert len(view.layers) == 16 + 3
    view.fold.click()
    assert len(view.layers) == 3 * 16 + 3
    assert not view.grab().isNull()


def test_the_current_step_lights_the_folded_block_that_holds_it(open_map):
    view = open_map(deep(), (220, 640))
    for position in range(1, 60, 7):
        view.session.goto(position)
        layer = view.session.shown_step().layer
        assert view._lit in (layer, f"group:{layer.rsplit('_', 1)[0]}", "loss")


def test_folding_never_makes_a_circle():
    session = preset("siamese-digits")
    blocks = layers_of(session.listing)
    shown = folded(blocks, set(groups_of(blocks)))
    place = {b.name: k for k, b in enumerate(shown)}
    assert all(place[p] < place[b.name] for b in shown for p in b.before)
    assert {b.name for b in shown} >= {"group:base (1)", "group:base (2)", "distance", "loss"}
    x = fastnn.layers.Input((4,), name="x")
    a = fastnn.layers.Dense(4, name="part1_a")(x)
    b = fastnn.layers.Dense(4, name="between")(a)
    c = fastnn.layers.Dense(4, name="part1_b")(b)
    model = fastnn.Model(x, fastnn.layers.Dense(4, name="part1_c")(c))
    model.compile("sgd", "mse")
    session.load_model(model, np.ones((2, 4), "float32"), np.ones((2, 4), "float32"))
    assert groups_of(layers_of(session.listing)) == {}


def test_the_overview_moves_the_view(open_map, qtbot):
    view = open_map(deep(), (220, 300))
    view.fold.click()
    overview = view.overview()
    assert overview.needed
    low = QPointF(overview.box.center().x(), overview.box.bottom() - 8)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=low.toPoint())
    assert view.rect().contains(view.block_rect("loss").center().toPoint())


def test_the_moments_of_a_recurrence_are_unrolled_and_selected_by_a_click(open_map, qtbot):
    session = preset("ticket-router", 6)
    view = open_map(session, (420, 700))
    block = view.blocks["title_lstm"]
    expected = np.abs(session.view(block.sequence)[0]).mean(-1)
    np.testing.assert_allclose(view.readings["title_lstm"].moments, expected, rtol=1e-6)
    cell = moment_rects(view.blocks.places["title_lstm"], 6)[4]
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.transform().map(cell.center()).toPoint())
    assert session.selection == ("title_lstm.lstm", (0, 4, 0))


def test_layers_of_the_same_name_in_different_models_keep_their_types():
    session = preset("autoencoder")
    blocks = {b.name: b.type for b in layers_of(session.listing, layer_types(session.model))}
    assert blocks["encoder/conv1"] == "Conv2D"
    assert blocks["decoder/conv1"] == "Conv2DTranspose"


@pytest.mark.parametrize("size", [1.0, 2.0])
@pytest.mark.parametrize("room", [(204, 440), (160, 240), (300, 500), (500, 240)])
def test_labels_of_neurons_do_not_lie_over_each_other(open_window, qtbot, qapp, monkeypatch, size, room):
    window = open_window("worked-example", position=9)
    themes.set_scale(qapp, size)
    boxes = []
    plain = NeuronPainter._label
    monkeypatch.setattr(NeuronPainter, "_label", lambda self, box, *rest: (boxes.append(box), plain(self, box, *rest)))
    window.map.setParent(None)
    qtbot.addWidget(window.map)
    window.map.resize(*room)
    window.map.restyle()
    boxes.clear()
    window.map.grab()
    themes.set_scale(qapp, 1.0)
    assert len(boxes) >= (15 if room[1] > 240 else 7)  # 8 weights, 4 biases, 3 names
    assert not [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if a.intersects(b)]
    button = window.map.toggle.geometry()
    assert not any(window.map.transform().mapRect(box).intersects(button.toRectF()) for box in boxes)


@pytest.mark.parametrize("name", ["ticket-router", "inception"])
def test_the_type_of_a_wide_map_stays_legible_and_its_overview_shows_the_rest(open_map, name):
    session = preset(name)
    view = open_map(session, (220, 520))
    assert view._zoom >= 0.7
    assert view.overview().needed
    session.goto(len(session.steps) // 4)
    view.refresh()
    assert view.rect().contains(view.block_rect(view._lit).center().toPoint())
