"""What a card prints can be done again by hand: products of printed factors, sums of printed addends."""

import re

import numpy as np
import pytest

from gui import cards
from gui.cards.figure import Bars, Table
from gui.cards.writing import FigureWriter, Look
from gui.session import Session
from tests.gui.card_reading import plain

COLOURS = dict.fromkeys(("text", "muted", "accent", "good", "bad", "line", "raised", "negative", "positive"), "#000000")
DIGITS = 4
NETWORKS = ("worked-example", "digits-mlp", "digits-cnn", "cifar-residual", "ticket-router", "siamese-digits")
ROW, CELL = re.compile(r"<tr>(.*?)</tr>"), re.compile(r"<td.*?>(.*?)</td>")


def printed(figure):
    """The rows of a figure as they are read: a text and numbers, None for what is blank."""
    rows = ROW.findall(FigureWriter(DIGITS, Look(COLOURS, lambda part: "#ffffff")).write(figure))
    return [[plain(cell) for cell in CELL.findall(row)] for row in rows]


def number(text):
    return float(text) if text.strip() else None


def unit(text):
    """One unit of the last digit that is printed."""
    mantissa, _, power = text.strip().partition("e")
    return 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))


def sums_of(name, count, seed):
    """Tables and bars of cells at random that are sums."""
    session, rng = Session(), np.random.default_rng(seed)
    session.load(name, seed=0, position=0)
    session.goto(session.listing.updates)
    names = [n for n, i in session.listing.written_by.items() if i < session.done and session.view(n).size]
    for _ in range(count):
        value = names[rng.integers(len(names))]
        session.select(value, tuple(int(rng.integers(n)) for n in session.view(value).shape))
        for figure in cards.figures(cards.sight_of(session)):
            if isinstance(figure, Bars) or (isinstance(figure, Table) and figure.head[-1] == "sum so far"):
                yield figure, session.selection


@pytest.mark.parametrize("name", NETWORKS)
def test_printed_factors_make_the_printed_products_and_these_the_printed_total(name):
    lines = tables = 0
    for figure, cell in sums_of(name, 60, 1):
        if isinstance(figure, Bars):
            continue
        body = printed(figure)[1:]
        terms = body[: len(body) - figure.last]
        width = len(figure.head)
        for row in terms:
            *factors, product = (number(text) for text in row[1 : width - 1])
            if len(factors) != 2 or figure.head[-2] != "product":
                continue
            slack = sum(
                0.51 * unit(text) * (abs(other) + unit(text))
                for text, other in zip(row[1:3], factors[::-1], strict=True)
            )
            assert factors[0] * factors[1] == pytest.approx(product, abs=slack + 0.51 * unit(row[3])), (cell, row)
            assert unit(row[1]) <= 10.0 ** -(DIGITS + 2) or "." not in row[1] or "e" in row[1], row
            lines += 1
        if any(row[0].startswith("×") for row in body):
            continue
        addends = [row[width - 2] for row in body if row[width - 2].strip()]
        total = body[-1][width - 1]
        slack = 0.51 * (unit(total) + sum(unit(text) for text in addends))
        assert sum(map(float, addends)) == pytest.approx(float(total), abs=slack), (cell, body)
        tables += 1
    assert lines >= 15 or name in ("cifar-residual", "siamese-digits")
    assert tables >= 3


@pytest.mark.parametrize("name", ["digits-cnn", "ticket-router"])
def test_printed_shares_make_the_printed_total(name):
    found = 0
    for figure, cell in sums_of(name, 120, 2):
        if isinstance(figure, Table):
            continue
        *shares, total = printed(figure)
        slack = 0.51 * (unit(total[2]) + sum(unit(row[2]) for row in shares))
        assert sum(float(row[2]) for row in shares) == pytest.approx(float(total[2]), abs=slack), cell
        assert all(unit(row[2]) <= 0.011 * unit(total[2]) or "e" in total[2] for row in shares if "." in row[2]), cell
        found += 1
    assert found >= 5


def test_nearly_all_sums_of_printed_numbers_end_in_the_printed_digit():
    right = count = 0
    for name in ("digits-mlp", "digits-cnn", "ticket-router"):
        for figure, _ in sums_of(name, 100, 3):
            body = printed(figure)[1:] if isinstance(figure, Table) else printed(figure)
            place = -2 if isinstance(figure, Table) else 2
            if any(row[0].startswith("×") for row in body):
                continue
            end = body[-1][-1]
            addends = [row[place] for row in (body if isinstance(figure, Table) else body[:-1]) if row[place].strip()]
            right += abs(sum(map(float, addends)) - float(end)) <= 0.5001 * unit(end)
            count += 1
    assert count >= 50
    assert right >= 0.95 * count
