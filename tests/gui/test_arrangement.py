"""Where cells go in a picture: every picture shows the tensor's own numbers, and the way back is exact."""

import numpy as np
import pytest

from fastnn import Input, Sequential, layers
from gui.arrangement import arrange
from gui.colours import Scale
from gui.content import content_of, label_letters
from gui.panels.tensor_geometry import ViewPort, geometry_of, shape_text
from gui.session import Session
from gui.source import Source

CASES = [
    ((), {}),
    ((7,), {}),
    ((10,), {"weight": True, "aspect": 2.0}),
    ((64, 10), {"weight": True}),
    ((4, 3), {"batch": True}),
    ((32, 64), {"batch": True, "sample": 5}),
    ((32, 10), {"batch": True, "sample": 31, "columns": 4}),
    ((32, 8, 6, 5), {"batch": True, "sample": 2, "aspect": 0.7}),
    ((32, 8, 6, 5), {"batch": True, "sample": 2, "channel": 3}),
    ((32, 8, 6, 5), {"batch": True, "sample": 2, "channel": 9}),
    ((3, 2, 1, 16), {"weight": True}),
    ((3, 2, 5, 1), {"weight": True, "aspect": 3.0}),
    ((3, 2, 4, 5), {"weight": True}),
    ((5, 4, 3), {"batch": True}),
    ((3, 4, 5), {"weight": True}),
    ((2, 3, 4, 5, 6), {"batch": True}),
]


@pytest.mark.parametrize(("shape", "options"), CASES)
def test_the_picture_shows_the_tensors_numbers(shape, options):
    data = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape) + 1
    a = arrange(shape, **options)
    image = a.image(data)
    assert image.shape == a.size
    seen = set()
    for row in range(a.size[0]):
        for column in range(a.size[1]):
            index = a.index(row, column)
            hidden = a.gaps is not None and bool(a.gaps[row, column])
            assert (index is None) == hidden
            if index is None:
                assert image[row, column] == 0
                continue
            assert image[row, column] == data[index]
            assert a.place(index) == (row, column)
            seen.add(index)
    held = dict(a.fixed)
    shown = [i for i in np.ndindex(shape) if all(i[axis] == at for axis, at in held.items())]
    assert seen == set(shown)


@pytest.mark.parametrize(("shape", "options"), CASES)
def test_many_cells_are_placed_at_once(shape, options):
    a = arrange(shape, **options)
    indices = np.array(list(np.ndindex(shape)), np.int64).reshape(int(np.prod(shape)), len(shape))
    one_by_one = [a.place(tuple(i)) for i in indices]
    assert [tuple(p) for p in a.places(indices)] == [p for p in one_by_one if p is not None]


@pytest.mark.parametrize("shape", [(0,), (0, 3), (4, 0), (0, 8, 8, 3), (2, 8, 8, 0)])
def test_empty_tensors_have_empty_pictures(shape):
    a = arrange(shape, batch=len(shape) > 1)
    assert a.size == (0, 0)
    assert a.image(np.zeros(shape, np.float32)).shape == (0, 0)
    assert a.index(0, 0) is None


def test_outside_of_the_picture_there_is_no_cell():
    a = arrange((4, 3), batch=True)
    assert a.index(-1, 0) is None
    assert a.index(0, 3) is None
    assert a.place((0, 0, 0)) is None


@pytest.mark.parametrize(("shape", "weight"), [((1, 1, 1, 12), False), ((1, 1, 4, 8), True)])
def test_pictures_of_one_pixel_lie_side_by_side(shape, weight):
    a = arrange(shape, weight=weight)
    assert a.gap == 0
    x = np.arange(np.prod(shape)).reshape(shape)
    assert sorted(a.image(x).ravel().tolist()) == x.ravel().tolist()
    assert {a.index(*a.place(i)) for i in np.ndindex(shape)} == set(np.ndindex(shape))


def test_tensors_of_one_shape_are_equally_high_on_both_sides_of_an_update(open_window, qapp):
    window = open_window("lenet5", position=0)
    session = window.session
    index = max(i for i, s in enumerate(session.steps) if s.op.kind == "update" and "output.kernel" in s.outputs)
    session.goto(index + 1)
    qapp.processEvents()
    views = [v for v in window.stage.views() if v.content.shape == (84, 10)]
    assert len(views) == 7  # w, g, m, v and the three new ones
    heights = [v.geometry_now.seen.height() for v in views]
    assert min(heights) > 30
    assert max(heights) < 1.2 * min(heights)
    rects = [v.geometry() for v in window.stage.views()]
    assert not any(a.intersects(b) for i, a in enumerate(rects) for b in rects[:i])
    for view in window.stage.views():
        if view.single:
            assert view.width() >= 100


def test_a_row_of_numbers_is_higher_than_its_type(open_window, qapp):
    window = open_window("ticket-router", position=0, size=(1920, 1080))
    session = window.session
    session.goto(next(i for i, s in enumerate(session.steps) if "department.dense" in s.inputs) + 1)
    qapp.processEvents()
    rows = [v for v in window.stage.views() if v.content.shape == (32, 4)]
    assert rows
    for view in rows:
        assert view.geometry_now.size[1] >= 24


def opened_on(model, x):
    """A session after the forward pass of a model of one's own."""
    model.compile("sgd", "mse")
    y = np.zeros((len(x), *model.output_shape[1:]), np.float32)
    session = Session()
    session.load(Source("own", lambda seed: model, x, y, batch_size=len(x)), 0, 0)
    session.goto(sum(step.phase == "forward" for step in session.steps))
    return session


def test_pictures_without_channels_have_square_cells_and_letters_of_pictures():
    x = np.random.default_rng(0).random((3, 28, 28), np.float32)
    session = opened_on(Sequential([Input((28, 28)), layers.Flatten(), layers.Dense(4)]), x)
    name = session.listing.inputs[0]
    content = content_of(session, name)
    assert content.letters == ("n", "h", "w")
    assert label_letters(session.listing, name) == ("n", "h", "w")
    geometry = geometry_of(content, 300, 260, False, ViewPort())
    assert geometry.arrangement.size == (28, 28)
    assert geometry.cell[0] == geometry.cell[1]
    assert shape_text(content, geometry.arrangement) == "n=0 of 3 × h 28 × w 28"
    np.testing.assert_array_equal(geometry.arrangement.image(x), x[0])


def scales_of(session):
    """The limits of every forward step's first result, by operation."""
    steps = [step for step in session.steps if step.phase == "forward"]
    return {step.op.name: content_of(session, step.outputs[0]).scale for step in steps}


def test_one_sided_data_keeps_its_colours_when_it_is_rescaled_and_flattened():
    stack = [layers.Rescaling(2.0), layers.Flatten(), layers.Dense(6, activation="sigmoid"), layers.Reshape((2, 3))]
    session = opened_on(Sequential([Input((4, 3)), *stack]), np.random.default_rng(0).random((2, 4, 3), np.float32))
    scales = scales_of(session)
    assert not any(scales[name].signed for name in ("multiply", "add", "flatten"))
    assert scales["flatten"].high == scales["add"].high > 1
    assert scales["dense"].signed
    assert scales["reshape"] == scales["sigmoid"] == Scale(0.0, 1.0, signed=False)


def test_data_on_both_sides_of_zero_stays_signed_when_it_is_flattened():
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    scales = scales_of(opened_on(Sequential([Input((4, 3)), layers.Flatten(), layers.ReLU(), layers.Dense(2)]), x))
    assert scales["flatten"].signed
    learnt = Sequential([Input((4, 3)), layers.Dense(2, activation="relu"), layers.Flatten(), layers.Dense(2)])
    scales = scales_of(opened_on(learnt, x))
    assert scales["relu"].signed
    assert scales["flatten"].signed  # like its source, whose other cells may be below zero at another step
