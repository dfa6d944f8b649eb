"""A training step on paper: every step of a preset with its formula and its numbers, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fastnn.engine.explain import Explanation, label, number
from fastnn.engine.stepper import Stepper
from fastnn.presets.table import Preset

WHOLE = 16  # values of at most this many cells are explained cell by cell
FEW = 4  # and in networks of more than SMALL parameters those of at most this many
SMALL = 64
LONGEST = 300  # characters of a formula; longer ones lose their middle
MILESTONES = (1, 10, 100, 1000, 10_000)


def walkthrough(preset: Preset, seed: int = 0) -> Iterator[str]:
    """The lines of a preset's walkthrough: data and weights, every step of the first training step, then training.

    Args:
        preset: What to walk through.
        seed: Seed of the initial weights and of the order.

    Example:
        >>> from fastnn import presets
        >>> next(walkthrough(presets.get("worked-example")))
        'worked-example: Backpropagation by hand: 2-2-2, sigmoid'
    """
    yield f"{preset.name}: {preset.title}"
    yield preset.description
    x, y = preset.data()
    stepper = Stepper(preset.build(seed), x, y, preset.batch_size, shuffle=preset.shuffle, seed=seed)
    yield ""
    yield "Given"
    whole = most_cells(stepper)
    for name, value in stepper.listing.values.items():
        if stepper.made_by(name) is None or value.role in ("parameter", "state"):
            yield from given_lines(stepper, name, preset.digits, whole)
    yield from step_lines(stepper, preset.digits)
    yield from training_lines(stepper, preset)
    yield from variant_lines(preset)


def most_cells(stepper: Stepper) -> int:
    """Cells of the largest values that are written out in full: fewer in a large network, which has many of them."""
    values = stepper.listing.values
    parameters = sum(int(np.prod(value.shape)) for value in values.values() if value.role == "parameter")
    return WHOLE if parameters <= SMALL else FEW


def given_lines(stepper: Stepper, name: str, digits: int, whole: int = WHOLE) -> Iterator[str]:
    """A value that no step computes."""
    array = stepper.view(name)
    if array.size == 0:
        return
    if array.size > whole:
        yield f"  {name}  {summary(array, digits)}"
        return
    for index in np.ndindex(array.shape):
        yield f"  {label(name, index)} = {number(float(array[index]), digits)}"


def step_lines(stepper: Stepper, digits: int) -> Iterator[str]:
    """Every step of one training step, run and explained."""
    phase, whole = "", most_cells(stepper)
    for i in range(len(stepper.steps)):
        step = stepper.next()
        if step.phase != phase:
            phase = step.phase
            yield ""
            yield phase.capitalize()
        yield f"{i + 1:3}. {step.layer or '-'}: {step.op.name}{' backward' if step.backward else ''}   {step.formula}"
        for name in step.outputs:
            yield from value_lines(stepper, name, digits, whole)


def value_lines(stepper: Stepper, name: str, digits: int, whole: int = WHOLE) -> Iterator[str]:
    """One value that a step wrote: all cells of a small one, the largest cell of a large one."""
    array = stepper.view(name)
    if array.size == 0:
        return
    if array.size <= whole:
        cells = list(np.ndindex(array.shape))
    else:
        yield f"     {name}  {summary(array, digits)}"
        cells = [tuple(int(i) for i in np.unravel_index(np.abs(array).argmax(), array.shape))]
    for index in cells:
        yield from cell_lines(stepper.explain(name, index, digits), digits)


def cell_lines(e: Explanation, digits: int) -> Iterator[str]:
    """One cell: symbols, numbers, result, and the parts that make it up."""
    name = label(e.name, e.index)
    for part in e.named:
        line = f"{part.name} = {shortened(part.symbol)} = {shortened(part.substituted)}"
        yield f"     {line} = {number(part.value, digits)}"
    yield f"     {name} = {shortened(e.symbol)}"
    yield f"     {' ' * len(name)} = {shortened(e.substituted)}"
    yield f"     {' ' * len(name)} = {number(e.result, digits)}"
    for term in e.factors or (e.terms if len(e.terms) > 1 else ()):
        yield f"     {' ' * len(name)}   {shortened(term.symbol)} = {number(term.value, digits)}"
    if e.note:
        yield f"     {' ' * len(name)}   ({e.note})"


def shortened(formula: str) -> str:
    """A formula, without its middle if it is too long to be read.

    Example:
        >>> len(shortened("x + " * 1000)) < 350, shortened("x + y")
        (True, 'x + y')
    """
    if len(formula) <= LONGEST:
        return formula
    head, tail = formula[: LONGEST * 2 // 3].rpartition(" ")[0], formula[-LONGEST // 3 :].partition(" ")[2]
    return f"{head} … {tail}"


def summary(array: Any, digits: int) -> str:
    """Shape and range of a large array."""
    low, high, mean = (number(float(f(array)), digits) for f in (np.min, np.max, np.mean))
    return f"shape {array.shape}, from {low} to {high}, mean {mean}"


def training_lines(stepper: Stepper, preset: Preset) -> Iterator[str]:
    """The loss as training goes on, and the outputs at the end."""
    yield ""
    yield "Training goes on"
    total = preset.epochs * stepper.schedule.batches
    for steps in [m for m in MILESTONES if m < total] + [total]:
        stepper.goto((steps + 1) * len(stepper.steps))
        yield f"  loss after {steps} updates: {number(stepper.losses[-1], preset.digits)}"
    for name in stepper.listing.outputs:
        yield from given_lines(stepper, name, preset.digits)


def variant_lines(preset: Preset) -> Iterator[str]:
    """The loss after one update of the preset's variants."""
    x, y = preset.data()
    for title, build in preset.variants.items():
        stepper = Stepper(build(), x, y, preset.batch_size)
        stepper.train(steps=2)
        yield f"  with {title}: loss after 1 update: {number(stepper.losses[-1], preset.digits)}"
