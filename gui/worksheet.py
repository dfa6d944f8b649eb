"""A whole training step on paper: every number of a neuron's path with its formula and its numbers. No Qt.

The sheet is a list of blocks; it is written as HTML that opens anywhere, or as Markdown. Every line with an equals
sign can be done again by hand: what is printed on its left gives what is printed on its right.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastnn.engine.explain import Explanation, label, number
from fastnn.errors import FastnnError
from fastnn.ops.terms import Formula, cells_of
from gui.card_text import formula_for
from gui.content import base_name, consumer_cells

Cell = tuple[str, tuple[int, ...]]
ALL = 80  # cells of a network that is written out in full
STYLE = """
body { font: 11pt/1.45 Georgia, 'Times New Roman', serif; max-width: 48em; margin: 2em auto; padding: 0 1em;
  color: #1b1f24; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; border-bottom: 1px solid #999; margin-top: 1.6em; }
h3 { font-size: 1em; margin: 1.1em 0 .2em; } .formula { color: #555; font-style: italic; margin: 0 0 .3em; }
.line { margin: .15em 0 .15em 1.5em; font-variant-numeric: tabular-nums; break-inside: avoid; }
code { font: .92em 'DejaVu Sans Mono', Consolas, monospace; overflow-wrap: anywhere; }
.note { color: #555; margin-left: 1.5em; font-size: .9em; }
@media print { body { margin: 0; max-width: none; } }
"""


@dataclass(frozen=True)
class Line:
    """One number.

    Args:
        name: Its cell, such as `fc.dense[0, 1]`.
        symbol: Its formula; "" for a number that is given.
        numbers: The formula with numbers: Python.
        sign: "=" if the printed numbers give the printed result, else "≈".
        result: The result as printed.
        note: A remark.
    """

    name: str
    symbol: str
    numbers: str
    sign: str
    result: str
    note: str = ""


@dataclass(frozen=True)
class Block:
    """One step, or what is given.

    Args:
        title: Such as `3. dense of layer hidden`.
        phase: given, forward, loss, backward or update.
        formula: The operation's formula.
        lines: The numbers.
    """

    title: str
    phase: str
    formula: str
    lines: tuple[Line, ...]


def blocks(session: Any, digits: int | None = None) -> list[Block]:
    """The training step shown, from its start to its end, wherever the cursor stands in it.

    Args:
        session: The session; its selection says which neuron's path is written if the network is large.
        digits: Decimals of results; by default those of the session.

    Raises:
        FastnnError: while a training run owns the numbers.
    """
    session.require_idle()
    stepper = session.stepper.fork()
    stepper.run_on(len(stepper.steps))
    cells = path(session, stepper)
    places = session.digits if digits is None else digits
    return list(_blocks(stepper, cells, places))


def _blocks(stepper: Any, cells: list[Cell], digits: int) -> Iterator[Block]:
    listing = stepper.listing
    start = [c for c in cells if listing.written_by.get(c[0]) is None]
    written = [line for cell in start for line in lines_of(stepper.explain(*cell, digits), digits)]
    written += starting(stepper, cells, digits)
    if written:
        yield Block("Given", "given", "", tuple(written))
    for i, step in enumerate(stepper.steps):
        mine = [stepper.explain(*cell, digits) for cell in cells if listing.written_by.get(cell[0]) == i]
        lines = [line for e in mine for line in lines_of(e, digits)]
        if lines:
            where = f" of layer {step.layer}" if step.layer else ""
            title = f"{i + 1}. {step.op.name}{' backward' if step.backward else ''}{where}"
            yield Block(title, step.phase, formula_for(step, step.outputs[0]), tuple(lines))


def starting(stepper: Any, cells: list[Cell], digits: int) -> Iterator[Line]:
    """Parameters and states as they were before this training step changed them."""
    values, before = stepper.listing.values, stepper.at_start()
    for name, index in cells:
        if name in stepper.listing.written_by and values[name].source in before:
            number_before = float(before[values[name].source][index])
            yield Line(label(name, index), "", "", "=", number(number_before, digits + 2), "at the start of the step")


def lines_of(e: Explanation, digits: int) -> Iterator[Line]:
    """One number as it is printed, after the named parts of its formula."""
    name, result = label(e.name, e.index), number(e.result, digits)
    if e.kind == "given":
        yield Line(name, "", "", "=", number(e.result, digits + 2), e.note)
        return
    for part in e.named:
        value = number(part.value, digits)
        yield Line(part.name, part.symbol, part.substituted, sign(part.substituted, value, digits), value)
    yield Line(name, e.symbol, e.substituted, sign(e.substituted, result, digits), result, e.note)


def sign(numbers: str, result: str, digits: int) -> str:
    """What stands before a printed result."""
    return "=" if adds_up(numbers, result, digits) else "≈"


def adds_up(numbers: str, result: str, digits: int) -> bool:
    """Whether a printed line gives the printed result."""
    try:
        found = Formula(numbers).evaluate({})
        return result in (number(found, digits), str(int(found)) if found.is_integer() else "")
    except (ArithmeticError, NameError, SyntaxError, TypeError, ValueError, FastnnError):
        return False


# ---------------------------------------------------------------- which numbers


def path(session: Any, stepper: Any) -> list[Cell]:
    """All numbers of a small network; of a large one those on the way of the selected number from input to loss."""
    listing = stepper.listing
    size = sum(int(np.prod(listing.values[n].shape)) for n in listing.written_by)
    if size <= ALL:
        names = [n for n in listing.values if int(np.prod(listing.values[n].shape)) <= ALL]
        return [(n, index) for n in names for index in np.ndindex(*listing.values[n].shape)]
    return list(dict.fromkeys(_way(session, stepper)))


def _way(session: Any, stepper: Any) -> Iterator[Cell]:
    forward = _forward(session, stepper)
    cells = list(dict.fromkeys([*_upward(stepper, forward), *_downward(stepper, forward)]))
    for name, index in cells:
        yield name, index
        gradient = stepper.gradient_of(name)
        if gradient is not None:
            yield gradient, index
    for name, index in cells:  # what the update makes of the weights on the way
        made = stepper.listing.written_by.get(name)
        if made is not None and stepper.steps[made].phase == "update":
            shape = stepper.listing.values[name].shape
            states = (n for n in stepper.steps[made].outputs if stepper.listing.values[n].shape == shape)
            yield from ((n, index) for n in states)


def _forward(session: Any, stepper: Any) -> Cell:
    """The forward number that the way leads through: the selected one, the one behind a selected gradient, a loss."""
    name, index = session.selection or (stepper.listing.loss, ())
    base = base_name(name)
    values, steps = stepper.listing.values, stepper.steps
    made = stepper.listing.written_by.get(base)
    if base not in values or len(index) != len(values[base].shape):
        return str(stepper.listing.loss), ()
    if made is not None and steps[made].phase in ("forward", "loss"):
        return base, index
    for reader in stepper.listing.read_by.get(base, ()):
        for result, cells in consumer_cells(steps[reader], base, index).items():
            return result, strongest(stepper, result, cells)
    return str(stepper.listing.loss), ()


def strongest(stepper: Any, name: str, cells: Any) -> tuple[int, ...]:
    """The cell with the largest number."""
    values = np.abs(cells_of(stepper.view(name), cells))
    return tuple(int(i) for i in cells[int(np.argmax(values))])


def _upward(stepper: Any, cell: Cell) -> list[Cell]:
    """From a number to the inputs, by the largest term of every sum, with all that the term needs."""
    found: list[Cell] = []
    waiting = [cell]
    while waiting:
        name, index = waiting.pop()
        if (name, index) in found:
            continue
        found.append((name, index))
        made = stepper.listing.written_by.get(name)
        if made is None or stepper.steps[made].phase not in ("forward", "loss"):
            continue
        e = stepper.explain(name, index)
        largest = max(e.terms, key=lambda t: abs(t.value), default=None) if e.kind == "sum" else None
        added = [o for o in e.operands if not any(o in t.operands for t in e.terms)] if largest else []
        operands = e.operands[:3] if largest is None else (*largest.operands, *added)
        waiting += [(o.name, o.index) for o in operands]
    return found


def _downward(stepper: Any, cell: Cell) -> list[Cell]:
    """From a number to the loss, by the strongest of the numbers that it goes into."""
    found, (name, index) = [cell], cell
    while True:
        readers = [i for i in stepper.listing.read_by.get(name, ()) if stepper.steps[i].phase in ("forward", "loss")]
        ways = [(r, c) for i in readers for r, c in _consumers(stepper, stepper.steps[i], name, index) if len(c)]
        onward = [(r, c) for r, c in ways if stepper.gradient_of(r) or r == stepper.listing.loss]
        if not onward:
            return found
        name, cells = onward[0]
        index = strongest(stepper, name, cells)
        found.append((name, index))


def _consumers(stepper: Any, step: Any, name: str, index: tuple[int, ...]) -> Iterator[tuple[str, Any]]:
    """The results of a step that a cell goes into; where its record does not say which, all of the same sample."""
    known = consumer_cells(step, name, index)
    yield from known.items()
    for result in step.outputs if not known else ():
        shape = stepper.listing.values[result].shape
        if shape and index and index[0] < shape[0]:
            yield result, np.array([(index[0], *rest) for rest in np.ndindex(*shape[1:])], np.int64)


# ---------------------------------------------------------------- writing


def as_html(title: str, subtitle: str, parts: Iterable[Block]) -> str:
    """The sheet as one HTML file that needs nothing else."""
    body = [f"<h1>{html.escape(title)}</h1>", f"<p>{html.escape(subtitle)}</p>"]
    phase = ""
    for block in parts:
        if block.phase != phase:
            phase = block.phase
            body.append(f"<h2>{html.escape(phase.capitalize())}</h2>")
        body += [f"<h3>{html.escape(block.title)}</h3>"] if block.phase != "given" else []
        body += [f'<p class="formula">{html.escape(block.formula)}</p>'] if block.formula else []
        body += [_html_line(line) for line in block.lines]
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def _html_line(line: Line) -> str:
    name, result = f"<code>{html.escape(line.name)}</code>", f'<code class="result"><b>{line.result}</b></code>'
    parts = [name]
    if line.symbol:
        parts += [f" = <code>{html.escape(line.symbol)}</code><br>= "]
        parts += [f'<code class="numbers">{html.escape(line.numbers)}</code><br>']
    note = f'<p class="note">{html.escape(line.note)}</p>' if line.note and line.symbol else ""
    return f'<p class="line">{"".join(parts)} {line.sign} {result}</p>{note}'


def as_markdown(title: str, subtitle: str, parts: Iterable[Block]) -> str:
    """The sheet as Markdown."""
    out, phase = [f"# {title}", "", subtitle, ""], ""
    for block in parts:
        if block.phase != phase:
            phase = block.phase
            out += [f"## {phase.capitalize()}", ""]
        out += [f"### {block.title}", ""] if block.phase != "given" else []
        out += [f"`{block.formula}`", ""] if block.formula else []
        out += [_markdown_line(line) for line in block.lines]
        out.append("")
    return "\n".join(out)


def _markdown_line(line: Line) -> str:
    if not line.symbol:
        return f"- `{line.name}` = `{line.result}`"
    return f"- `{line.name}` = `{line.symbol}`  \n  = `{line.numbers}`  \n  {line.sign} `{line.result}`"


def subtitle_of(session: Any) -> str:
    """Where the sheet is from."""
    m = session.moment
    return f"Training step {m.shown + 1}, epoch {m.epoch + 1}, batch {m.batch + 1}; seed {session.seed}."
