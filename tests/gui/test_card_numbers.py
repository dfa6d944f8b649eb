"""The card's text for every kind of operation: read back, computed in float64, compared with the C engine."""

import html
import re

import numpy as np
import pytest

from fastnn.engine.explain import explain_step
from fastnn.engine.graph import Step
from fastnn.ops.table import KINDS, OPS
from fastnn.ops.terms import Formula
from gui.card_text import CardText
from gui.numbers import cell_label, format_number
from tests.table_checks import NAMED, NAMED_BACKWARD, Example

COLOURS = dict.fromkeys(("text", "muted", "accent", "good", "bad", "line"), "#000000")
CELLS = 200  # of each kind


def plain(text):
    return (
        html.unescape(re.sub(r"<[^>]*>", "", text))
        .replace("^", "**")
        .replace("−", "-")
        .replace(" · ", " * ")
        .replace("\xa0", " ")
    )


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


def cells_of(kind, seed):
    """Random cells of results of all operations of a kind: step, value name, index, arrays."""
    rng = np.random.default_rng(seed)
    cases = [n for n, (op, _) in NAMED.items() if op.kind == kind and op.explain is not None and not op.in_place]
    cases += [n for n, (op, _) in NAMED.items() if op.kind == kind and op.in_place]
    found = []
    for name in rng.permutation(cases)[:60]:
        for step, arrays in steps_of(str(name)):
            values = before(step, arrays)
            found += [(step, n, values) for n in step.outputs if values[n].size and values[n].dtype.kind == "f"]
    for k in range(CELLS if found else 0):
        step, name, arrays = found[k % len(found)]
        yield step, name, tuple(int(rng.integers(n)) for n in arrays[name].shape), arrays


def before(step, arrays):
    """An update overwrites its operands: the kernel worked on copies, so both are there."""
    return {role: a for role, a in arrays.items() if a is not None}


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
