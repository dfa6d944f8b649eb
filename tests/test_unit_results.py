"""Results that records call unit lie between 0 and 1, so that colours can tell probabilities and gates."""

import numpy as np
import pytest

from fastnn.ops.attributes import Choice
from fastnn.ops.table import OPS

NAMED = sorted(name for name, op in OPS.items() if op.unit)


@pytest.mark.parametrize("name", NAMED)
def test_they_lie_between_0_and_1(name):
    op = OPS[name]
    assert set(op.unit) <= {*op.outputs, *op.extra}
    seen, rng = False, np.random.default_rng(0)
    for case in op.cases:
        if case.draw or case.attrs:
            continue
        given = [None if shape is None else 3 * rng.normal(size=shape) for shape in case.shapes]
        defaults = {k: v.words[0] if isinstance(v, Choice) else v for k, v in op.attrs.items()}
        made = op.forward(*given, **defaults)
        found = dict(zip((*op.outputs, *op.extra), made if isinstance(made, tuple) else (made,), strict=True))
        for role in op.unit:
            seen = seen or found[role].size > 0
            assert ((found[role] >= 0) & (found[role] <= 1)).all(), role
    assert seen


def test_gates_and_the_logistic_function_are_among_them():
    assert {"sigmoid", "lstm", "gru"} <= set(NAMED)
    assert "g" not in OPS["lstm"].unit
    assert not OPS["tanh"].unit
