"""Whether a batch's parts, each in a process of its own, give what the whole batch does: a first step, tried aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import ops
from fastnn.engine.part import Part
from fastnn.engine.plan import Plan

Array = NDArray[Any]
AddUp = Callable[[Array], None]
LOSS = "the loss"
NEAR_LOSS = 1e-4  # the share of a loss that rounding stays below
NEAR, OF_LARGEST = 1e-2, 1e-4  # the same of a gradient's largest number, and of the largest of all


def rehearsed(model: Any, feeds: Mapping[str, Array], rows: int, part: Part, training: bool, add_up: AddUp) -> Any:
    """The loss and, in training, the gradients of the first rows, added up over the processes by name.

    Args:
        model: The model; it is left as it is.
        feeds: Data by value name.
        rows: How many rows there are in the processes together.
        part: The part of this process.
        training: Whether to run backward, too.
        add_up: Puts into an array the sum over the processes.
    """
    plan = ran(model, feeds, part.rows_of(np.arange(rows)), training, part)
    found = {LOSS: loss_of(plan) * part.share}
    add_up(found[LOSS])
    sums = [step for step in plan.listing.steps[: plan.listing.updates] if step.op is ops.all_reduce]
    found.update({s.inputs[0]: plan.array(s.outputs[0]) for s in sums if s.outputs[0].endswith(".total")})
    return found


def difference(model: Any, feeds: Mapping[str, Array], rows: int, together: Mapping[str, Array], training: bool) -> str:
    """What differs from the same rows run by one process, in words; empty if nothing does.

    Args:
        model: The model; it is left as it is.
        feeds: Data by value name.
        rows: How many rows.
        together: What `rehearsed` gave.
        training: Whether backward was run, too.
    """
    plan = ran(model, feeds, np.arange(rows), training, None)
    alone = {name: plan.array(name) for name in together if name in plan.listing.values}
    alone[LOSS] = loss_of(plan)
    largest = max((float(np.abs(array).max(initial=0)) for name, array in alone.items() if name != LOSS), default=0.0)
    for name, array in alone.items():
        peak = np.abs(array).max(initial=0)
        bound = NEAR_LOSS * (peak + 0.01) if name == LOSS else NEAR * peak + OF_LARGEST * largest
        apart = np.abs(np.subtract(together[name], array, dtype=np.float64)).max(initial=0)
        if apart > bound:  # False for NaN, which both may have
            return f"{name} differs by {apart:.3g}, with numbers up to {peak:.3g}"
    return ""


def ran(model: Any, feeds: Mapping[str, Array], order: Array, training: bool, part: Part | None) -> Plan:
    """A plan of the model that has run some rows up to the update, on copies of the weights."""
    listing = model.step_list(len(order), feeds, training, part)
    plan = Plan(listing, keep=True, storage={v: v.value.copy() for v in model.variables_of_training()})
    plan.load_rows(feeds, order, 0)
    plan.run(0, listing.updates)
    return plan


def loss_of(plan: Plan) -> Array:
    """The loss that a plan has computed, as an array of one number; 0 where there is none."""
    loss = plan.listing.loss
    return np.array([0.0 if loss is None else float(plan.array(loss))])
