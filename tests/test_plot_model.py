"""Pictures of models: what is in them, where it goes, and the files."""

import re
import sys
from itertools import combinations, pairwise

import numpy as np
import pytest

from fastnn import Input, Model, Sequential, layers, utils
from fastnn.plotting.cards import Shown
from fastnn.plotting.layer_graph import layer_graph
from fastnn.plotting.layered import lay_out
from fastnn.plotting.model_drawing import Drawing

ALL = Shown(True, True, True, True, True)


def chain():
    return Sequential([Input((8,)), *(layers.Dense(4, "relu", name=f"step{k}") for k in range(30))])


def branches():
    x = Input((8, 8, 3))
    ways = [layers.Conv2D(4, k, padding="same")(layers.Conv2D(2, 1)(x)) for k in (1, 3, 5)]
    return Model(x, layers.Concatenate()([x, *ways]))


def residual():
    x = start = Input((8,))
    for k in range(6):
        x = layers.Add(name=f"add{k}")([x, layers.Dense(8, name=f"b{k}")(layers.Dense(8, "relu", name=f"a{k}")(x))])
    return Model(start, layers.Dense(1)(x))


def several():
    a, b = Input((4,), name="a"), Input((5,), name="b")
    inner_in = Input((9,))
    hidden = layers.Dense(3, name="hidden")(inner_in)
    inner = Model(
        inner_in, [layers.Dense(2, name="mean")(hidden), layers.Dense(2, name="spread")(hidden)], name="inner"
    )
    mean, spread = inner(layers.Concatenate()([a, b]))
    return Model([a, b], [layers.Dense(1, name="one")(mean), layers.Add(name="two")([mean, spread * 2.0])])


def shared():
    tower = Sequential([Input((4,)), layers.Dense(3), layers.Dense(2)], name="tower")
    a, b = Input((4,), name="a"), Input((4,), name="b")
    return Model([a, b], layers.Subtract(name="difference")([tower(a), tower(b)]))


def nested_twice():
    core = Sequential([Input((3,)), layers.Dense(3, name="core_dense")], name="core")
    x = Input((4,))
    shell = Model(x, core(layers.Dense(3, name="before")(x)), name="shell")
    outer = Input((4,))
    return Model(outer, layers.Dense(1, name="after")(shell(outer)))


MODELS = [chain, branches, residual, several, shared, nested_twice]


def rectangle(centre, size):
    return centre[0] - size[0] / 2, centre[1] - size[1] / 2, centre[0] + size[0] / 2, centre[1] + size[1] / 2


def overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]) > 1e-6 and min(a[3], b[3]) - max(a[1], b[1]) > 1e-6


def within(a, b):
    return a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]


@pytest.mark.parametrize("sideways", [False, True])
@pytest.mark.parametrize("make", MODELS)
def test_nothing_overlaps_and_everything_is_in_its_frame(make, sideways):
    boxes = layer_graph(make(), expand=True)
    drawing = Drawing(boxes, ALL, sideways)
    picture = drawing.picture
    places = {b.path: rectangle(picture.boxes[b.path], drawing.sizes[b.path]) for b in boxes}
    whole = (-1e-6, -1e-6, picture.size[0] + 1e-6, picture.size[1] + 1e-6)
    assert all(within(place, whole) for place in places.values())
    assert not [pair for pair in combinations(places, 2) if overlap(places[pair[0]], places[pair[1]])]
    frames = {f.group: (*f.corner, f.corner[0] + f.size[0], f.corner[1] + f.size[1]) for f in picture.frames}
    for box in boxes:
        for group, frame in frames.items():
            assert within(places[box.path], frame) if group in box.inside else not overlap(places[box.path], frame)


@pytest.mark.parametrize("sideways", [False, True])
@pytest.mark.parametrize("make", MODELS)
def test_every_edge_is_a_way_of_lines_in_the_direction_of_reading(make, sideways):
    boxes = layer_graph(make(), expand=True)
    drawing = Drawing(boxes, Shown(), sideways)
    along = 0 if sideways else 1
    starts, ends = {}, {}
    for points, _ in drawing.picture.lines:
        assert all(b[along] >= a[along] - 1e-9 for a, b in pairwise(points))
        starts.setdefault(at(points[0]), []).append(at(points[-1]))
    for box in boxes:
        centre, size = drawing.picture.boxes[box.path], drawing.sizes[box.path]
        sides = [list(centre), list(centre)]
        sides[0][along] -= size[along] / 2
        sides[1][along] += size[along] / 2
        ends[at(sides[0])] = box.path
        starts.setdefault(("from", box.path), [at(sides[1])])
    for box in boxes:
        for parent in box.parents:
            assert box.path in reached(starts[("from", parent)], starts, ends), (parent, box.path)


def at(point):
    return round(point[0], 6), round(point[1], 6)


def reached(points, starts, ends):
    """Boxes that lines from these points lead to, through frames."""
    found, left = set(), list(points)
    while left:
        point = left.pop()
        if point in ends:
            found.add(ends[point])
        left += starts.get(point, [])
    return found


def test_a_chain_and_its_shortcuts_are_straight():
    picture = Drawing(layer_graph(residual()), Shown(), False).picture
    assert len({round(x, 6) for x, _ in picture.boxes.values()}) == 1
    long = [points for points, _ in picture.lines if len(points) > 2]
    assert len(long) == 6
    assert all(len({round(x, 6) for x, _ in points[1:-1]}) == 1 for points in long)


def test_lines_that_need_not_cross_do_not():
    edges = [("a", "y"), ("b", "x"), ("c", "z"), ("y", "end"), ("x", "end"), ("z", "end")]
    found = lay_out(dict.fromkeys("abcxyz", (1.0, 1.0)) | {"end": (1.0, 1.0)}, edges)
    upper = sorted("abc", key=lambda key: found.centres[key][0])
    lower = sorted("xyz", key=lambda key: found.centres[key][0])
    assert [dict(edges)[key] for key in upper] == lower


@pytest.mark.parametrize("seed", range(20))
def test_any_graph_is_laid_out_without_overlaps(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 25))
    sizes = {k: (float(rng.uniform(0.3, 3)), float(rng.uniform(0.2, 1))) for k in range(count)}
    edges = [(a, b) for b in range(count) for a in range(b) if rng.random() < 2.5 / count]
    found = lay_out(sizes, edges)
    places = [rectangle(found.centres[k], sizes[k]) for k in sizes]
    assert not any(overlap(a, b) for a, b in combinations(places, 2))
    assert all(found.centres[a][1] < found.centres[b][1] for a, b in edges)


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_files_of_every_kind(tmp_path, ending, start):
    place = tmp_path / f"model.{ending}"
    assert utils.plot_model(several(), place, show_shapes=True, expand_nested=True, dpi=50) is None
    assert place.read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [f"model.{ending}"]


def test_nothing_of_the_users_matplotlib_changes(tmp_path):
    import matplotlib

    before, backend = dict(matplotlib.rcParams), matplotlib.rcParams._get_backend_or_none()
    utils.plot_model(shared(), tmp_path / "model", dpi=50)
    assert dict(matplotlib.rcParams) == before
    assert matplotlib.rcParams._get_backend_or_none() == backend
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_a_notebook_gets_the_picture(tmp_path, monkeypatch):
    from types import ModuleType

    whole, display = ModuleType("IPython"), ModuleType("IPython.display")
    whole.get_ipython = object
    display.Image, display.SVG = (lambda path: ("image", path)), (lambda path: ("svg", path))
    monkeypatch.setitem(sys.modules, "IPython", whole)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    assert utils.plot_model(shared(), tmp_path / "a.svg") == ("svg", str(tmp_path / "a.svg"))
    assert utils.plot_model(shared(), tmp_path / "a.png", dpi=20) == ("image", str(tmp_path / "a.png"))


@pytest.mark.full
def test_a_very_long_model_is_still_a_picture_that_can_be_opened(tmp_path):
    from PIL import Image

    layer = layers.Dense(1, name="again")
    x = start = Input((1,))
    for _ in range(300):
        x = layer(x)
    utils.plot_model(Model(start, x), tmp_path / "long.png", dpi=1000)
    with Image.open(tmp_path / "long.png") as picture:
        assert 50_000 < picture.size[1] <= 60_000


def test_names_that_mean_something_elsewhere_are_only_names(tmp_path):
    model = Sequential([Input((2,)), layers.Dense(1, name="<b>$x^2$ & 层 \\frac")])
    utils.plot_model(model, tmp_path / "odd.svg", show_layer_names=True)
    dot = utils.model_to_dot(Sequential([Input((2,)), layers.Dense(1, name='"]; rm [')]), show_layer_names=True)
    assert '[label="\\"]; rm [ Dense"]' in dot


def test_very_long_names_lose_their_middle(tmp_path):
    model = Sequential([Input((2,)), layers.Dense(1, name=f"first{'o' * 10**6}last")])  # a minute as a whole
    utils.plot_model(model, tmp_path / "long.svg", show_layer_names=True)
    assert (tmp_path / "long.svg").stat().st_size < 10**5
    lines = []
    model.summary(print_fn=lines.append)
    assert max(map(len, lines)) < 250
    assert any(re.search(r"firsto+\.\.\.o+last \(Dense\)", line) for line in lines)


def test_models_without_a_graph_are_one_box(tmp_path):
    class Own(Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    own = Own()
    with pytest.raises(ValueError, match=r"Expected a model that is built.*Received"):
        utils.plot_model(own, tmp_path / "own.svg")
    own(np.zeros((3, 2), "float32"))
    (box,) = layer_graph(own)
    assert (box.kind, box.trainable, box.dtype) == ("Own", True, "float32")
    utils.plot_model(own, tmp_path / "own.svg", show_shapes=True)


def test_wrong_arguments_are_refused(tmp_path):
    for arguments in ({"to_file": tmp_path / "a.jpg"}, {"rankdir": "BT"}, {"layer_range": ["a", "b"]}):
        with pytest.raises(ValueError, match=next(iter(arguments))):
            utils.plot_model(shared(), **arguments)
    assert list(tmp_path.iterdir()) == []


def test_the_text_for_graphviz():
    dot = utils.model_to_dot(several(), show_shapes=True, show_layer_names=True, expand_nested=True, rankdir="LR")
    assert dot.to_string() == dot
    assert "rankdir=LR" in dot
    assert len(re.findall("->", dot)) == sum(len(box.parents) for box in layer_graph(several(), expand=True))
    cluster = dot[dot.index("subgraph") : dot.index("}")]
    assert 'label="inner Functional"' in cluster
    assert 'hidden Dense\\n(None, 9) → (None, 3)"' in cluster
    assert utils.model_to_dot(chain(), subgraph=True).startswith('subgraph "cluster_')


def test_the_text_draws_itself_as_scripts_of_courses_ask(tmp_path):
    dot = utils.model_to_dot(several(), show_shapes=True, rankdir="LR")
    assert dot.create(prog="dot", format="svg").startswith(b"<?xml")
    assert dot.write(tmp_path / "model.pdf", format="pdf")
    assert (tmp_path / "model.pdf").read_bytes().startswith(b"%PDF")
    assert dot.write(tmp_path / "model.dot")
    assert (tmp_path / "model.dot").read_text() == dot
    with pytest.raises(ValueError, match="format='gif'"):
        dot.create(format="gif")


def test_without_matplotlib_the_extra_is_named(monkeypatch, tmp_path):
    for name in [n for n in sys.modules if n.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "matplotlib.textpath", None)
    with pytest.raises(ImportError, match=r'plot_model needs matplotlib: pip install "fastnn\[plot\]"'):
        utils.plot_model(Sequential([Input((2,)), layers.Dense(1, name="never_measured")]), tmp_path / "a.svg")
