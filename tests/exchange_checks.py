"""What tests of other programs' formats share: models of one layer, rows of data, and how numbers are compared."""

import numpy as np

import fastnn
from fastnn.engine.nested import flatten


def close(actual, expected, label, tolerance=1e-4):
    """Numbers alike to a share of the largest."""
    assert actual.shape == expected.shape, f"{label}: {actual.shape} for {expected.shape}"
    finite = np.abs(expected[np.isfinite(expected)], dtype=np.float64)
    scale = max(1.0, float(finite.max(initial=0)))
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * scale, err_msg=label)


def first_rows(x, count):
    """The first rows of arrays, from the beginning again where there are too few."""
    return [np.resize(a, (count, *np.shape(a)[1:])) for a in flatten(x)]


def predictions(model, x):
    """What a model predicts for a list of its inputs, as a list."""
    return flatten(model.predict(x if len(x) > 1 else x[0], batch_size=len(x[0]), verbose=0))


def model_of(case):
    """A functional model of a golden case, its layer settled, and the batch sizes to try."""
    case.layer(*case.arguments(case.inputs), **case.call)
    case.settle()
    fixed = getattr(case.layer, "stateful", False) or any(len(flatten(v)) > 1 or np.ndim(v) for v in case.call.values())
    shapes = [x.shape if fixed else (None, *x.shape[1:]) for x in case.inputs]
    inputs = [fastnn.Input(batch_shape=s, dtype=str(x.dtype)) for s, x in zip(shapes, case.inputs, strict=True)]
    model = fastnn.Model(inputs, case.layer(*case.arguments(inputs), **case.call))
    return model, (len(case.inputs[0]),) if fixed else (1, 3)
