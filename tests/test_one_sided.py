"""Results that records call one-sided are never negative; the others of the same records can be."""

import numpy as np
import pytest

from fastnn.ops.attributes import Choice
from fastnn.ops.table import OPS

NAMED = sorted(name for name, op in OPS.items() if op.one_sided)


@pytest.mark.parametrize("name", NAMED)
def test_they_are_never_negative(name):
    op = OPS[name]
    assert set(op.one_sided) <= {*op.outputs, *op.extra}
    seen, rng = False, np.random.default_rng(0)
    for case in op.cases:
        if case.draw or case.attrs:
            continue
        given = [None if shape is None else 3 * rng.normal(size=shape) for shape in case.shapes]
        defaults = {k: v.words[0] if isinstance(v, Choice) else v for k, v in op.attrs.items()}
        made = op.forward(*given, **defaults)
        found = dict(zip((*op.outputs, *op.extra), made if isinstance(made, tuple) else (made,), strict=True))
        for role in op.one_sided:
            seen = seen or found[role].size > 0
            assert (found[role] >= 0).all(), role
    assert seen


def test_gates_and_the_logistic_function_are_among_them():
    assert {"sigmoid", "lstm", "gru"} <= set(NAMED)
    assert "g" not in OPS["lstm"].one_sided
    assert not OPS["tanh"].one_sided
