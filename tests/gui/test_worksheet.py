"""Worked sheets: every printed line holds when it is read back and computed; the file needs nothing else."""

import html
import re

import pytest

from fastnn.ops.terms import Formula
from gui import worksheet
from gui.session import Session

LINE = re.compile(
    r'<p class="line"><code>(?P<name>.*?)</code> = <code>.*?</code><br>= <code class="numbers">(?P<numbers>.*?)</code>'
    r'<br> (?P<sign>[=≈]) <code class="result"><b>(?P<result>.*?)</b>'
)


def sheet(name, selection=None, steps=0):
    session = Session()
    session.load(name, seed=0, position=0)
    if steps:
        session.stepper.train(steps=steps)
        session.goto(session.stepper.position)
    if selection:
        session.select(*selection)
    return session, worksheet.blocks(session)


@pytest.mark.parametrize(
    ("name", "selection"),
    [
        ("worked-example", None),
        ("xor", ("output.kernel", (3, 0))),
        ("digits-cnn", ("conv1.kernel", (0, 0, 0, 0))),
        ("digits-mlp", ("hidden.kernel", (61, 3))),
        ("ticket-router", None),
        ("siamese-digits", None),
    ],
)
def test_every_line_of_the_exported_file_holds(name, selection):
    session, parts = sheet(name, selection)
    text = worksheet.as_html(session.title, worksheet.subtitle_of(session), parts)
    lines = list(LINE.finditer(text))
    assert len(lines) == sum(bool(line.symbol) for block in parts for line in block.lines) >= 5
    exactly = 0
    for line in lines:
        found = Formula(html.unescape(line["numbers"])).evaluate({})
        result = float(line["result"])
        if line["sign"] == "=":
            exactly += 1
            slack = 0.5001 * 10.0 ** -(len(line["result"].partition(".")[2].partition("e")[0]))
            slack *= 10.0 ** int(line["result"].partition("e")[2] or 0)
            assert found == pytest.approx(result, abs=slack), line["name"]
        else:
            assert found == pytest.approx(result, rel=0.05, abs=1e-4), line["name"]
    assert exactly >= 0.75 * len(lines)
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")


def test_named_parts_are_lines_of_their_own():
    _, parts = sheet("digits-mlp", ("hidden.kernel", (61, 3)))
    lines = [line for block in parts if block.phase == "update" for line in block.lines]
    names = [line.name for line in lines]
    assert names[:7] == ["m_new", "t", "m_hat", "v_new", "correction", "v_hat", "change"]
    assert re.fullmatch(r"hidden\.kernel\[\d+, 3\]", names[7])  # of the strongest pixel
    assert [line.symbol for line in lines][7] == "w - change"


def test_a_small_network_is_written_out_in_full():
    _, parts = sheet("worked-example")
    names = {line.name for block in parts for line in block.lines}
    assert {"hidden.kernel[1, 1]", "output.kernel.grad[0, 1]", "x[0, 1]", "mean"} <= names
    assert {block.phase for block in parts} == {"given", "forward", "loss", "backward", "update"}
    before = next(line for line in parts[0].lines if line.name == "output.kernel[0, 0]")
    assert float(before.result) == pytest.approx(0.4)


def test_the_way_leads_from_the_input_to_the_loss_and_back_to_the_weight():
    session, parts = sheet("digits-cnn", ("conv1.kernel", (0, 0, 0, 0)))
    names = [line.name for block in parts for line in block.lines]
    assert any(name.startswith("image[") for name in names)
    assert session.listing.loss in names
    assert any(name.startswith("conv1.kernel.grad[") for name in names)


def test_the_cursor_stays_where_it_is():
    session, _ = sheet("xor")
    before = session.stepper.position
    worksheet.blocks(session)
    assert session.stepper.position == before == 0


def test_markdown_has_the_same_lines():
    _, parts = sheet("worked-example")
    text = worksheet.as_markdown("t", "s", parts)
    assert all(f"`{line.name}`" in text for block in parts for line in block.lines)


def test_a_line_that_does_not_add_up_says_so():
    assert worksheet.adds_up("0.1 + 0.2", "0.3000", 4)
    assert not worksheet.adds_up("0.1 + 0.2", "0.3001", 4)
    assert not worksheet.adds_up("1/0", "0.3001", 4)


@pytest.mark.parametrize("ending", ["html", "md", "pdf"])
def test_the_window_writes_the_file(open_window, tmp_path, ending):
    window = open_window("worked-example", 3)
    path = tmp_path / f"sheet.{ending}"
    window.features.explaining.write_sheet(path)
    content = path.read_bytes()
    assert content.startswith({"html": b"<!DOCTYPE html>", "md": b"# ", "pdf": b"%PDF"}[ending])
    assert len(content) > 1000
