"""Symbolic tensors: functional graphs and traces."""

import numpy as np
import pytest

from fastnn import ops
from fastnn.engine import functional
from fastnn.engine.graph import SymbolicTensor, Trace
from fastnn.engine.tensor import Variable
from fastnn.errors import DTypeError, GraphError, ShapeError


def test_open_axes_stay_open_where_they_matter():
    x = SymbolicTensor((None, 4, 3))
    assert ops.flatten(x).shape == (None, 12)
    assert ops.mean(x, axis=0).shape == (4, 3)
    assert ops.dense(x, np.ones((3, 5), "f4")).shape == (None, 4, 5)
    assert ops.concatenate([x, x], axis=1).shape == (None, 8, 3)


def test_a_functional_graph_replays_on_data():
    a, b = SymbolicTensor((None, 2), name="a"), SymbolicTensor((None, 2), name="b")
    c = ops.relu(a - b) * 2.0
    nodes = functional.nodes_between([a, b], [c])
    assert [n.callable.name for n in nodes] == ["subtract", "relu", "multiply"]
    result = functional.replay(nodes, [a, b], [np.array([[3.0, 0.0]], "f4"), np.ones((1, 2), "f4")], c)
    np.testing.assert_array_equal(result, [[4.0, 0.0]])


def test_a_graph_that_does_not_connect_names_the_missing_input():
    a, b = SymbolicTensor((None, 2), name="a"), SymbolicTensor((None, 2), name="b")
    with pytest.raises(GraphError, match="also needs 'b'"):
        functional.nodes_between([a], [a + b])


def test_a_long_chain_needs_no_deep_recursion():
    x = y = SymbolicTensor((None, 2), name="x")
    for _ in range(3000):
        y = ops.relu(y)
    assert len(functional.nodes_between([x], [y])) == 3000


def test_symbolic_tensors_refuse_to_be_data():
    x = SymbolicTensor((None, 2), name="x")
    for use in (bool, len, list, np.asarray):
        with pytest.raises(GraphError, match="'x'"):
            use(x)


def test_a_trace_names_values_by_layer_and_operation():
    with Trace() as trace:
        x = trace.add_value("x", (2, 3), "float32", "input")
        w = Variable(np.ones((3, 4), "f4"), name="fc/kernel")
        w.path = "fc/kernel"
        with trace.layer("fc"):
            y = ops.relu(ops.dense(x, w))
            ops.dense(x, w)
    assert list(trace.values) == ["x", "fc.kernel", "fc.dense", "fc.relu", "fc.dense_2"]
    assert y.shape == (2, 4)
    assert str(trace.steps[0]) == "forward  fc: fc.dense = dense(x, fc.kernel)"


def test_errors_inside_a_layer_name_it():
    with Trace() as trace, pytest.raises(ShapeError, match=r"layer 'fc' \(dense\): expected"), trace.layer("fc"):
        ops.dense(trace.add_value("x", (2, 3), "float32", "input"), np.ones((4, 5), "f4"))


def test_two_floating_types_in_one_graph_are_refused():
    with Trace() as trace:
        x = trace.add_value("x", (2,), "float32", "input")
        with pytest.raises(DTypeError, match="one floating type"):
            ops.add(x, Variable(np.ones(2), name="w"))


def test_tensors_of_another_trace_are_refused():
    with Trace() as first:
        x = first.add_value("x", (2,), "float32", "input")
    with Trace(), pytest.raises(GraphError, match="another one"):
        ops.relu(x)


def test_variables_alone_are_recorded_inside_a_trace():
    w = Variable([1.0, 2.0], name="w")
    with Trace() as trace:
        ops.square(w)
    assert [s.op.name for s in trace.steps] == ["square"]


def test_constants_take_the_graph_type():
    with Trace() as trace:
        x = trace.add_value("x", (2,), "float64", "input")
        y = ops.multiply(x, np.ones(2, "f4"))
    assert y.dtype == "float64"


def test_deciding_on_a_symbolic_tensor_says_what_to_do():
    x = SymbolicTensor((None, 2), name="x")
    for use in (float, int, bool):
        with pytest.raises(GraphError, match="'x'"):
            use(x)
