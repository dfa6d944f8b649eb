"""What notebooks show: well-formed, escaped, short, and right."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, callbacks, layers, ops
from fastnn.rich import arrays, charts, page

SHORT = 30_000
HOSTILE = "<script>alert('x')&\"<b>"
EMPTY = ("img", "br", "hr", "polyline", "circle")


class Reader(HTMLParser):
    """Reads HTML strictly: every tag is closed in order; notes tags, attributes and words."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.words, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(item):
    """The HTML of an object, which is well-formed and short."""
    html = item if isinstance(item, str) else item._repr_html_()
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert len(html) < SHORT
    assert not {"script", "style", "link"} & set(reader.tags)
    return reader


def text(item):
    return " ".join(read(item).words)


def is_layer(thing):
    return isinstance(thing, type) and issubclass(thing, layers.Layer)


def small():
    model = Sequential([Input((4,)), layers.Dense(3, "relu", name=HOSTILE), layers.Dense(1)], name=HOSTILE)
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def test_a_model_is_its_summary():
    model = small()
    found = text(model)
    assert f'Model: "{HOSTILE}"' in found
    for words in (f"{HOSTILE} (Dense)", "(None, 3)", "15", "Total params: 19"):
        assert words in found
    printed = []
    model.summary(print_fn=printed.append)
    assert all(line.strip() in found for line in printed if "params" in line)


def test_models_of_every_kind():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    a, b = Input((2,), name="a"), Input((2,), name="b")
    both = Model([a, b], layers.Add()([a, small_inner()(b)]))
    assert "Connected to" in text(both)
    for model in (Own(), Sequential([layers.Dense(2)]), Sequential()):
        assert model.name in text(model)


def small_inner():
    return Sequential([Input((2,)), layers.Dense(2)], name="inner")


def test_a_long_model_is_cut_in_the_middle():
    model = Sequential([Input((1,)), *(layers.Dense(1, name=f"layer{k}") for k in range(300))])
    found = text(model)
    assert "... 241 more ..." in found or "... 240 more ..." in found
    assert "layer0 " in found
    assert "layer299 " in found
    assert "layer150 " not in found


def test_a_layer_tells_settings_and_weights():
    layer = layers.Dense(3, activation="relu", kernel_regularizer="l2", name=HOSTILE)
    found = text(layer)
    assert "relu" in found
    assert "L2" in found
    assert "not built" in found
    layer(np.ones((1, 2), "float32"))
    found = text(layer)
    assert f"{HOSTILE}/kernel" in found
    assert "(2, 3)" in found
    assert "not built" not in found


@pytest.mark.parametrize("name", sorted(n for n in layers.__all__ if is_layer(getattr(layers, n))))
def test_every_layer_that_can_be_made_without_arguments(name):
    try:
        layer = getattr(layers, name)()
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        return  # needs arguments
    assert name in text(layer) or type(layer).__name__ in text(layer)


def test_few_numbers_are_a_table_on_colours():
    found = read(ops.add(np.array([[1.5, -3.0], [0.0, np.nan]], "float32"), 0.0))
    assert found.tags.count("td") == 4
    assert [word for word in found.words if word in ("1.5", "-3", "0", "nan")] == ["1.5", "-3", "0", "nan"]
    assert "shape (2, 2), float32, from -3 to 1.5, mean -0.5, 1 not finite" in found.words
    looks = [value for key, value in found.attributes if key == "style" and "rgba" in value]
    assert "(208, 98, 42, 0.6)" in looks[1]
    assert "(47, 127, 193, 0.3)" in looks[0]


def test_many_numbers_are_a_short_picture():
    import base64
    import io

    from PIL import Image

    values = np.zeros((1000, 1000), "float32")
    values[:, 500:] = -2.0
    found = read(ops.add(values, 0.0))
    ((coded),) = [value for key, value in found.attributes if key == "src"]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(coded.split(",")[1]))))
    assert picture.shape == (48, 48, 4)
    assert picture[0, 0, 3] == 0
    assert picture[0, -1].tolist() == [*arrays.BELOW, 255]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "array",
    [
        np.float32(3), np.zeros(0), np.zeros((0, 3)), np.zeros((3, 0)), np.full((20, 20), np.nan), np.full(3, np.inf),
        np.array([True, False]), np.arange(5, dtype="uint8"), np.ones((2, 3, 4, 5, 6)), np.ones((2, 30, 30, 3)),
        np.ones((1, 1)), np.array([3e38, -3e38], "float32"), np.arange(10**6), np.array(["a", "<b>"]),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)  # fmt: skip
def test_any_array(array):
    assert f"shape {array.shape}" in text(arrays.array_page("array", array))


def test_variables_tell_their_names():
    assert "my <weight>" in text(fastnn.Variable([1.0], name="my <weight>"))


def history(epochs=5):
    found = callbacks.History()
    found.on_train_begin()
    for epoch in range(epochs):
        logs = {"loss": 1 / (epoch + 1), HOSTILE: float("nan"), "parts": np.ones(3)}
        found.on_epoch_end(epoch, logs | ({"val_loss": 0.5} if epoch % 2 else {}))
    return found


def test_a_history_is_charts_and_a_table():
    found = read(history())
    assert found.tags.count("polyline") == 2
    assert found.tags.count("tr") == 6
    words = " ".join(found.words)
    assert "0.3333" in words
    assert HOSTILE in words
    long = read(history(3000))
    assert "more ..." in " ".join(long.words)
    assert "no epoch yet" in text(callbacks.History())
    assert "circle" in read(history(1)).tags


def test_a_chart_of_nothing_is_nothing_and_long_lines_are_thinned():
    assert charts.chart("loss", {"training": ([1, 2], [float("nan"), float("inf")])}) == ""
    points = next(
        v for k, v in read(charts.chart("a", {"b": (range(10**4), range(10**4))})).attributes if k == "points"
    )
    assert len(points.split()) == charts.MOST_POINTS
    first, last = points.split()[0], points.split()[-1]
    assert (first, last) == ("6.0,84.0", "234.0,6.0")


def test_a_plan_is_its_table():
    plan = small().plan(batch_size=2)
    found = text(plan)
    for cell in plan.table()[0]:
        assert cell in found
    assert "Memory: " in found
    assert HOSTILE in found


def test_words_are_escaped_and_short():
    assert page.short(HOSTILE) == "&lt;script&gt;alert(&#x27;x&#x27;)&amp;&quot;&lt;b&gt;"
    assert len(page.short("<" * 10**6)) < 1000
    assert "mathjax_ignore" in page.page("$x$")  # a name is no formula, whose links would be links of the page


@pytest.mark.full
def test_a_notebook_shows_all_of_it():
    import nbformat
    from nbclient import NotebookClient

    cells = [
        "import fastnn, numpy as np\nx = np.random.default_rng(0).normal(size=(64, 4)).astype('float32')",
        "from fastnn import layers\nmodel = fastnn.Sequential([layers.Input((4,)), layers.Dense(3), layers.Dense(1)])",
        "model.compile('sgd', 'mse')\nmodel",
        "history = model.fit(x, x[:, :1], epochs=3)",
        "history",
        "model.layers[0]",
        "fastnn.ops.relu(x)",
        "model.plan()",
        "history.plot()",
        "fastnn.utils.plot_model(model, show_shapes=True, dpi=50)",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    results = [cell.outputs[-1] if cell.outputs else None for cell in book.cells]
    shown = [set(r.data) if r is not None and "data" in r else set() for r in results]
    assert [k for k, kinds in enumerate(shown) if "text/html" in kinds] == [2, 4, 5, 6, 7]
    assert [k for k, kinds in enumerate(shown) if "image/png" in kinds] == [8, 9]
    printed = "".join(out.text for out in book.cells[3].outputs)
    assert "Epoch 3/3" in printed
    assert "\x1b" not in printed
    assert json.dumps(book)
    assert not re.search("Traceback", str(book))
