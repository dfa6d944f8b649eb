"""Histories in notebooks: small charts, and a table of epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.rich.charts import chart
from fastnn.rich.page import note, page, table

MOST_CHARTS = 8


def history_page(history: Mapping[str, Sequence[Any]], numbers: Callable[[int, int], Sequence[int]]) -> str:
    """A history for a notebook.

    Args:
        history: Values by name.
        numbers: Gives the numbers of epochs for so many values out of so many.
    """
    longest = max(map(len, history.values()), default=0)
    if not longest:
        return page("History", note("no epoch yet"))
    plain = {name: values for name, values in history.items() if all(np.ndim(v) == 0 for v in values)}
    charts = []
    for name in [name for name in plain if not name.startswith("val_")][:MOST_CHARTS]:
        pair = {"training": plain[name], "validation": plain.get(f"val_{name}", ())}
        charts.append(chart(name, {k: (numbers(len(v), longest), v) for k, v in pair.items()}))
    at = {name: dict(zip(numbers(len(values), longest), values, strict=True)) for name, values in history.items()}
    rows = [[epoch, *(told(at[name].get(epoch, "")) for name in history)] for epoch in numbers(longest, longest)]
    return page("History", *charts, table(["epoch", *history], rows, right=range(len(history) + 1)))


def told(value: Any) -> str:
    """A loss or metric."""
    return f"{value:.4g}" if np.ndim(value) == 0 and not isinstance(value, str) else str(value)
