"""References as text that stands alone: the text computes what the reference computes."""

import numpy as np
import pytest

from fastnn.engine.execute import as_tuple
from fastnn.engine.source import Source
from fastnn.errors import GraphError
from fastnn.ops.cases import inputs_for
from fastnn.ops.table import OPS


def standing_alone(function, name):
    """The function as its source text gives it, in a space of its own."""
    source = Source()
    named = source.function(function, name)
    assert "fastnn" not in source.text()
    space = {"__name__": "alone"}
    exec(compile(source.text(), name, "exec"), space)
    return space[named]


def equal(given, wanted):
    pairs = zip(as_tuple(given), as_tuple(wanted), strict=True)
    return all((a is b is None) or np.allclose(a, b, 1e-12, 1e-300, equal_nan=True) for a, b in pairs)


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_text_of_a_reference_computes_the_same(op):
    forward = standing_alone(op.forward, op.name)
    backward = standing_alone(op.backward, f"{op.name}_backward") if op.backward else None
    for case in op.cases:
        inputs, attrs = inputs_for(op, case), op.complete(case.attrs)
        results = as_tuple(op.forward(*inputs, **attrs))
        assert equal(forward(*inputs, **attrs), results)
        if backward is not None:
            shapes = [None if x is None else x.shape for x in inputs]
            by_role = dict(zip(op.roles(len(inputs)), inputs, strict=True))
            by_role |= dict(zip((*op.outputs, *op.extra), results, strict=True))
            given = [np.ones(np.shape(y)) for y in results[: len(op.outputs)]], [by_role[r] for r in op.saves]
            arguments = [*given[0], *given[1]]
            wanted = op.backward(*arguments, shapes=shapes, **attrs)
            assert equal(backward(*arguments, shapes=shapes, **attrs), wanted)


def test_definitions_are_written_once_and_names_never_clash():
    source = Source()
    source.reserve("relu")
    assert source.function(OPS["relu"].forward, "relu") == "relu_2"
    assert source.function(OPS["relu"].forward, "relu") == "relu_2"
    assert source.text().count("def relu_2") == 1


def test_a_formula_is_written_as_it_is_read():
    source = Source()
    source.function(OPS["sigmoid"].backward, "sigmoid_backward")
    assert "dy * y * (1 - y)" in source.text()


def test_what_is_not_written_in_python_is_refused():
    with pytest.raises(GraphError, match="expected a function written in Python"):
        Source().function(print, "print")
