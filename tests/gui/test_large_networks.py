"""Large networks and tensors, two windows, training while other things go on: the window stays usable."""

import time

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt

import fastnn
from fastnn import layers
from gui.folding import groups_of
from gui.network import layers_of
from gui.panels.map_blocks import group_frames
from gui.session import Session
from tests.gui.residual_networks import STAGES, pictures, resnet50

KEY = Qt.Key


@pytest.fixture
def show(show_window, qapp):
    """A function that opens a window on a model of one's own."""

    def show_it(model, x, y, position=1, size=(1280, 800), **options):
        session = Session()
        session.load_model(model, x, y, position=position, **options)
        window = show_window(session, size)
        qapp.processEvents()
        return window

    return show_it


def times_of_steps(window, qapp, count):
    """Seconds of the processor for each of so many operations and what is painted of them."""
    times = []
    for _ in range(count):
        start = time.thread_time()
        window.actions_by_name["forward_op"].trigger()
        qapp.processEvents()
        times.append(time.thread_time() - start)
    return times


def small_resnet():
    return resnet50(1 / 16, 32, 10), *pictures(4, 32, 10)


def test_the_topology_is_that_of_resnet_50():
    model = resnet50(1 / 16, 32, 10)
    weighty = [x for x in model.layers if type(x).__name__ in ("Conv2D", "Dense")]
    around = [x for x in weighty if x.name.endswith("_0_conv")]
    assert len(weighty) - len(around) == 50
    assert sum(type(x).__name__ == "Add" for x in model.layers) == sum(count for count, _ in STAGES) == 16


def test_resnet_50_is_folded_into_blocks_with_arcs_around_them(show, qtbot):
    view = show(*small_resnet(), batch_size=2).map
    blocks = [f"group:conv{stage}_block{k}" for stage, (n, _) in enumerate(STAGES, 2) for k in range(1, n + 1)]
    assert [x.name for x in view.layers if x.members] == ["group:conv1", *blocks]
    assert len(view.layers) <= 24
    rects = [view.blocks.places[x.name] for x in view.layers]
    assert not any(a.intersects(b) for i, a in enumerate(rects) for b in rects[:i])
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.block_rect(blocks[0]).center().toPoint())
    opened = {x.name: x for x in view.layers if x.layer.startswith("conv2_block1_")}
    assert len(opened) == 12
    assert opened["conv2_block1_1_conv"].title == "1_conv"  # the frame says the rest
    add = opened["conv2_block1_add"]
    assert set(add.before) == {"conv2_block1_0_bn", "conv2_block1_3_bn"}  # both branches, side by side or by an arc
    frame = group_frames(view.blocks.groups, view.blocks.places)["conv2_block1"]
    assert all(frame.contains(view.blocks.places[name]) for name in opened)
    assert not view.grab().isNull()


def test_an_arc_goes_around_what_it_skips(show):
    view = show(*small_resnet(), batch_size=2).map
    view.blocks.fold("conv2_block2")
    view._folded()
    layers_shown = {x.name: x for x in view.layers}
    add = layers_shown["conv2_block2_add"]
    assert "group:conv2_block1" in add.before  # the way around, past the three convolutions
    start, end = view.blocks.places["group:conv2_block1"], view.blocks.places["conv2_block2_add"]
    between = [view.blocks.places[n] for n, x in layers_shown.items() if x.layer.startswith("conv2_block2_")]
    assert all(start.bottom() < b.top() or b == end for b in between)
    image = view.grab().toImage()
    assert not image.isNull()


@pytest.mark.full
def test_resnet_50_opens_quickly_and_steps_within_50_ms(show, qapp):
    began = time.process_time()
    window = show(*small_resnet(), batch_size=2)
    assert time.process_time() - began < 4
    assert np.median(times_of_steps(window, qapp, 120)) < 2 * 0.05  # a busy machine takes twice as long as promised


def test_a_long_way_within_a_step_leaves_the_window_alive_and_can_be_called_off(show, qtbot, monkeypatch):
    monkeypatch.setattr("gui.panels.walker.A_WHILE", 0.0005)
    window = show(*small_resnet(), batch_size=2)
    session = window.session
    end = len(session.steps)
    window.actions_by_name["to_end"].trigger()
    assert session.moment.position < end
    assert session.bound_for == end
    assert "Space stops" in window.breadcrumb.count.text()
    qtbot.keyClick(window, KEY.Key_Space)
    here = session.moment.position
    assert (session.bound_for, window.player.playing) == (None, False)
    qtbot.wait(20)
    assert session.moment.position == here
    assert "Space stops" not in window.breadcrumb.count.text()
    window.actions_by_name["to_end"].trigger()
    qtbot.waitUntil(lambda: session.moment.position == end, timeout=20_000)
    assert session.bound_for is None
    straight = Session()
    straight.load_model(*small_resnet(), batch_size=2, position=end)
    assert session.losses.array.shape == straight.losses.array.shape == (1,)
    # another network on the way: the old way is forgotten
    window.actions_by_name["to_start"].trigger()
    window.actions_by_name["to_end"].trigger()
    window.load("xor")
    qtbot.wait(20)
    assert session.moment.position == 1


@pytest.mark.full
def test_resnet_50_of_25_million_parameters(show, qapp, qtbot):
    model = resnet50()
    assert model.count_params() == 25_636_712
    began = time.process_time()
    window = show(model, *pictures(2, 224), batch_size=2)
    assert time.process_time() - began < 6
    session = window.session
    assert np.median(times_of_steps(window, qapp, 60)) < 2 * 0.05
    window.actions_by_name["to_end"].trigger()  # longer than a while: the window answers in between
    assert session.bound_for == len(session.steps)
    qtbot.waitUntil(lambda: session.moment.position == len(session.steps), timeout=60_000)
    assert groups_of(layers_of(session.listing)).keys() >= {"conv5_block3"}


# ---------------------------------------------------------------- tensors and layers of many numbers


def test_cards_of_a_thousand_classes_come_within_100_ms(show, qapp):
    model = fastnn.Sequential([layers.Input((64,)), layers.Dense(1000, activation="softmax", name="classes")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    window = show(model, rng.random((8, 64), np.float32), rng.integers(0, 1000, 8), batch_size=8)
    session = window.session
    session.goto(len(session.steps))
    softmax = next(n for n in session.listing.written_by if n.endswith(".softmax"))
    times = []
    for k in range(12):
        start = time.thread_time()
        session.select(softmax, (k % 8, 80 * k))
        qapp.processEvents()
        times.append(time.thread_time() - start)
        found = session.explanation()
        assert found.recomputed == pytest.approx(float(session.view(softmax)[k % 8, 80 * k]), rel=1e-5)
        assert len(found.operands) == 1000
    assert np.median(times) < 2 * 0.1  # a busy machine takes twice as long as promised
    card = window.card.body.toPlainText()
    assert "rest of 98" in card
    assert " … " in card


def dense(count_in, count_out, name="wide"):
    model = fastnn.Sequential([layers.Input((count_in,), name="x"), layers.Dense(count_out, name=name)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.full
def test_a_tensor_of_4096_by_4096_on_the_stage(show, qtbot, qapp):
    x, y = np.ones((2, 4096), np.float32), np.ones((2, 4096), np.float32)
    window = show(dense(4096, 4096), x, y, batch_size=2)
    session = window.session
    view = next(v for v in window.stage.views() if v.content.name == "wide.kernel")
    assert view.content.shape == (4096, 4096)
    session.change("wide.kernel", 99.0, (1234, 3210))  # a lone large number stays in sight when many share a pixel
    view = next(v for v in window.stage.views() if v.content.name == "wide.kernel")
    assert view.scale.high == 99.0
    image = view._heat(view._picture)
    down, across = view.geometry_now.shrink
    assert down * across > 1
    strongest = image.pixelColor(3210 // across, 1234 // down)
    assert strongest != image.pixelColor(3210 // across + 5, 1234 // down + 5)
    times = []
    for k in range(8):
        start = time.thread_time()
        session.select("wide.kernel", (k, k))
        qapp.processEvents()
        times.append(time.thread_time() - start)
    assert np.median(times) < 2 * 0.1
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.geometry_now.seen.center().toPoint())
    assert session.selection[0] == "wide.kernel"
    assert not view.grab().isNull()


@pytest.mark.full
def test_a_dense_layer_of_50_million_numbers(show, qtbot, qapp):
    count_in, count_out = 10_000, 5_000
    x, y = np.ones((2, count_in), np.float32), np.ones((2, count_out), np.float32)
    began = time.process_time()
    window = show(dense(count_in, count_out), x, y, batch_size=2)
    assert window.session.listing.values["wide.kernel"].shape == (count_in, count_out)
    session = window.session
    window.actions_by_name["to_end"].trigger()
    qtbot.waitUntil(lambda: session.moment.position == len(session.steps), timeout=60_000)
    session.select("wide.kernel.grad", (77, 4321))
    assert session.explanation().result == pytest.approx(float(session.view("wide.kernel.grad")[77, 4321]))
    window.actions_by_name["to_start"].trigger()
    assert session.moment.position == 0
    assert time.process_time() - began < 60


def test_a_dense_layer_of_many_numbers_can_be_stepped_and_edited(show, qtbot):
    x, y = np.ones((2, 3000), np.float32), np.ones((2, 1000), np.float32)
    window = show(dense(3000, 1000), x, y, batch_size=2)
    session = window.session
    for _ in session.steps[2:]:  # to before the last one, so that the change is one of this training step
        session.next()
    session.change("wide.kernel", 0.25, (5, 7))
    session.to_start()
    assert session.view("wide.kernel")[5, 7] == np.float32(0.25)
    session.undo()
    assert session.view("wide.kernel")[5, 7] != np.float32(0.25)


# ---------------------------------------------------------------- windows, closing, dragging


def test_two_windows_train_at_once_and_do_not_meddle(open_window, qtbot):
    first, second = open_window("xor"), open_window("xor", position=4)
    first.toggle_training()
    second.toggle_training()
    qtbot.waitUntil(lambda: first.session.moment.shown > 20 and second.session.moment.shown > 20, timeout=20_000)
    first.trainer.pause(wait=True)
    assert second.session.training
    first.set_theme("dark")
    second.trainer.pause(wait=True)
    shorter = min(len(first.session.losses), len(second.session.losses))
    np.testing.assert_array_equal(first.session.losses.array[:shorter], second.session.losses.array[:shorter])
    first.session.change("hidden.kernel", 9.0, (0, 0))
    assert not (second.session.view("hidden.kernel") == 9.0).any()
    first.close()
    second.actions_by_name["forward_op"].trigger()
    assert second.session.explanation() is not None
    first.set_theme("light")


@pytest.mark.parametrize("name", ["digits-cnn", "imdb-reviews"])
def test_closing_during_training_ends_the_thread(open_window, qtbot, name):
    window = open_window(name)
    window.toggle_training()
    qtbot.waitUntil(lambda: window.trainer.isRunning(), timeout=10_000)
    window.close()
    assert not window.trainer.isRunning()
    assert not window.session.training


def test_dragging_while_training_changes_no_number_and_raises_nothing(open_window, qtbot, qapp):
    window = open_window("digits-cnn")
    session = window.session
    window.toggle_training()
    qtbot.waitUntil(lambda: session.moment.shown > 2, timeout=20_000)
    view = window.stage.views()[0]
    view._move(view.geometry_now.zoomed(view.geometry_now.seen.center(), 4.0))
    start = view.geometry_now.seen.center().toPoint()
    before = view.view_port
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for k in range(12):  # pan the tensor, the map and the time cursor while numbers keep coming
        qtbot.mouseMove(view, start + QPoint(-2 * k, -k))
        window.map.update()
        window.chart.here.setValue(k)
        window.chart.here.sigDragged.emit(window.chart.here)
        qtbot.wait(5)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(-24, -12))
    assert view.view_port.zoom == before.zoom
    window.trainer.pause(wait=True)
    qtbot.wait(50)
    session.goto(0)
    kept = session.losses.array.copy()
    straight = Session()
    straight.load("digits-cnn", position=0)
    straight.stepper.train(steps=min(len(kept), 5))
    np.testing.assert_array_equal(straight.stepper.losses, kept[:5])


def test_a_window_moved_and_resized_while_training(open_window, qtbot):
    window = open_window("xor")
    window.toggle_training()
    qtbot.waitUntil(lambda: window.session.moment.shown > 5)
    for k in range(8):
        window.resize(900 + 60 * (k % 4), 600 + 30 * (k % 3))
        qtbot.wait(5)
    steps = window.session.moment.shown
    qtbot.waitUntil(lambda: window.session.moment.shown > steps)
    window.trainer.pause(wait=True)
    rects = [v.geometry() for v in window.stage.views()]
    assert all(window.stage.canvas.rect().contains(r) for r in rects)
