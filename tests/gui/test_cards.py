"""Figures of cards: their numbers are the engine's, parts make the whole, links lead to the cells they name."""

import numpy as np
import pytest
from PyQt6.QtCore import QByteArray, QUrl
from PyQt6.QtGui import QTextDocument
from PyQt6.QtSvg import QSvgRenderer

from gui import cards, grains
from gui import theme as themes
from gui.cards.figure import Bars, Courses, Curve, Grids, Link, Map, Note, Strip, Table, plain
from gui.cards.writing import FigureWriter, Look, address, target_of
from gui.content import dependence
from gui.panels.explain_card import ExplainCard
from gui.session import Session

COLOURS = dict.fromkeys(("text", "muted", "accent", "good", "bad", "line", "raised", "negative", "positive"), "#000000")
NETWORKS = ("worked-example", "xor", "digits-cnn", "cifar-residual", "ticket-router", "siamese-digits")
SESSIONS = {}


def session_of(name):
    """A session behind the last backward step of a preset, shared by the tests of this file."""
    if name not in SESSIONS:
        made = Session()
        made.load(name, seed=0, position=0)
        made.goto(made.listing.updates)
        SESSIONS[name] = made
    return SESSIONS[name]


def figures(name, value, index, order="size"):
    session = session_of(name)
    session.select(value, index)
    return list(cards.figures(cards.sight_of(session, order)))


def first(found, kind):
    return next(f for f in found if isinstance(f, kind))


def random_cells(session, count, seed):
    rng = np.random.default_rng(seed)
    names = [n for n, i in session.listing.written_by.items() if i < session.done and session.view(n).size]
    for _ in range(count):
        name = names[rng.integers(len(names))]
        yield name, tuple(int(rng.integers(n)) for n in session.view(name).shape)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_figure_can_be_written_and_every_link_names_its_number(name):
    session, pictures = session_of(name), []
    writer = FigureWriter(4, Look(COLOURS, lambda part: "#ffffff", picture=lambda svg: pictures.append(svg) or ""))
    for value, index in random_cells(session, 60, 1):
        for figure in figures(name, value, index):
            assert writer.write(figure)
            rows = figure.rows if isinstance(figure, Table | Bars) else ()
            for link in (item for row in rows for item in row if isinstance(item, Link)):
                assert float(session.number_at(link.name, link.index)) == pytest.approx(link.value, abs=0), link
                assert target_of(address(link)) == (link.name, link.index)
    assert all(QSvgRenderer(QByteArray(svg.encode())).isValid() for svg in pictures)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("order", ["size", "index"])
def test_terms_rest_and_total_make_the_engines_number(name, order):
    session, checked = session_of(name), 0
    for value, index in random_cells(session, 80, 2):
        found = figures(name, value, index, order)
        table = next((f for f in found if isinstance(f, Table) and f.head[-1] == "sum so far"), None)
        sight = cards.sight_of(session)
        if table is None or sight.sum is None:
            continue
        slack = 1e-5 * sight.inside.magnitude + 1e-12
        products = sum(plain(row[-2]) for row in table.rows[: len(table.rows) - table.last])
        rest = sum(plain(row[-2]) for row in table.rows if str(row[0]).startswith("rest"))
        added = sum(plain(row[-2]) for row in table.rows if str(row[0]).startswith("+"))
        assert sight.sum.scale * (products + rest) + added == pytest.approx(sight.explanation.result, abs=slack)
        assert plain(table.rows[-1][-1]) == pytest.approx(sight.explanation.result, abs=slack)
        checked += 1
    assert checked >= 5


@pytest.mark.parametrize(
    ("name", "value", "index"),
    [
        ("digits-cnn", "conv1.kernel.grad", (0, 1, 0, 3)),
        ("digits-cnn", "output.kernel.grad", (3, 2)),
        ("ticket-router", "title_lstm.lstm_cell.recurrent_kernel.grad", (0, 1)),
        ("cifar-residual", "conv1.bias.grad", (2,)),
    ],
)
def test_samples_times_and_positions_share_a_gradient_out(name, value, index):
    found = figures(name, value, index)
    result = float(session_of(name).number_at(value, index))
    slack = 1e-5 * cards.sight_of(session_of(name)).inside.magnitude
    shared = [f for f in found if isinstance(f, Bars)]
    assert [f.title for f in shared][:1] == ["by sample"]
    assert all(f.total == pytest.approx(result, abs=slack) for f in shared)
    maps = [f for f in found if isinstance(f, Map)]
    assert [float(f.values.sum()) for f in maps[:1]] == pytest.approx([result] * bool(maps), abs=slack)
    assert bool(maps) == ("conv" in value)
    assert ("by time" in [f.title for f in shared]) == ("lstm" in value)


def test_patch_times_kernel_gives_the_products_and_channels_add_up():
    found = figures("digits-cnn", "conv2.conv2d", (0, 2, 3, 5))
    grids = [f for f in found if isinstance(f, Grids)]
    assert len(grids) == 3
    for figure in grids:
        patch, kernel, products = figure.grids
        np.testing.assert_allclose(patch.values * kernel.values, products.values, rtol=1e-12)
        assert patch.values.shape == (3, 3)
    session = session_of("digits-cnn")
    result = float(session.number_at("conv2.conv2d", (0, 2, 3, 5)))
    bias = float(session.view("conv2.bias")[5])
    assert first(found, Bars).total + bias == pytest.approx(result, abs=1e-5)
    assert "no flip" in first(found, Note).text


def test_padding_is_marked_and_counts_as_zero():
    found = figures("cifar-residual", "conv1.conv2d", (0, 0, 5, 3))
    for figure in (f for f in found if isinstance(f, Grids)):
        assert all(grid.padding[0].all() and not grid.padding[1:].any() for grid in figure.grids)
        assert "padding" in figure.note
        assert not figure.grids[2].values[0].any()


def test_the_winner_of_a_window_is_boxed():
    session = session_of("digits-cnn")
    value = session.view("pool.max_pool2d")
    index = tuple(int(i) for i in np.unravel_index(value.argmax(), value.shape))
    (grid,) = first(figures("digits-cnn", "pool.max_pool2d", index), Grids).grids
    assert grid.boxed.sum() == 1
    assert grid.values[grid.boxed] == value.max() == grid.values.max()


def test_the_curve_has_the_engines_point_and_slope():
    curve = first(figures("worked-example", "hidden.sigmoid", (0, 0)), Curve)
    y = float(session_of("worked-example").number_at("hidden.sigmoid", (0, 0)))
    assert curve.at[1] == pytest.approx(y)
    assert curve.slope == pytest.approx(y * (1 - y))
    assert np.interp(curve.at[0], curve.x, curve.y) == pytest.approx(y, abs=1e-3)
    assert curve.tag == ""


def test_a_dead_unit_says_so_forward_and_backward():
    session = session_of("digits-cnn")
    dead = tuple(int(i) for i in np.argwhere(session.view("conv1.conv2d") < 0)[0])
    assert "dead" in first(figures("digits-cnn", "conv1.relu", dead), Curve).tag
    assert "dead" in first(figures("digits-cnn", "conv1.conv2d.grad", dead), Curve).tag


def test_classes_are_a_table_from_logit_to_loss():
    session = session_of("digits-cnn")
    found = figures("digits-cnn", "sparse_softmax_cross_entropy", (0,))
    table, label = first(found, Table), int(session.view("y_true")[0])
    assert table.head == ("class", "z", "z − max", "exp", "p", "t", "−log p")
    logits = session.view("output.dense")[0].astype(np.float64)
    assert [plain(row[2]) for row in table.rows[:10]] == pytest.approx((logits - logits.max()).tolist())
    assert [plain(row[5]) for row in table.rows[:10]] == np.eye(10)[label].tolist()
    loss = float(session.number_at("sparse_softmax_cross_entropy", (0,)))
    assert plain(table.rows[label][6]) == pytest.approx(loss, rel=1e-6)
    assert plain(table.rows[-1][3]) == pytest.approx(float(np.exp(logits - logits.max()).sum()))


def test_the_gradient_of_a_logit_is_shown_as_p_minus_t_and_by_the_jacobian():
    table = first(figures("digits-cnn", "output.dense.grad", (0, 3)), Table)
    sight = cards.sight_of(session_of("digits-cnn"))
    assert sight.explanation.symbol == "dy * (p3 - float(label == 3))"
    assert table.head == ("class", "t", "p", "dy/dp", "dp/dz3", "product")
    assert table.current == 3
    assert plain(table.rows[-1][-1]) == pytest.approx(sight.explanation.result, rel=1e-6)


def test_many_classes_are_the_strongest_and_the_rest():
    found = figures("go-policy-value", "softmax_cross_entropy", (2,))
    table = first(found, Table)
    assert len(table.rows) < 25
    assert str(table.rows[-2][0]).startswith("rest of 34")
    assert plain(table.rows[-1][-1]) == pytest.approx(cards.sight_of(session_of("go-policy-value")).explanation.result)
    shares = sum(plain(row[4]) for row in table.rows[:-1])
    assert shares == pytest.approx(1.0)


def test_a_long_formulas_lines_are_not_worked_out_before_they_are_asked_for():
    session = session_of("go-policy-value")
    session.select("softmax_cross_entropy", (2,))
    sight = cards.sight_of(session)
    assert list(cards.figures(sight))
    assert "_moves" not in vars(sight.inside)
    opened = cards.sight_of(session, unfolded=True)
    assert any(getattr(f, "title", "") == "line by line" for f in cards.figures(opened))


def test_lines_are_folded_where_they_are_many(card):
    card.session.select("sparse_softmax_cross_entropy", (0,))
    shown = card.body.toPlainText()
    assert "line by line" in shown
    assert "x0 − m\n" not in shown
    card.body.anchorClicked.emit(QUrl("fold:lines"))
    shown = card.body.toPlainText()
    assert "line by line: 26 lines" in shown
    assert "x0 − m\n" in shown
    card.body.anchorClicked.emit(QUrl("fold:lines"))
    card.session.set_term(2)
    assert "▶" in card.body.toPlainText()


def test_an_update_is_shown_in_named_quantities():
    session = Session()
    session.load("digits-mlp", seed=0, position=0)
    session.to_end()
    session.select("hidden.kernel", (3, 2))
    table = next(f for f in cards.figures(cards.sight_of(session)) if getattr(f, "title", "") == "in parts")
    lines = [str(row[0]).partition("\n")[0] for row in table.rows]
    assert "m_hat = m_new / (1 − 0.9^t)" in lines
    assert lines[-1] == "w_new = w − change"
    assert plain(table.rows[-1][1]) == pytest.approx(float(session.view("hidden.kernel")[3, 2]), rel=1e-6)


def test_the_group_that_is_standardized_lies_on_one_axis():
    strip = first(figures("cifar-residual", "block1_norm1.standardize", (0, 3, 3, 2)), Strip)
    x = session_of("cifar-residual").view("block1_conv1.conv2d")[..., 2]
    assert len(strip.values) == x.size
    assert strip.mean == pytest.approx(float(x.mean()), abs=1e-5)
    assert strip.deviation == pytest.approx(float(x.std()), abs=1e-5)


def test_the_gradient_of_what_is_standardized_has_three_terms_and_their_sums():
    value, session = "block2_conv2.conv2d.grad", session_of("cifar-residual")
    found = figures("cifar-residual", value, (0, 3, 3, 2))
    terms, sums = (next(f for f in found if getattr(f, "title", "") == t) for t in ("three terms", "the sums in them"))
    *parts, scale = (plain(row[1]) for row in terms.rows)
    assert len(parts) == 3
    assert sum(parts) * scale == pytest.approx(float(session.number_at(value, (0, 3, 3, 2))), rel=1e-5)
    dy = session.view("block2_norm2.standardize.grad")[..., 2].astype(np.float64)
    y = session.view("block2_norm2.standardize")[..., 2].astype(np.float64)
    assert [plain(row[1]) for row in sums.rows] == pytest.approx([dy.sum(), (dy * y).sum()], rel=1e-5)
    assert [row[2] for row in sums.rows] == [f"÷ {dy.size:,}".replace(",", "")] * 2


def test_what_becomes_of_a_standardized_number():
    found = figures("cifar-residual", "block1_norm1.standardize", (0, 3, 3, 2))
    table = next(f for f in found if getattr(f, "title", "") == "what the layer makes of it")
    said = [row[0].partition(". ")[2] for row in table.rows]
    assert said[:2] == ["multiply with block1_norm1.gamma", "add with block1_norm1.beta"]
    assert said[2].startswith("moving_average with block1_norm1.moving_mean")


def test_branches_show_norms_and_slopes_and_a_margin_says_whether_it_is_active():
    session = session_of("cifar-residual")
    table = next(f for f in figures("cifar-residual", "block1_add.add", (0, 1, 1, 1)) if isinstance(f, Table))
    norms = [
        float(np.linalg.norm(session.view(n).astype(np.float64))) for n in ("pool1.max_pool2d", "block1_norm2.add")
    ]
    assert [plain(row[2]) for row in table.rows] == pytest.approx(norms)
    assert [plain(row[3]) for row in table.rows] == [1.0, 1.0]
    session = session_of("siamese-digits")
    margins = session.view("subtract_2")[:, 0]
    for place in (int(margins.argmax()), int(margins.argmin())):
        (table,) = [f for f in figures("siamese-digits", "maximum", (place, 0)) if isinstance(f, Table)]
        active = bool(margins[place] > 0)
        assert plain(table.rows[0][3]) == float(active)
        assert ("not active" in table.note) == (not active)


def test_a_looked_up_number_names_its_row():
    session = session_of("shared-embedding")
    found = figures("shared-embedding", "embedding.embedding", (0, 1, 3))
    row = int(session.view("text_a")[0, 1])
    note = first(found, Note).text
    assert f"takes the number of embedding.embeddings[in={row}, out=3]" in note
    assert note.endswith(f"is {row}")
    assert len(first(found, Table).rows) == 3


def test_initial_values_say_how_they_were_drawn():
    session = Session()
    session.load("digits-mlp", seed=0, position=0)
    note = next(f for f in cards.given_figures(session, "hidden.kernel") if isinstance(f, Note)).text
    assert note == (
        "GlorotUniform: drawn from U(-0.2165, 0.2165), limit = sqrt(6 / (fan_in + fan_out)) = "
        "sqrt(6 / (64 + 64)) = 0.2165"
    )
    assert np.abs(session.view("hidden.kernel")).max() <= 0.2166
    assert first(list(cards.given_figures(session, "hidden.kernel")), Bars).total == 4096
    session.goto(len(session.steps))
    assert "other numbers" in first(list(cards.given_figures(session, "hidden.kernel")), Note).text
    session.load("worked-example", seed=0, position=0)  # its weights were set by hand
    notes = [f.text for f in cards.given_figures(session, "hidden.kernel") if isinstance(f, Note)]
    assert notes
    assert all(note.startswith("other numbers than those of its rule") for note in notes)


def test_an_autoencoders_loss_shows_target_answer_and_difference():
    session = session_of("autoencoder")
    found = [f for f in figures("autoencoder", "sigmoid_cross_entropy", (1, 10, 12)) if isinstance(f, Map)]
    target, answer, difference = (f.values for f in found)
    np.testing.assert_array_equal(target, session.view("y_true")[1, :, :, 0].astype(np.float64))
    np.testing.assert_array_equal(answer, session.view("decoder/conv4.sigmoid")[1, :, :, 0].astype(np.float64))
    np.testing.assert_array_equal(difference, answer - target)
    assert {f.boxed for f in found} == {(10, 12)}


def test_results_that_are_whole_have_no_decimals(card):
    card.session.select("iterations", ())
    card.session.goto(len(card.session.steps))
    shown = card.body.toPlainText()
    assert "iterations" in card.title.text()
    assert card.explanation.result == 1
    assert isinstance(card.explanation.result, int)
    assert "\n= 1\n" in shown
    assert "1.0000" not in shown
    card.session.goto(card.session.listing.updates)
    for cell in (("y_true", (3,)), ("pool.max_pool2d.winner", (0, 1, 1, 3))):
        card.session.select(*cell)
        assert f"= {int(card.session.view(cell[0])[cell[1]])}\n" in card.body.toPlainText()


def test_a_gates_sum_over_the_previous_state_is_a_table():
    found = figures("ticket-router", "title_lstm.lstm.f", (0, 2, 1))
    session = session_of("ticket-router")
    lines, products = [f for f in found if isinstance(f, Table)][:2]
    assert products.head == ("j", "previous", "recurrent_kernel", "product", "sum so far")
    previous = session.view("title_lstm.lstm")[0, 1].astype(np.float64)
    kernel = session.view("title_lstm.lstm_cell.recurrent_kernel")[:, 17].astype(np.float64)
    assert plain(products.rows[-1][-1]) == pytest.approx(float(previous @ kernel), rel=1e-9)
    assert plain(lines.rows[-1][-1]) == pytest.approx(float(session.number_at("title_lstm.lstm.f", (0, 2, 1))))
    assert str(lines.rows[0][0]) == "sum over j of previous[0, 2, j] · recurrent_kernel[j, 17]"
    assert len(lines.rows) < 8


def test_gates_run_over_time():
    found = figures("ticket-router", "title_lstm.lstm", (0, 2, 1))
    courses = [f for f in found if isinstance(f, Courses)]
    names = [name for figure in courses for name, _ in figure.lines]
    assert {"i", "f", "o", "g", "c", "y"} <= set(names)
    session = session_of("ticket-router")
    forget = next(values for figure in courses for name, values in figure.lines if name == "f")
    np.testing.assert_array_equal(forget, session.view("title_lstm.lstm.f")[0, :, 1])
    back = figures("ticket-router", "title_lstm.lstm.dc", (0, 2, 1))
    assert any("|dh|" in f.title for f in back if isinstance(f, Courses))


@pytest.mark.parametrize(
    ("name", "suffix"), [("cifar-residual", "pool2.max_pool2d.grad"), ("siamese-digits", "kernel.grad")]
)
def test_a_gradient_of_several_uses_lists_them_all(name, suffix):
    session = session_of(name)
    value = next(
        n
        for n, i in session.listing.written_by.items()
        if n.endswith(suffix) and session.steps[i].op.kind == "accumulate"
    )
    index = tuple(0 for _ in session.view(value).shape)
    table = first(figures(name, value, index), Table)
    assert len(table.rows) == 3
    assert sum(plain(row[1]) for row in table.rows[:2]) == pytest.approx(plain(table.rows[2][1]), abs=1e-12)


def test_an_update_shows_before_and_after():
    session = Session()
    session.load("digits-cnn", seed=0, position=0)
    session.to_end()
    session.select("conv1.kernel", (0, 0, 0, 0))
    table = next(f for f in cards.figures(cards.sight_of(session)) if getattr(f, "title", "") == "before and after")
    rows = {row[0]: row for row in table.rows}
    assert {"w", "g", "m", "v", "learning_rate", "step"} <= set(rows)
    assert plain(rows["w"][2]) == float(session.view("conv1.kernel")[0, 0, 0, 0])
    assert plain(rows["w"][2]) - plain(rows["w"][1]) == pytest.approx(plain(rows["w"][3]))


def test_a_moved_number_names_its_source():
    note = first(figures("digits-cnn", "flatten.flatten", (1, 40)), Note)
    assert "takes the number of dropout.dropout[n=1, h=" in note.text


# ---------------------------------------------------------------- moves inside


def test_elements_are_visited_in_order_and_then_the_next_operation_runs():
    session = Session()
    session.load("worked-example", seed=0, position=1)
    session.select("hidden.dense", (0, 0))
    grains.move(session, "element", 1)
    assert session.selection == ("hidden.dense", (0, 1))
    grains.move(session, "element", 1)
    assert (session.stepper.position, session.selection) == (2, ("hidden.sigmoid", (0, 0)))
    grains.move(session, "element", -1)
    assert (session.stepper.position, session.selection) == (1, ("hidden.dense", (0, 1)))
    for _ in range(4):
        grains.move(session, "element", -1)
    assert session.stepper.position == 0


def test_terms_lead_to_the_number_with_their_running_sum():
    session = Session()
    session.load("worked-example", seed=0, position=1)
    session.select("hidden.dense", (0, 1))
    seen = []
    while session.stepper.position == 1:
        grains.move(session, "term", 1)
        if session.stepper.position == 1:
            table = first(list(cards.figures(cards.sight_of(session))), Table)
            seen.append((session.term, plain(table.rows[table.current][-1])))
    assert [place for place, _ in seen] == [0, 1, 2]
    assert [total for _, total in seen] == pytest.approx([0.0125, 0.0425, 0.3925])
    assert session.term == 0
    assert session.selection == ("hidden.sigmoid", (0, 0))
    grains.move(session, "term", -1)
    assert (session.selection, session.term) == (("hidden.dense", (0, 1)), 2)


def test_the_focus_leaves_with_the_selection():
    session = Session()
    session.load("worked-example", seed=0, position=1)
    session.select("hidden.dense", (0, 1))
    session.set_term(1)
    session.select("hidden.dense", (0, 0))
    assert session.term is None


# ---------------------------------------------------------------- the card


@pytest.fixture
def card(qtbot, qapp):
    themes.apply(qapp, "light")
    session = session_of("digits-cnn")
    session.select("conv1.relu", (0, 0, 0, 0))
    made = ExplainCard(session)
    qtbot.addWidget(made)
    leave = session.subscribe(lambda topic: made.refresh())
    yield made
    leave()


def test_a_link_in_a_figure_selects_its_cell(card):
    card.session.select("conv2.conv2d", (0, 2, 3, 5))
    card.body.anchorClicked.emit(QUrl("value:conv1.relu:0,2,3,4"))
    assert card.session.selection == ("conv1.relu", (0, 2, 3, 4))
    card.back.click()
    assert card.session.selection == ("conv2.conv2d", (0, 2, 3, 5))


def test_pictures_are_drawn(card):
    assert 'src="svg:0"' in card.body.toHtml()
    kind = QTextDocument.ResourceType.ImageResource.value
    image = card.body.loadResource(kind, QUrl("svg:0"))
    colours = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert len(colours) > 3
    assert card.body.loadResource(kind, QUrl("svg:7")).isNull()
    assert card.body.loadResource(kind, QUrl("hatch.png")).width() > 0


def test_terms_are_sorted_by_size_or_by_index(card):
    card.session.select("conv2.conv2d", (0, 2, 3, 5))
    assert card.sort.isEnabled()
    assert "largest first" in card.body.toPlainText()
    card.sort.click()
    assert "in order" in card.body.toPlainText()
    card.sort.click()
    assert "largest first" in card.body.toPlainText()


def test_a_fresh_parameter_shows_how_its_numbers_are_spread():
    session = session_of("digits-cnn")
    _, bars = cards.given_figures(session, "conv2.kernel")
    assert bars.total == session.view("conv2.kernel").size
    assert not list(cards.given_figures(session, "image"))


def test_two_branches_show_both_norms():
    session = session_of("cifar-residual")
    table = next(f for f in figures("cifar-residual", "block1_add.add", (0, 2, 3, 4)) if isinstance(f, Table))
    assert sum(plain(row[1]) for row in table.rows) == pytest.approx(
        float(session.number_at("block1_add.add", (0, 2, 3, 4))), abs=1e-6
    )
    back = session.steps[session.listing.written_by["block1_add.add.grad"] + 1]
    found = figures("cifar-residual", back.outputs[0], (0, 2, 3, 4))
    copied = next(f for f in found if isinstance(f, Table) and "both branches" in f.title)
    assert plain(copied.rows[0][1]) == plain(copied.rows[1][1])
    assert plain(copied.rows[0][2]) == plain(copied.rows[1][2])


def test_whole_numbers_have_no_decimals():
    session = session_of("digits-cnn")
    session.select("output.dense.grad", (0, 3))
    label = int(session.view("y_true")[0])
    assert f"float({label} == 3)" in session.explanation().substituted
    assert f"{label} == 3" in [line.substituted for line in cards.sight_of(session).inside]


def test_the_stage_marks_the_cells_of_the_term_in_focus():
    session = Session()
    session.load("worked-example", seed=0, position=1)
    session.select("hidden.dense", (0, 1))
    whole, _, _ = dependence(session)
    assert {name: len(cells) for name, cells in whole.items()} == {"x": 2, "hidden.kernel": 2, "hidden.bias": 1}
    session.set_term(1)
    marks, _, _ = dependence(session)
    assert {name: cells.tolist() for name, cells in marks.items()} == {"x": [[0, 1]], "hidden.kernel": [[1, 1]]}


def test_a_sum_of_nothing_but_zeros_has_no_shares():
    session = session_of("ticket-router")
    gradient = session.view("title_embedding.embeddings.grad")
    row = int(np.flatnonzero(~gradient.any(axis=1))[0])  # a word that no title of the batch has
    assert not any(isinstance(f, Bars) for f in figures("ticket-router", "title_embedding.embeddings.grad", (row, 0)))
    used = int(np.flatnonzero(gradient.any(axis=1))[0])
    assert any(isinstance(f, Bars) for f in figures("ticket-router", "title_embedding.embeddings.grad", (used, 0)))
