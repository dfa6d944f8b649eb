"""What one tensor view shows, and how a step's values become such contents. No Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gui.colours import Scale, one_sided, scale_for
from gui.numbers import axis_letters

Index = tuple[int, ...]
KEPT = ("parameter", "state", "constant")
GRADIENT = re.compile(r"\.grad(\.\d+)?$")


@dataclass(frozen=True)
class Content:
    """What a tensor view shows.

    Args:
        name: The value's name.
        shape: Its shape.
        data: Its cells; None while it is not computed.
        title: What it is for the operation, such as "x" or "dw".
        role: input, target, weight, parameter, state, constant, activation or gradient.
        weight: Whether it is laid out like a parameter.
        batch: Whether the first axis counts samples.
        sample: The sample shown.
        channel: The only channel shown, or None for all.
        scale: Limits of the colour bar; None for those of the data.
        missing: What to say when there is no data.
        hold: An axis of a kernel and the position on it that alone is shown where there is no room for all.
        hidden: A cell whose number is to be predicted: neither number nor colour is on it, and `data` has 0 there.
        side: Columns of the picture that a sample's row of numbers is; 0 for a row that is none.
        mean: Whether every sample's cells hold the mean over the batch.
        picture: Whether it is (n, h, w), pictures without an axis for channels.
    """

    name: str
    shape: tuple[int, ...]
    data: NDArray[Any] | None = None
    title: str = ""
    role: str = "activation"
    weight: bool = False
    batch: bool = False
    sample: int = 0
    channel: int | None = None
    scale: Scale | None = None
    missing: str = "not computed yet"
    hold: tuple[int, int] | None = None
    hidden: Index | None = None
    side: int = 0
    mean: bool = False
    picture: bool = False

    @property
    def letters(self) -> tuple[str, ...]:
        """Letters of the axes."""
        return letters_of(self.shape, self.weight, self.batch, self.picture)


@dataclass(frozen=True)
class Scene:
    """One step as it is put on the stage.

    Args:
        step: The step.
        index: Its index in the step list.
        done: Whether it has run.
        operands: What it reads.
        results: What it writes.
        marks: By value name the cells that the selected number depends on.
        consumers: By value name the cells that depend on the selected or hovered number.
        winners: By value name the cell that a window chose.
    """

    step: Any
    index: int
    done: bool
    operands: tuple[Content, ...]
    results: tuple[Content, ...]
    marks: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    consumers: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    winners: Mapping[str, Index] = field(default_factory=dict)


def base_name(name: str) -> str:
    """The value that a gradient belongs to; other names as they are.

    Example:
        >>> base_name("conv1.kernel.grad"), base_name("h.grad.2"), base_name("h")
        ('conv1.kernel', 'h', 'h')
    """
    return GRADIENT.sub("", name)


def is_gradient(name: str) -> bool:
    """Whether a value's name says that it is a gradient."""
    return GRADIENT.search(name) is not None


def is_backward(listing: Any, name: str) -> bool:
    """Whether a value is a gradient, whatever its name: that of an LSTM's cell state is named after the operation."""
    return is_gradient(name) or listing.values[name].role == "gradient"


def differentiated(listing: Any, name: str) -> str:
    """The value that a gradient belongs to: that of x.dc is x.c, or x itself where there is none and the shape fits."""
    stem, _, last = name.rpartition(".")
    if is_gradient(name) or not is_backward(listing, name):
        return base_name(name)
    alike = (n for n in (f"{stem}.{last[1:]}", stem) if n in listing.values)
    return next((n for n in alike if listing.values[n].shape == listing.values[name].shape), name)


def letters_of(shape: tuple[int, ...], weight: bool, batch: bool, picture: bool = False) -> tuple[str, ...]:
    """Letters of a value's axes; a value without samples, such as a loss averaged over them, has plain ones."""
    if picture:
        return axis_letters(4, "activation")[:3]
    if weight or batch or not shape:
        return axis_letters(len(shape), "parameter" if weight else "activation")
    return tuple(f"axis {i}" for i in range(len(shape)))


def is_weight(listing: Any, name: str) -> bool:
    """Whether a value is a parameter or state, or the gradient of one."""
    base = listing.values.get(base_name(name), listing.values[name])
    return base.role in KEPT and not (is_gradient(name) and base.name == name)


def has_batch(listing: Any, name: str) -> bool:
    """Whether a value's first axis counts the samples of the batch."""
    shape = listing.values[name].shape
    if not shape or shape[0] != batch_size(listing) or is_weight(listing, name):
        return False
    return not joins_samples(listing, base_name(name))


def joins_samples(listing: Any, name: str) -> bool:
    """Whether a value is a statistic over the samples: one number a channel, say, and there may be as many of them."""
    made = listing.written_by.get(name)
    step = None if made is None else listing.steps[made]
    if step is None:
        return False
    if step.op.kind not in ("normalization", "reduction") or "axis" not in step.attrs:
        return follows_statistics(listing, step, listing.values[name].shape)
    axis, rank = step.attrs["axis"], len(step.shapes[0])
    axes = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    return 0 in {a % rank for a in axes} and len(listing.values[name].shape) < rank


def batch_size(listing: Any) -> int:
    """Samples in a batch."""
    return int(listing.values[listing.inputs[0]].shape[0]) if listing.inputs else 1


def follows_statistics(listing: Any, step: Any, shape: tuple[int, ...]) -> bool:
    """Whether a step makes a row of numbers out of statistics over the samples alone."""
    alike = [n for n in step.inputs if listing.values[n].shape == shape and listing.values[n].role not in KEPT]
    return len(shape) == 1 and bool(alike) and all(joins_samples(listing, base_name(n)) for n in alike)


def label_letters(listing: Any, name: str) -> tuple[str, ...]:
    """Letters of a named value's axes."""
    value = listing.values[name]
    return letters_of(value.shape, is_weight(listing, name), has_batch(listing, name), is_picture(listing, name))


def is_picture(listing: Any, name: str) -> bool:
    """Whether a value, or the value that a gradient belongs to, is pictures without an axis for channels."""
    return len(listing.values[name].shape) == 3 and has_batch(listing, name) and base_name(name) in listing.pictures


def content_of(session: Any, name: str, title: str = "", data: NDArray[Any] | None = None, **options: Any) -> Content:
    """A value as content; `data` replaces its present cells."""
    listing = session.listing
    value = listing.values[name]
    if data is None and session.computed(name):
        data = session.view(name)
    role = "gradient" if is_gradient(name) else value.role
    weight, batch = is_weight(listing, name), has_batch(listing, name)
    selected = session.selection
    if selected is not None and selected[0] == name and session.hides(*selected):
        options["hidden"] = selected[1]
        data = None if data is None else without(data, selected[1])
    scale = None if data is None else limits_of(listing, name, role, data)
    options["picture"] = is_picture(listing, name)
    return Content(name, tuple(value.shape), data, title, role, weight, batch, scale=scale, **options)


def without(data: NDArray[Any], index: Index) -> NDArray[Any]:
    """A copy with 0 in one cell, so that neither colours nor their limits tell what is there."""
    copy = np.array(data)
    copy[index] = 0
    return copy


def limits_of(listing: Any, name: str, role: str, data: NDArray[Any]) -> Scale:
    """Limits of a value's colours: 0 and 1 for probabilities and gates, otherwise those of the data."""
    name, role = origin(listing, name, role)
    made = listing.written_by.get(name)
    step = None if made is None or role != "activation" else listing.steps[made]
    if step is not None and any(n == name for r, n in step.results if r in step.op.unit) and within(data):
        return Scale(0.0, 1.0, signed=False)
    return scale_for(data, signed=is_signed(listing, name, role, data))


def origin(listing: Any, name: str, role: str) -> tuple[str, str]:
    """The value, with its role, whose numbers an activation has in another order; itself if it is computed."""
    made = listing.written_by.get(name) if role == "activation" else None
    while made is not None and listing.steps[made].op.kind == "rearrangement" and len(listing.steps[made].inputs) == 1:
        name = listing.steps[made].inputs[0]
        made, role = listing.written_by.get(name), listing.values[name].role
    return name, role


def within(data: NDArray[Any]) -> bool:
    """Whether every number lies between 0 and 1; gates may have another activation."""
    return bool(((data >= 0) & (data <= 1)).all())


def is_signed(listing: Any, name: str, role: str, data: NDArray[Any]) -> bool:
    """Signed unless the data is one-sided by nature: pictures, labels, probabilities, losses, as given or rescaled."""
    if role in ("input", "target", "weight") or data.dtype.kind in "iub":
        return not one_sided(data)
    made = listing.written_by.get(name)
    if made is None or role != "activation":
        return True
    if name in listing.given:
        return not one_sided(data)
    kind = listing.steps[made].op.kind
    return kind not in ("normalization", "random", "loss", "metric") or not one_sided(data)


def scene_of(session: Any, channel: int | None = None) -> Scene:
    """The step that the session shows, with its values and the cells to mark.

    Args:
        session: The session.
        channel: The only channel to show, or None for all.
    """
    index = session.shown_index()
    step = session.steps[index]
    options = {"sample": session.sample, "channel": channel, "hold": kernel_hold(session, step)}
    tiles = _Tiles(session, index, options)
    operands, results = tiles.of(step.operands), tiles.of(step.results)
    if step.op.kind == "update":
        operands, results = _same_scales(operands, results)
    if session.batch_mean:
        operands, results = (tuple(averaged(session.listing, c) for c in group) for group in (operands, results))
    scaled = session.scaling.of((*operands, *results))
    operands, results = scaled[: len(operands)], scaled[len(operands) :]
    return Scene(step, index, index < session.done, operands, results, *dependence(session))


def averaged(listing: Any, content: Content) -> Content:
    """The mean over the samples in place of each of them; what has no samples, and whole numbers, as they are."""
    c = content
    if not c.batch or c.shape[0] < 2 or c.hidden is not None or c.data is None or c.data.dtype.kind != "f":
        return c
    data = np.broadcast_to(batch_mean(c.data), c.shape)
    return replace(c, data=data, mean=True, scale=limits_of(listing, c.name, c.role, data))


def batch_mean(data: NDArray[Any]) -> NDArray[Any]:
    """The mean over the first axis, in the type of the data."""
    return np.asarray(data.mean(axis=0, dtype=np.float64), data.dtype)


def mean_at(session: Any, name: str, index: Index) -> Any:
    """The mean over the batch that the stage shows for a cell; None where it shows one sample."""
    if not session.batch_mean or session.number_at(name, index) is None:
        return None
    shown = averaged(session.listing, content_of(session, name))
    return shown.data[index] if shown.mean and shown.data is not None else None


def kernel_hold(session: Any, step: Any) -> tuple[int, int] | None:
    """Which kernels belong to the selected number: those of its output channel, or of its input channel backwards."""
    if step.op.kind != "convolution" or session.selection is None or len(session.selection[1]) < 3:
        return None
    name, index = session.selection
    role = next((r for r, n in (*step.results, *step.operands) if n == name), "")
    return (-2, index[-1]) if role in ("x", "dx") else (-1, index[-1])


class _Tiles:
    """Makes the contents of one step."""

    def __init__(self, session: Any, index: int, options: dict[str, Any]) -> None:
        self.session, self.index, self.options = session, index, options
        self.step = session.steps[index]
        self.done = index < session.done

    def of(self, pairs: Any) -> tuple[Content, ...]:
        return tuple(self.tile(role, name) for role, name in pairs if name is not None)

    def tile(self, role: str, name: str) -> Content:
        if self.session.show == "gradients" and not is_gradient(name):
            return self.gradient(role, name)
        updated = {} if self.step.backward else self.step.op.in_place
        if role in updated and not self.done:
            return replace(content_of(self.session, name, role, **self.options), data=None)
        if role in updated.values() and self.done:
            return self.before(role, name)
        return content_of(self.session, name, role, **self.options)

    def gradient(self, role: str, name: str) -> Content:
        gradient = self.session.gradient_of(name)
        if gradient is not None:
            return content_of(self.session, gradient, f"d{role}", **self.options)
        return replace(content_of(self.session, name, role, **self.options), data=None, missing="has no gradient")

    def before(self, role: str, name: str) -> Content:
        """A value that the step has overwritten, as it was when the step ran."""
        if self.session.moment.arrays is None:
            return content_of(self.session, name, role, self.session.stepper.seen_by(self.index, role), **self.options)
        tile = content_of(self.session, name, role, **self.options)
        return replace(tile, data=None, missing="overwritten; pause to see it")


def _same_scales(operands: tuple[Content, ...], results: tuple[Content, ...]) -> tuple[tuple[Content, ...], ...]:
    """Old and new cells of an update under one colour bar."""

    def shared(name: str) -> Scale | None:
        scales = [c.scale for c in (*operands, *results) if c.name == name and c.scale is not None]
        return max(scales, key=lambda s: s.high, default=None)

    names = [c.name for c in operands]
    twice = {c.name: shared(c.name) for c in results if c.name in names}
    return tuple(
        tuple(replace(c, scale=twice[c.name]) if c.name in twice else c for c in group) for group in (operands, results)
    )


Cells = dict[str, NDArray[np.int64]]


def dependence(session: Any) -> tuple[Cells, Cells, dict[str, Index]]:
    """Cells that the hovered (or else the selected) number depends on, cells that depend on it, and winners."""
    chosen = session.hovered or session.selection
    if chosen is None or chosen[0] not in session.listing.values:
        return {}, {}, {}
    name, index = chosen
    made = session.listing.written_by.get(name)
    consumers = consumer_cells(session.shown_step(), name, index)
    if made is None:
        return {}, consumers, {}
    marks = term_cells(session) if session.hovered is None else None
    if marks is None:
        marks = operand_cells(session.steps[made], name, index)
    return marks, consumers, window_winner(session, session.steps[made], name, index, marks)


def term_cells(session: Any) -> Cells | None:
    """By value name the cells of the one move that is in focus, or None."""
    if session.term is None or session.moment.arrays is not None:
        return None
    inside = session.stepper.inside(*session.selection)
    if inside is None or session.term >= len(inside):
        return None
    found: Cells = {}
    for operand in inside[session.term].operands:
        cell = np.array([operand.index], np.int64)
        found[operand.name] = np.concatenate([found[operand.name], cell]) if operand.name in found else cell
    return found


def operand_cells(step: Any, name: str, index: Index) -> Cells:
    """By value name the cells that one result of a step was computed from."""
    if step.op.explain is None:
        return {}
    role = next((r for r, n in step.results if n == name), None)
    return (
        {} if role is None else _by_name(step, step.op.explain(role, tuple(index), step.shapes, **step.attrs).cells())
    )


def consumer_cells(step: Any, name: str, index: Index) -> Cells:
    """By value name the cells of a step's result that one of its operands goes into, as its derivative says."""
    op = step.op
    role = next((r for r, n in step.operands if n == name), None)
    if step.backward or op.explain is None or role not in op.gradient_roles(len(step.operands)):
        return {}
    cells = op.explain(f"d{role}", tuple(index), step.shapes, **step.attrs).cells()
    return _by_name(step, {r[1:]: c for r, c in cells.items() if r[1:] in op.outputs and r.startswith("d")})


def _by_name(step: Any, cells: Mapping[str, NDArray[np.int64]]) -> Cells:
    found: Cells = {}
    for role, name in (*step.operands, *step.results):
        if role in cells and name is not None:
            found[name] = np.concatenate([found[name], cells[role]]) if name in found else cells[role]
    return found


def window_winner(session: Any, step: Any, name: str, index: Index, marks: Cells) -> dict[str, Index]:
    """The cell of a window whose value is the result, for windows that choose one."""
    result = session.number_at(name, tuple(index)) if step.op.kind == "window" and not step.backward else None
    if result is None:
        return {}
    found: dict[str, Index] = {}
    for operand, cells in marks.items():
        if len(cells) < 2 or not session.computed(operand):
            continue
        equal = np.flatnonzero(session.view(operand)[tuple(cells.T)] == result)
        if len(equal):
            found[operand] = tuple(int(i) for i in cells[equal[0]])
    return found
