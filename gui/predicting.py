"""Predict the number: a result is blanked, an answer is judged, hints are given, the score is kept. No Qt."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from typing import Any

from fastnn.utils.writing import no_formula
from gui.content import label_letters
from gui.numbers import MINUS, cell_label, exact, format_number

Selection = tuple[str, tuple[int, ...]]
POINTS = {"right": 1.0, "rounded": 0.5}
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """One answer.

    Args:
        cell: What was asked for.
        typed: What was typed.
        value: The engine's number.
        verdict: "right", "rounded", "wrong" or "shown".
        hints: How many hints had been given.
    """

    cell: str
    typed: str
    value: float
    verdict: str
    hints: int

    @property
    def points(self) -> float:
        """1 for a right answer, a half for a rounded one; every hint takes a tenth, down to nothing."""
        return max(POINTS.get(self.verdict, 0.0) - 0.1 * self.hints, 0.0)


def read(typed: str) -> float:
    """The number that was typed; comma or point, any minus sign.

    Raises:
        ValueError: saying what was expected and received.

    Example:
        >>> read("0,25"), read("-1.5e-3")
        (0.25, -0.0015)
    """
    text = typed.strip().replace(MINUS, "-").replace(",", ".").replace(" ", "")
    if text.lower() in ("nan", "inf", "+inf", "-inf"):
        return float(text)
    if not NUMBER.fullmatch(text):
        raise ValueError(f"Expected a number such as 0.25 or -1.5e-3. Received: {typed!r}")
    return float(text)


def tolerance(value: float, digits: int) -> float:
    """How far from the number an answer is still right: half a unit of the last decimal shown.

    Example:
        >>> round(tolerance(0.1234, 4), 7), round(tolerance(1.5e-6, 4), 12)
        (5e-05, 5e-10)
    """
    if value == 0 or 1e-3 <= abs(value) < 1e4 or not math.isfinite(value):
        return 0.5 * 10.0**-digits * (1 + 1e-9)
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - max(digits - 1, 0)) * (1 + 1e-9)


def judge(typed: str, value: float, digits: int) -> str:
    """Whether an answer is "right", "rounded" (right as far as it goes, with two digits or more) or "wrong".

    Example:
        >>> [judge(text, 0.12345, 4) for text in ("0.1234", "0.12", "0.13", "-0.1234")]
        ['right', 'rounded', 'wrong', 'wrong']
    """
    answer = read(typed)
    if not math.isfinite(value) or not math.isfinite(answer):
        return "right" if str(answer) == str(float(value)) else "wrong"
    if abs(answer - value) <= tolerance(value, digits):
        return "right"
    mantissa, _, power = typed.strip().replace(",", ".").lower().partition("e")
    places = len(mantissa.partition(".")[2])
    unit = 10.0 ** (int(power.replace(MINUS, "-") or 0) - places)
    enough = len(re.sub(r"\D", "", mantissa).lstrip("0")) >= 2
    return "rounded" if enough and abs(answer - value) <= 0.5 * unit * (1 + 1e-9) else "wrong"


class Predictor:
    """A round of predictions.

    Args:
        session: What is stepped through; its selected number is asked for.
    """

    def __init__(self, session: Any) -> None:
        self.session = session
        self.on = False
        self.answers: list[Answer] = []
        self.given = 0  # hints for the present number
        self._known: set[tuple[Selection, int]] = set()
        self._asked: tuple[Selection | None, int] = (None, -1)

    def toggle(self) -> None:
        """Begin, or end; the score stays."""
        self.on = not self.on
        self.given = 0
        self.session.notify("selection")

    @property
    def cell(self) -> Selection | None:
        """The number that is asked for: selected, computed in a step, and not known yet."""
        selected = self.session.selection
        if not self.on or selected is None or self.session.training or self._key(selected) in self._known:
            return None
        made = self.session.listing.written_by.get(selected[0])
        if made is None or made >= self.session.done:
            return None
        found: Selection = selected
        return found

    def hides(self, name: str, index: tuple[int, ...]) -> bool:
        """Whether a number must not be shown."""
        return self.cell == (name, tuple(index))

    def _key(self, cell: Selection) -> tuple[Selection, int]:
        return cell, int(self.session.moment.position)

    def follow(self) -> None:
        """Hints begin anew with every number."""
        asked = (self.session.selection, int(self.session.moment.position))
        if asked != self._asked:
            self._asked, self.given = asked, 0

    @property
    def value(self) -> float:
        """The number asked for."""
        assert self.cell is not None
        name, index = self.cell
        return float(self.session.view(name)[index])

    @property
    def question(self) -> str:
        """What is asked for, and how exactly."""
        if self.cell is None:
            return ""
        slack = format_number(tolerance(self.value, self.session.digits), 1)
        return f"{self._label(self.cell)} = ?   (right within ±{slack})"

    def _label(self, cell: Selection) -> str:
        return cell_label(cell[0], cell[1], label_letters(self.session.listing, cell[0]))

    def answer(self, typed: str) -> Answer:
        """Judge an answer; after a right or rounded one the number is shown.

        Raises:
            ValueError: for what is no number, or with nothing asked for.
        """
        if self.cell is None:
            raise ValueError("Expected a selected number that has been computed. Received: an answer to nothing")
        verdict = judge(typed, self.value, self.session.digits)
        return self._note(typed.strip(), verdict, known=verdict != "wrong")

    def reveal(self) -> Answer | None:
        """Show the number; no points."""
        return None if self.cell is None else self._note("", "shown", known=True)

    def _note(self, typed: str, verdict: str, known: bool) -> Answer:
        assert self.cell is not None
        found = Answer(self._label(self.cell), typed, self.value, verdict, self.given)
        self.answers.append(found)
        if known:
            self._known.add(self._key(self.cell))
            self.session.notify("selection")
        return found

    # ------------------------------------------------------------ hints

    def hint(self) -> None:
        """Show one more line of the way to the number; never the last one, which is the number."""
        if self.given < self.most_hints:
            self.given += 1
            self.session.notify("selection")

    @property
    def most_hints(self) -> int:
        """How many lines can be shown before the last."""
        inside = None if self.cell is None else self.session.stepper.inside(*self.cell, self.session.digits)
        return 0 if inside is None else max(len(inside) - 1, 0)

    @property
    def hints(self) -> list[str]:
        """The lines given."""
        if self.cell is None:
            return []
        inside = self.session.stepper.inside(*self.cell, self.session.digits)
        lines = [inside[k] for k in range(min(self.given, self.most_hints))]
        digits = self.session.digits
        return [f"{x.symbol} = {x.substituted} = {format_number(x.value, digits + 2)}" for x in lines]

    # ------------------------------------------------------------ score

    @property
    def score(self) -> tuple[float, int]:
        """Points, and numbers asked for."""
        asked = {a.cell for a in self.answers}
        return sum(max(a.points for a in self.answers if a.cell == cell) for cell in asked), len(asked)

    def csv(self) -> str:
        """All answers as a table for a spreadsheet."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["number", "answer", "value", "verdict", "hints", "points"])
        for a in self.answers:
            words = map(no_formula, (a.cell, a.typed))
            writer.writerow([*words, exact(a.value), a.verdict, a.hints, f"{a.points:g}"])
        return out.getvalue()
