"""A lesson: a text file of steps, each with its words, its place in the run, what to look at and what is locked. No Qt.

    title: Exclusive or
    network: xor

    ---
    title: Four points
    cursor: after forward hidden
    target: stage
    select: x[0, 0]
    lock: train, Run

    The first input is {x[0, 0]}. **Bold**, `code`; an empty line begins a paragraph.

Instead of a built-in network a lesson may bring its own: `blueprint:` and `data:` with indented lines below, `batch:`,
and `test:` with rows that are only tested on. A step may ask: `ask:` a question and `answer:` a number or a cell,
perhaps `answer: h[0, 0] at after hidden`.
"""

from __future__ import annotations

import ast
import html
import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.errors import FastnnError
from gui import blueprint
from gui.numbers import format_number
from gui.session import Session
from gui.source import Source, from_preset

FOLDER = Path(__file__).with_name("lessons")
TOUR = "tour"
TIGHT = " style='margin: 0 0 6px 0'"
HEAD = ("title", "about", "network", "blueprint", "data", "test", "batch", "seed")
STEP = ("title", "cursor", "sample", "target", "select", "show", "lock", "ask", "answer", "grain")
LARGEST = 5_000_000  # numbers of a training step; with data written by hand there are some thousands
LATEST = 10_000_000  # training step that a cursor may name
PATIENCE = 5.0  # seconds for the way to an answer
CELL = re.compile(r"([\w./:-]+)\[([-\d,\s]*)\]")
PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Stage:
    """One step of a lesson.

    Args:
        number: Its number, from 1.
        text: What it says, with places such as `{h[0, 0]}` for numbers of the run.
        keys: What else it says: title, cursor, target, select, show, lock, ask, answer, grain.
    """

    number: int
    text: str
    keys: Mapping[str, str] = field(default_factory=dict)

    def list(self, key: str) -> list[str]:
        """The words of a key that are separated by commas."""
        return [word.strip() for word in self.keys.get(key, "").split(",") if word.strip()]


@dataclass(frozen=True)
class Lesson:
    """A lesson as it was read.

    Args:
        name: Name of its file.
        title: Its title.
        about: One line about it.
        keys: What its head says.
        stages: Its steps.
    """

    name: str
    title: str
    about: str
    keys: Mapping[str, str]
    stages: tuple[Stage, ...]

    def source(self) -> Source:
        """The network and the data that it is about.

        Raises:
            ValueError: naming the lesson and what is wrong.
        """
        if "blueprint" not in self.keys:
            return from_preset(self.keys.get("network", "worked-example"))
        text = self.keys["blueprint"]
        report = blueprint.check(text, LARGEST)
        if report.error:
            raise ValueError(f"lesson {self.name}, blueprint: {report.error}")
        shape = report.lines[0].shape or ()
        x, y = self._rows("data", shape)
        source = Source(
            self.title, lambda seed: blueprint.build(text, seed), x, y, self.about,
            name="", batch_size=self.number("batch") or None,
            test=self._rows("test", shape) if "test" in self.keys else None,
        )  # fmt: skip
        values = source.stepper(report.model, 0).listing.values.values()
        count = sum(math.prod(value.shape) for value in values)
        if count > LARGEST:
            raise ValueError(
                f"lesson {self.name}, blueprint: expected at most {LARGEST:,} numbers in a training step, "
                f"received {count:,}."
            )
        return source

    def number(self, key: str) -> int:
        """A whole number of the head; 0 if it is not there.

        Raises:
            ValueError: naming the lesson and the key.
        """
        text = self.keys.get(key) or "0"
        if not re.fullmatch("[0-9]{1,18}", text):
            raise ValueError(f"lesson {self.name}, {key}: expected a whole number, received {text[:40]!r}.")
        return int(text)

    def _rows(self, key: str, shape: tuple[Any, ...]) -> tuple[Any, Any]:
        """Inputs of a shape, and targets, as the head's rows say."""
        x, y = table(self.name, self.keys.get(key, ""))
        if math.prod(shape) != x.shape[1]:
            wanted = math.prod(shape)
            raise ValueError(f"lesson {self.name}, {key}: expected {wanted} inputs a row, received {x.shape[1]}.")
        return x.reshape(len(x), *shape), y


def names() -> list[str]:
    """Names of the lessons that come with the app, in their order; the tour is not one of them."""
    return [path.stem for path in sorted(FOLDER.glob("*.txt")) if path.stem != TOUR]


def find(name: str) -> Lesson:
    """The lesson of that name, or of that file.

    Raises:
        ValueError: naming the file and line of what is wrong.
        OSError: if it cannot be read.
    """
    path = Path(name) if name.endswith(".txt") else FOLDER / f"{name}.txt"
    try:
        return parse(path.stem, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ValueError(f"lesson {path.stem}: expected text in UTF-8, received other bytes.") from None


def parse(name: str, text: str) -> Lesson:
    """A lesson from its text.

    Raises:
        ValueError: naming the lesson, the line and what was expected there.
    """
    blocks = list(blocks_of(text))
    keys, rest = read_keys(name, *blocks[0], HEAD)
    if "title" not in keys:
        raise ValueError(f"lesson {name}: expected a line 'title: …' at its top, received none.")
    if rest.strip():
        raise ValueError(f"lesson {name}: expected a line '---' before the first step's text, received none.")
    stages = []
    for number, (first, lines) in enumerate(blocks[1:], 1):
        said, words = read_keys(name, first, lines, STEP)
        if not words.strip():
            raise ValueError(f"lesson {name}, line {first}: expected text in step {number}, received none.")
        if "ask" in said and "answer" not in said:
            raise ValueError(f"lesson {name}, line {first}: expected an answer to what step {number} asks.")
        stages.append(Stage(number, words.strip(), said))
    if not stages:
        raise ValueError(f"lesson {name}: expected at least one step after a line '---', received none.")
    return Lesson(name, keys["title"], keys.get("about", ""), keys, tuple(stages))


def blocks_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """The parts between lines of dashes, with the number of their first line."""
    first = 1
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() == "---":
            yield first, lines
            first, lines = number + 1, []
        else:
            lines.append(line.rstrip())
    yield first, lines


def read_keys(name: str, first: int, lines: list[str], known: tuple[str, ...]) -> tuple[dict[str, str], str]:
    """The keys at the top of a block, and the text below the first empty line; indented lines belong to a key."""
    found: dict[str, str] = {}
    key, k = "", 0
    for k, line in enumerate(lines):
        if not line.strip():
            break
        if line[0].isspace() and key:
            found[key] = f"{found[key]}\n{line.strip()}".strip()
            continue
        key, colon, rest = (part.strip() for part in line.partition(":"))
        if not colon or key not in known:
            raise ValueError(f"lesson {name}, line {first + k}: expected one of {', '.join(known)}, received {line!r}.")
        found[key] = rest
    else:
        k = len(lines)
    return found, "\n".join(lines[k:])


def table(name: str, text: str) -> tuple[Any, Any]:
    """Rows `1 2 | 0`: inputs and targets."""
    rows = []
    for line in text.splitlines():
        inputs, bar, targets = line.partition("|")
        try:
            rows.append(([float(v) for v in inputs.split()], [float(v) for v in targets.split()]))
        except ValueError:
            bar = ""
        if not bar or len(rows[-1][0]) != len(rows[0][0]) or len(rows[-1][1]) != len(rows[0][1]):
            raise ValueError(f"lesson {name}, data: expected rows such as '0 1 | 1', received {line!r}.")
    if not rows:
        raise ValueError(f"lesson {name}: expected data for its blueprint, received none.")
    return np.array([r[0] for r in rows], np.float32), np.array([r[1] for r in rows], np.float32)


# ---------------------------------------------------------------- a place in the run


def position(session: Session, words: str) -> int:
    """The position that a cursor means.

    Args:
        session: Where the run is.
        words: "start" or "end" of a training step, "after" or "before" words that a step has as its phase, layer or
            operation; perhaps "step 20," in front, for the 20th training step instead
            of the first.

    Raises:
        ValueError: if no step has all of these words, or for a training step behind `LATEST`.
    """
    found = re.fullmatch(r"(?:step (\d+),?\s*)?(?:(start|end)|(before|after)\s+(.+))", words.strip())
    if found is None:
        raise ValueError(f"expected a cursor such as 'start' or 'step 3, after backward output', received {words!r}.")
    number, edge, side, which = found.groups()
    if number and (len(number) > len(str(LATEST)) or int(number) > LATEST):
        raise ValueError(f"expected a training step up to {LATEST:,}, received {words[:40]!r}.")
    base = (int(number) - 1 if number else 0) * len(session.steps)
    if edge:
        return base + (len(session.steps) if edge == "end" else 0)
    wanted = which.split()
    for i, step in enumerate(session.steps):
        if all(word in (step.phase, step.layer, step.op.name, *step.outputs) for word in wanted):
            return base + i + (side == "after")
    raise ValueError(f"expected words of one step's phase, layer and operation, received {which!r}.")


def cell(words: str) -> tuple[str, tuple[int, ...]]:
    """A cell such as `h[0, 1]`: the value's name and the index.

    Raises:
        ValueError: for anything else.
    """
    found = CELL.fullmatch(words.strip())
    if found is None:
        raise ValueError(f"expected a cell such as h[0, 1], received {words!r}.")
    return found[1], tuple(int(i) for i in found[2].split(",") if i.strip())


def destination(session: Session, stage: Stage) -> int:
    """The position that a step of a lesson is about: where its cursor says, else here.

    Raises:
        ValueError: for a cursor that means nothing in this network.
    """
    return position(session, stage.keys["cursor"]) if "cursor" in stage.keys else session.moment.position


def dress(session: Session, stage: Stage) -> None:
    """Show and select what a step of a lesson wants, once the run is where it wants it.

    Raises:
        ValueError: naming what the step asks for in vain.
    """
    keys = stage.keys
    if "show" in keys and session.show != keys["show"]:
        session.toggle_show()
    if "sample" in keys:
        session.set_sample(int(keys["sample"]) if keys["sample"].isdigit() else 0)
    if "grain" in keys:
        session.set_grain(keys["grain"])
    if "select" in keys:
        name, index = cell(keys["select"])
        number_at(session, keys["select"])
        session.select(name, index)


def number_at(session: Session, words: str) -> float:
    """The number of a cell, now.

    Raises:
        ValueError: if there is no such number.
    """
    if words == "loss":
        losses = session.losses.array[: session.moment.position // len(session.steps)]
        return float(losses[-1]) if len(losses) else float("nan")
    name, index = cell(words)
    value = session.number_at(name, index)
    if value is None:
        raise ValueError(f"expected a number computed at this place, received {words!r}.")
    return float(value)


# ---------------------------------------------------------------- words


def as_html(session: Session, text: str) -> str:
    """A step's text with the run's numbers in it, for people.

    Example:
        >>> as_html(Session(), "Two **words**.")
        "<p style='margin: 0 0 6px 0'>Two <b>words</b>.</p>"
    """

    def place(found: re.Match[str]) -> str:
        return f"<b>{short(format_number(number_at(session, html.unescape(found[1])), session.digits))}</b>"

    filled = PLACE.sub(place, html.escape(text, quote=False))
    filled = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", filled)
    filled = re.sub(r"`(.+?)`", r"<code>\1</code>", filled)
    return "".join(f"<p{TIGHT}>{' '.join(part.split())}</p>" for part in re.split(r"\n\s*\n", filled))


def short(text: str) -> str:
    """A number without zeros at its end.

    Example:
        >>> short("0.0500"), short("1.000"), short("120")
        ('0.05', '1', '120')
    """
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"[−-]?\d+\.\d+", text) else text


def answer(session: Session, stage: Stage) -> float:
    """The number that a step asks for; of a cell that is computed later, the run goes there and returns."""
    words, _, where = stage.keys["answer"].partition(" at ")
    try:
        return float(ast.literal_eval(words))
    except (ValueError, SyntaxError, TypeError, ArithmeticError, RecursionError, MemoryError):
        pass
    if not where:
        return number_at(session, words)
    here, stepper = session.moment.position, session.stepper
    name, index = cell(words)
    place, until = position(session, where), time.monotonic() + PATIENCE
    try:
        go(stepper, place, until)
        return float(stepper.view(name)[index])
    except (LookupError, TypeError, FastnnError):
        raise ValueError(f"expected a number computed there, received {words!r}.") from None
    finally:
        stepper.goto(here)


def go(stepper: Any, place: int, until: float) -> None:
    """Go to a position, a training step at a time.

    Raises:
        ValueError: when it takes too long.
    """
    while stepper.position < place:
        if time.monotonic() > until:
            raise ValueError(f"expected an answer within {PATIENCE:g} seconds of training, received a later one.")
        stepper.goto(min(place, stepper.position + len(stepper.steps)))
    stepper.goto(place)


def judge(given: str, right: float) -> bool:
    """Whether an answer is right: to the decimals it is written with, and to three digits at least.

    Example:
        >>> judge("0.378", 0.3775), judge("0.4", 0.3775), judge("2", 2.0), judge("-,5", -0.5)
        (True, False, True, True)
    """
    text = given.strip().replace(",", ".").replace("−", "-")
    try:
        value = float(text)
    except ValueError:
        return False
    decimals = len(text.lower().partition("e")[0].partition(".")[2])
    error = abs(value - right)
    return error <= 0.5001 * 10.0**-decimals and error <= 0.005 * abs(right) + 1e-12
