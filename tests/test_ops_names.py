"""`fastnn.ops` has the functions of Keras with their arguments, or says what is missing."""

import ast
import inspect
from pathlib import Path

import pytest

import fastnn
from fastnn import ops
from fastnn.ops.missing import MISSING
from fastnn.ops.table import Op

LINES = (Path(__file__).parent / "golden/ops_names.txt").read_text(encoding="utf-8").splitlines()[1:]
SIGNATURES = dict(line.split("(", 1) for line in LINES)
OPS_NAMES = sorted(name for name in SIGNATURES if "." not in name)
RANDOM_NAMES = sorted(name for name in SIGNATURES if name.startswith("random."))
RANDOM_MISSING = {"random.beta", "random.binomial", "random.gamma"}


def arguments(name):
    """Keras' arguments with their defaults as text, None without one; leading stars are kept."""
    function = ast.parse(f"def f({SIGNATURES[name].rstrip()[:-1]}): pass").body[0].args
    plain = [a.arg for a in function.args]
    defaults = [None] * (len(plain) - len(function.defaults)) + [ast.literal_eval(d) for d in function.defaults]
    required = len(plain) - len(function.defaults)
    return plain, dict(list(zip(plain, defaults, strict=True))[required:])


def test_every_name_of_keras_is_here_or_listed():
    here = {name for name in OPS_NAMES if name in ops.__all__}
    assert set(OPS_NAMES) - here == set(MISSING) & set(OPS_NAMES)
    assert set(MISSING) <= set(OPS_NAMES)
    assert not here & set(MISSING)


@pytest.mark.parametrize("name", [n for n in OPS_NAMES if n in ops.__all__])
def test_arguments_are_those_of_keras(name):
    function, (plain, defaults) = getattr(ops, name), arguments(name)
    own = inspect.signature(function).parameters
    names = [
        p for p in own if own[p].kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    ]
    assert names[: len(plain)] == plain
    for argument, default in defaults.items():
        found = own[argument].default
        if isinstance(function, Op) and argument in function.optional:
            assert found is None
        else:
            assert found == default or (isinstance(default, (int, float)) and float(found) == default), argument


@pytest.mark.parametrize("name", sorted(set(RANDOM_NAMES) - RANDOM_MISSING))
def test_random_arguments_are_those_of_keras(name):
    plain, defaults = arguments(name)
    own = inspect.signature(getattr(fastnn.random, name.removeprefix("random."))).parameters
    assert list(own)[: len(plain)] == plain
    assert {a: own[a].default for a in defaults} == defaults


def test_what_is_missing_says_why():
    with pytest.raises(AttributeError, match=r"no 'svd': decompositions .* not available"):
        ops.svd  # noqa: B018
    with pytest.raises(AttributeError, match=r"did you mean.*'concatenate'"):
        ops.concatenat  # noqa: B018
    with pytest.raises(AttributeError, match="no 'fft'"):
        ops.numpy.fft  # noqa: B018


def test_other_doors():
    assert ops.nn.relu is ops.relu
    assert ops.numpy.reshape is ops.reshape
    from fastnn.ops.nn import softmax

    assert softmax is ops.softmax
