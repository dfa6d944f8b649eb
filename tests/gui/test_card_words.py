"""What cards say about an operation beside its numbers: conventions, places, what is taken and why."""

import numpy as np
import pytest

import fastnn
from fastnn import layers
from gui import theme as themes
from gui.panels.explain_card import ExplainCard
from gui.session import Session


@pytest.fixture
def open_card(qtbot, qapp):
    """A function that gives the text of the card of a cell, behind the last backward step."""
    themes.apply(qapp, "light")

    def text_of(source, name, index):
        session = source
        if isinstance(source, str):
            session = Session()
            session.load(source, seed=0, position=0)
        session.goto(session.listing.updates)
        session.select(name, index(session) if callable(index) else index)
        card = ExplainCard(session)
        qtbot.addWidget(card)
        card.resize(340, 700)
        card.refresh()
        return card.body.toPlainText()

    return text_of


def own(*parts, x, y=1):
    model = fastnn.Sequential(list(parts))
    model.compile("sgd", "mse")
    session = Session()
    session.load_model(model, x, np.ones((len(x), y), "float32"), batch_size=len(x))
    return session


SAID = [  # network, value, cell, words
    (
        "digits-mlp",
        "hidden.dense",
        (3, 9),
        ("in\nx\nw\nproduct\nsum so far", "64 products, largest first", "+ b", "total"),
    ),
    (
        "digits-cnn",
        "conv2.conv2d",
        (0, 2, 3, 5),
        ("rows 2…4, columns 3…5 of conv1.relu", "stride 1 × 1, padding valid"),
    ),
    (
        "digits-cnn",
        "conv2.conv2d",
        (0, 2, 3, 5),
        ("cross-correlation: no flip of the kernel", "subtotals by input channel"),
    ),
    ("digits-cnn", "conv1.relu.grad", (0, 3, 3, 2), ("kh, kw, out\ndy\nw\nproduct",)),
    ("digits-cnn", "conv1.relu", (0, 0, 0, 0), ("the slope at x = 0 is taken as 0",)),
    ("digits-cnn", "pool.max_pool2d", (0, 1, 1, 3), ("boxed: the winner", "max(x0, x1, x2, x3)")),
    ("digits-cnn", "conv2.relu.grad", (0, 2, 2, 3), ("the first largest cell of a window gets its gradient",)),
    ("digits-cnn", "dropout.dropout", (0, 1, 1, 3), ("x · mask / (1 − 0.25)", "mask is 0 where the cell is dropped")),
    ("digits-cnn", "pool.max_pool2d.grad", (0, 1, 1, 3), ("dy · mask / (1 − 0.25)",)),
    ("cifar-residual", "block1_norm1.standardize", (0, 3, 3, 2), ("training: the batch's own statistics are used",)),
    ("ticket-router", "title_lstm.lstm.dc", (0, 2, 1), ("dc[t] = dh[t] o tanh'(c[t]) + f[t+1] dc[t+1]",)),
    ("ticket-router", "title_lstm.lstm.dc", (0, 2, 1), ("gradients of unit 1 over time", "|dh|, |dc| against t")),
    ("ticket-router", "concat.concatenate", (0, 20), ("takes the number of body_lstm.lstm.last_h[n=0, i=4]",)),
    ("digits-cnn", "sparse_softmax_cross_entropy", (0,), ("class\nz\nz − max\nexp\np\nt\n−log p",)),
    ("lenet5", "s2.average_pool2d", (0, 1, 1, 3), ("0.2500 · (x[0, 2, 2, 3] + ", "× 0.25")),
]


@pytest.mark.parametrize(("network", "name", "index", "words"), SAID)
def test_a_card_says(open_card, network, name, index, words):
    said = open_card(network, name, index)
    for text in words:
        assert text in said, said[:1500]


@pytest.mark.parametrize(("at", "word"), [(9.0, "saturated"), (0.5, "")])
def test_a_saturated_unit_is_called_so(open_card, at, word):
    session = own(
        layers.Input((1,)), layers.Dense(1, "sigmoid", kernel_initializer="ones", name="d"), x=np.array([[at]])
    )
    said = open_card(session, "d.sigmoid", (0, 0))
    assert ("saturated: the slope is below 0.01" in said) == bool(word)


def test_overlapping_windows_add_up_at_their_winner(open_card):
    x = np.zeros((1, 5, 5, 1), "float32")
    x[0, 2, 2, 0] = 3.0  # wins all nine windows that hold it
    same = layers.Conv2D(1, 1, kernel_initializer="ones", name="same")
    pool = layers.MaxPooling2D(3, strides=1, name="pool")
    session = own(layers.Input((5, 5, 1)), same, pool, layers.Flatten(), layers.Dense(1), x=x)
    session.goto(session.listing.updates)
    before = "same.conv2d.grad"
    upstream = session.view("pool.max_pool2d.grad")
    said = open_card(session, before, (0, 2, 2, 0))
    assert float(session.view(before)[0, 2, 2, 0]) == pytest.approx(float(upstream.sum()), rel=1e-5)
    assert said.count("is pool.max_pool2d.grad[") == 9


def test_a_kink_is_remarked_in_the_gradient_check(show_window, qtbot):
    unit = layers.Dense(1, "relu", kernel_initializer="zeros", name="fc")  # it stands where relu has two slopes
    session = own(layers.Input((1,)), unit, x=np.ones((1, 1), "float32"))
    session.goto(session.listing.updates)
    session.select("fc.kernel", (0, 0))
    window = show_window(session)
    window.actions_by_name["gradient_check"].trigger()
    dialog = window.features.explaining.check
    qtbot.waitUntil(lambda: not dialog.running, timeout=20_000)
    remarks = [dialog.table.item(row, 4).text() for row in range(dialog.table.rowCount())]
    assert remarks[0] == "kink"
    assert "near a kink" in dialog.table.item(0, 4).toolTip()
    assert "near a kink" in dialog.verdict.text()
    assert all(slope.holds for slope in dialog.rows)  # and it is not called wrong
