"""What can be checked of any operation by reading its record: used by test_op_table on all of them."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from fastnn.engine import execute
from fastnn.engine.gradcheck import check_op
from fastnn.errors import ShapeError
from fastnn.ops.cases import inputs_for
from fastnn.ops.table import OPS, Case


def differentiable(op, case):
    """Whether the case has gradients: its numbers are floats, before and after."""
    if op.backward is None:
        return False
    arrays = [x for x in inputs_for(op, case) if x is not None]
    typed = [op.dtype_of(role, "float64", op.complete(case.attrs)) for role in op.outputs]
    return any(x.dtype == np.float64 for x in arrays) and all(np.dtype(t).kind == "f" for t in typed)


NAMED = {f"{op.name}-{k}": (op, case) for op in OPS.values() for k, case in enumerate(op.cases)}
NAMED_BACKWARD = {name: (op, case) for name, (op, case) in NAMED.items() if differentiable(op, case)}
WORTH_SHARING = 300_000  # numbers that surely occupy several threads


def grown(op, case):
    """The case with so many rows that several threads work on it; None if the operation does not allow that."""
    first = next((s for s in case.shapes if s), ())
    if 0 in first or not first:
        return None
    factor = WORTH_SHARING // math.prod(first) + 1
    shapes = tuple((s[0] * factor, *s[1:]) if s and s[0] == first[0] else s for s in case.shapes)
    try:
        op.infer(shapes, op.complete(case.attrs))
    except ShapeError:
        return None
    return Case(shapes, case.attrs, case.draw)


def first_grown(op):
    """The first case that can be grown, or None."""
    return next((case for case in (grown(op, c) for c in op.cases) if case is not None), None)


GROWN = {op.name: (op, first_grown(op)) for op in OPS.values() if first_grown(op) is not None}


class Example:
    """A case with its data: inputs, results of the reference, upstream gradients."""

    def __init__(self, op, case, dtype="float64", seed=0):
        self.op, self.case, self.attrs = op, case, op.complete(case.attrs)
        self.inputs = inputs_for(op, case, dtype, seed)
        self.dtype = dtype
        self.count = len(self.inputs)
        self.shapes = tuple(None if x is None else x.shape for x in self.inputs)
        self._upstream = None
        self.computing = str(execute.computing_dtype(op, self.inputs))

    @cached_property
    def differentiable(self):
        """Whether the case has gradients."""
        return differentiable(self.op, self.case)

    def dtype_of(self, role):
        """The type that a result has to have."""
        return self.op.dtype_of(role, self.computing, self.attrs)

    def reference(self, inputs=None):
        """Outputs and extras by role, as arrays."""
        with np.errstate(all="ignore"):
            results = execute.as_tuple(self.op.forward(*(self.inputs if inputs is None else inputs), **self.attrs))
        roles = (*self.op.outputs, *self.op.extra)
        return {role: np.asarray(result) for role, result in zip(roles, results, strict=True)}

    def by_role(self, results, inputs=None):
        """All values that an explanation or backward may read."""
        inputs = self.inputs if inputs is None else inputs
        return {**dict(zip(self.op.roles(self.count), inputs, strict=True)), **results}

    def upstream(self, results):
        """A gradient for every output, always the same."""
        if self._upstream is None:
            rng = np.random.default_rng(1)
            self._upstream = [np.asarray(rng.normal(size=results[r].shape), self.dtype) for r in self.op.outputs]
        return self._upstream

    def saved(self, values):
        return [values[role] for role in self.op.saved_roles(self.count)]

    def backward_reference(self, upstream, saved):
        with np.errstate(all="ignore"):
            grads = self.op.backward(*upstream, *saved, shapes=self.shapes, **self.attrs)
        return dict(zip((*self.op.gradient_roles(self.count), *self.op.backward_extra), grads, strict=True))

    # -------------------------------------------------------- kernels

    def as_computed(self):
        """The inputs in the types that the kernel takes."""
        return execute.prepare(self.op, self.inputs, self.attrs)

    def kernel(self, place=np.copy):
        """Run the kernel: outputs and extras by role. Updates work in place on copies of their inputs."""
        op, inputs = self.op, [None if x is None else place(x) for x in self.as_computed()]
        shapes = op.infer(self.shapes, self.attrs)
        roles, outputs = op.roles(self.count), {}
        for role, shape in zip((*op.outputs, *op.extra), shapes, strict=True):
            source = op.in_place.get(role)
            fresh = place(np.full(shape, 99, self.dtype_of(role)))
            outputs[role] = fresh if source is None else inputs[roles.index(source)]
        execute.run_kernel(op, False, inputs, list(outputs.values()), self.attrs)
        return outputs

    def backward_kernel(self, upstream, saved, wanted=None):
        """Run the backward kernel; `wanted` names the gradients to compute (all by default)."""
        op, grads, places = self.op, {}, []
        by_role = dict(zip(op.roles(self.count), self.shapes, strict=True))
        for role in op.gradient_roles(self.count):
            is_wanted = by_role[role] is not None and (wanted is None or role in wanted)
            grads[role] = np.full(by_role[role], 99, self.dtype) if is_wanted else None
            places.append(grads[role] if is_wanted else by_role[role])
        for role, shape in op.inner_gradients(self.shapes, self.attrs).items():
            grads[role] = np.full(shape, 99, self.dtype)
            places.append(grads[role])
        execute.run_kernel(op, True, [*upstream, *saved], places, self.attrs)
        return grads


def misplaced(array):
    """A copy that begins one cell behind the start of its memory: not aligned to any vector."""
    room = np.empty(array.size + 1, array.dtype)[1:].reshape(array.shape)
    room[...] = array
    return room


def widened(array):
    """Floats as float64; None and whole numbers as they are."""
    return array.astype(np.float64) if array is not None and array.dtype.kind == "f" else array


def assert_close(actual, expected, label):
    """Equal within the rounding of float32, relative to the largest number; whole numbers are equal."""
    assert actual.shape == expected.shape, label
    if actual.dtype.kind != "f":
        np.testing.assert_array_equal(actual, expected, err_msg=label)
        return
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1.0, finite.max()) if finite.size else 1.0
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5 * scale, err_msg=label)


def gradient_errors(op, case, seed=0):
    """Relative error of the reference's backward against finite differences, by input."""
    checks = check_op(op, inputs_for(op, case, "float64", seed), **case.attrs)
    return {check.name: check.error for check in checks}


def sample_cells(shape, most, rng):
    """Some cells of an array, as tuples."""
    size = int(np.prod(shape, dtype=np.int64))
    chosen = range(size) if size <= most else sorted(rng.choice(size, most, replace=False))
    return [tuple(int(i) for i in np.unravel_index(k, shape)) for k in chosen]


def changed_outside(arrays, cells, rng):
    """Copies of the arrays in which every floating cell that is not among `cells` has another value."""
    changed = {}
    for role, array in arrays.items():
        changed[role] = array
        if array is not None and array.dtype.kind == "f":
            other = array * (1 + 0.3 * rng.uniform(0.1, 1, array.shape)) + 0.05 * rng.uniform(0.1, 1, array.shape)
            other = np.asarray(other)
            if role in cells:
                keep = tuple(cells[role].T)
                other[keep] = array[keep]
            changed[role] = other
    return changed
