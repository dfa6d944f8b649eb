"""ONNX files run by onnxruntime, compared with what the same model or operation gives here."""

import math

import numpy as np
import onnx
import onnxruntime

from fastnn.engine.graph import Trace
from fastnn.engine.steplist import finish
from fastnn.exchange.onnx_file import as_proto
from fastnn.exchange.open_lengths import fixed_list
from fastnn.ops.cases import inputs_for
from tests.exchange_checks import close


def session(content):
    """The file's content, checked and ready to run."""
    onnx.checker.check_model(content, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    return onnxruntime.InferenceSession(content.SerializeToString(), options)


def cases_of(op):
    """The cases of an operation whose arrays are not empty."""
    return [c for c in op.cases if all(math.prod(s) for s in c.shapes if s is not None)]


def op_differences(op):
    """Run an operation's cases from one file, and compare the results with the reference's."""
    trace, feeds, wanted, outputs = Trace(), {}, {}, []
    with trace:
        for k, case in enumerate(cases_of(op)):
            arrays = inputs_for(op, case, "float32", 0)
            symbols = [
                None if a is None else trace.add_value(f"x{k}_{i}", a.shape, a.dtype, "input")
                for i, a in enumerate(arrays)
            ]
            given = {s.name: a for s, a in zip(symbols, arrays, strict=True) if s is not None}
            made = trace.record(op, symbols, op.complete(case.attrs))
            made = made if isinstance(made, tuple) else (made,)
            expected = op(*arrays, **case.attrs)
            expected = expected if isinstance(expected, tuple) else (expected,)
            feeds.update(given)
            outputs += made
            wanted.update({f"out{k}_{i}": np.asarray(e) for i, e in enumerate(expected)})
    inputs = [trace.symbol(name) for name in feeds]
    listing = fixed_list(finish(trace, inputs, outputs=outputs))
    found = session(as_proto(onnx, listing, op.name, list(wanted))).run(None, feeds)
    for (name, expected), actual in zip(wanted.items(), found, strict=True):
        assert actual.dtype == expected.dtype, f"{name}: {actual.dtype} for {expected.dtype}"
        close(actual, expected, f"{op.name} {name}")
