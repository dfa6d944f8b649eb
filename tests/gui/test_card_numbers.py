"""The card's text for every kind of operation: read back, computed in float64, compared with the C engine."""

import re

import numpy as np
import pytest

from fastnn.engine.explain import explain_step
from fastnn.engine.graph import Step
from fastnn.ops.table import KINDS, OPS
from fastnn.ops.terms import Formula
from gui.card_text import SHORT, CardText
from gui.numbers import cell_label, format_number
from tests.gui.card_reading import COLOURS, plain
from tests.table_checks import NAMED, NAMED_BACKWARD, Example

CELLS = 200  # of each kind


def steps_of(name):
    """The forward step of a case as the C engine runs it, and its backward step, with all arrays by role."""
    op, case = NAMED[name]
    example = Example(op, case, "float32")
    results = example.kernel()
    inputs = dict(zip(op.roles(example.count), example.as_computed(), strict=True))
    arrays = {role: np.asarray(a) for role, a in {**inputs, **results}.items() if a is not None}
    operands = tuple((role, role if a is not None else None) for role, a in inputs.items())
    forward = Step(op, "forward", "", operands, tuple((r, r) for r in results), example.attrs, False, example.shapes)
    yield forward, arrays
    if name not in NAMED_BACKWARD:
        return
    upstream = example.upstream(results)
    saved = {role: arrays[role] for role in op.saved_roles(example.count) if role in arrays}
    grads = example.backward_kernel(upstream, [arrays.get(r) for r in op.saved_roles(example.count)])
    given = {f"d{role}": dy for role, dy in zip(op.outputs, upstream, strict=True)}
    made = {(r if r in op.backward_extra else f"d{r}"): g for r, g in grads.items() if g is not None}
    pairs = [(r, r) for r in (*given, *saved)]
    backward = Step(op, "backward", "", tuple(pairs), tuple((r, r) for r in made), example.attrs, True, example.shapes)
    yield backward, {**arrays, **given, **made}


def cells_of(kind, seed, backward=None, count=CELLS):
    """Random cells of results of every operation of a kind: step, value name, index, arrays."""
    rng = np.random.default_rng(seed)
    by_op = {}
    for name in rng.permutation([n for n, (op, _) in NAMED.items() if op.kind == kind]):
        values = by_op.setdefault(NAMED[name][0].name, [])
        if len(values) < 8:
            for step, arrays in steps_of(str(name)):
                given = before(step, arrays)
                named = [n for n in step.outputs if given[n].size] if backward in (None, step.backward) else []
                values += [(step, n, given) for n in named]
    found = [values for values in by_op.values() if values]
    for k in range(count if found else 0):
        step, name, arrays = found[k % len(found)][k // len(found) % len(found[k % len(found)])]
        yield step, name, tuple(int(rng.integers(n)) for n in arrays[name].shape), arrays


def before(step, arrays):
    """An update overwrites its operands: the kernel worked on copies, so both are there."""
    return {role: a for role, a in arrays.items() if a is not None}


ROW = re.compile(r"<tr><td>(.*?)</td><td align=\"right\" valign=\"top\">&nbsp;(.*?)</td></tr>")


def number_of(text):
    return float(plain(text).replace("NaN", "nan"))


def read(text):
    """What a reader makes of a card: the line with numbers, or the table of a long sum, or what copying gives."""
    if text.e.kind == "sum" and text.e.total_terms > SHORT:
        rows = [(plain(first.partition("<br>")[0]), number_of(value)) for first, value in ROW.findall(text.html())]
        assert rows[-1][0] == "total"
        scale = next((number_of(first.split()[1]) for first, _ in rows if first.startswith("\u00d7")), 1.0)
        scaled = [value for first, value in rows if first.startswith("\u00d7")]
        added = sum(value for first, value in rows if first.startswith("+ "))
        terms = sum(v for first, v in rows[:-1] if not first.startswith(("\u00d7", "+ ")))
        assert scaled == [] or scaled[0] == pytest.approx(scale * terms, rel=1e-6, abs=1e-9)
        return (scaled[0] if scaled else terms) + added
    lines = text.lines()
    return Formula(plain(lines[1]) if lines else text.plain().splitlines()[1][2:]).evaluate({})


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_from_the_card_gives_the_engines_number(kind, backward):
    cells, operations = 0, set()
    for step, name, cell, arrays in cells_of(kind, 11, backward):
        e = explain_step(step, name, cell, arrays, float(arrays[name][cell]), digits=10)
        text = CardText(e, 10, COLOURS, cell_label)
        cells += 1
        operations.add(step.op.name)
        if not np.isfinite(e.result) or not np.isfinite(e.recomputed):
            assert text.agrees(), (step.op.name, name, cell)
            continue
        slack = 1e-5 * e.magnitude + 1e-9
        assert read(text) == pytest.approx(e.result, abs=slack), (step.op.name, name, cell, text.plain())
        for part in e.named:
            assert Formula(part.substituted).evaluate({}) == pytest.approx(part.value, rel=1e-6, abs=1e-9), part
    explained = {op.name for op in OPS.values() if op.kind == kind and (not backward or op.backward is not None)}
    assert operations == explained
    assert cells == (CELLS if explained else 0)


def test_every_operation_explains_itself():
    assert [op.name for op in OPS.values() if op.explain is None] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_printed_line_gives_the_engines_number(kind):
    checked = read_back = 0
    for step, name, cell, arrays in cells_of(kind, 5):
        e = explain_step(step, name, cell, arrays, float(arrays[name][cell]), digits=10)
        text = CardText(e, 10, COLOURS, cell_label)
        if not np.isfinite(e.recomputed) or not np.isfinite(e.result):
            continue
        assert text.agrees(), (step.op.name, name, cell, e.result, e.recomputed)
        checked += 1
        for line in text.lines()[1:]:
            found = Formula(plain(line)).evaluate({})
            slack = 1e-5 * e.magnitude + 1e-9
            assert found == pytest.approx(e.recomputed, abs=slack), (step.op.name, name, cell, plain(line))
            read_back += 1
    whole = all(op.dtypes.get(op.outputs[0], "f").startswith(("i", "b")) for op in OPS.values() if op.kind == kind)
    assert checked >= (0 if whole else CELLS // 2)
    assert read_back >= (0 if kind in ("reduction", "convolution") or whole else 20)


@pytest.mark.parametrize("kind", ["elementwise", "contraction", "convolution", "loss", "normalization", "update"])
def test_an_equals_sign_is_printed_only_if_the_printed_numbers_add_up(kind):
    signs = set()
    for step, name, cell, arrays in cells_of(kind, 6):
        e = explain_step(step, name, cell, arrays, float(arrays[name][cell]), digits=4)
        text = CardText(e, 4, COLOURS, cell_label)
        lines = text.lines()
        if len(lines) != 2 or not np.isfinite(e.result):
            continue
        shown = re.search(r"<b>(=|≈)&nbsp;", text.html())
        adds_up = format_number(Formula(e.substituted).evaluate({}), 4) == format_number(e.result, 4)
        assert shown.group(1) == ("=" if adds_up else "≈"), (step.op.name, name, cell)
        signs.add(shown.group(1))
    assert "=" in signs or kind == "convolution"


@pytest.mark.parametrize("kind", ["contraction", "convolution", "reduction", "normalization", "recurrence"])
def test_parts_and_rest_of_every_gradient_make_the_engines_number(kind):
    checked = 0
    for step, name, cell, arrays in cells_of(kind, 7):
        e = explain_step(step, name, cell, arrays, float(arrays[name][cell]), digits=4)
        if e.kind != "sum" or not step.backward:
            continue
        text = CardText(e, 4, COLOURS, cell_label)
        parts = text.scale() * (sum(t.value for t in e.terms) + e.rest) + sum(o.value for o in text.extras())
        assert parts == pytest.approx(e.result, abs=1e-5 * e.magnitude + 1e-12)
        checked += 1
    assert checked >= 3
