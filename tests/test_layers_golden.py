"""Every layer in every configuration of golden/layers gives what the real Keras 3 gave: values, gradients, state."""

import inspect
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn.utils.registry import deserialize, serialize_object
from tests.golden.arguments import FAMILIES, exempt, given_arguments, layer_classes, wanted_arguments
from tests.golden.case import flat, pattern

HERE = Path(__file__).parent / "golden" / "layers"
NAMES = [(family, name) for family, module in FAMILIES.items() for name in module.cases(fastnn)]
golden = pytest.mark.parametrize(("family", "name"), NAMES, ids=[f"{f}-{n}" for f, n in NAMES])


def numbers_of(family, name, loaded={}):  # noqa: B006
    """What Keras gave for a case, by name."""
    if family not in loaded:
        loaded[family] = dict(np.load(HERE / f"{family}.npz"))
    found = {k.split("/", 1)[1]: v for k, v in loaded[family].items() if k.split("/")[0] == name}
    assert found, f"no golden numbers for {name}: run tests/golden/make_layers.py {family}"
    return found


def fresh(family, name, stock=defaultdict(list)):  # noqa: B006
    """A case that no test has touched: a family is made as a whole, so what is made serves one test of each case."""
    if not any(name in cases for cases in stock[family]):
        stock[family].append(FAMILIES[family].cases(fastnn))
    return next(cases for cases in stock[family] if name in cases).pop(name)


def prepared(family, name):
    """The case with its layer built and settled, and the golden numbers."""
    fastnn.utils.set_random_seed(0)
    case = fresh(family, name)
    case.layer(*case.arguments(case.inputs), **case.call)
    case.settle()
    case.start = case.layer.get_weights()
    return case, numbers_of(family, name)


def training_of(case):
    return {"training": True} if "training" in inspect.signature(type(case.layer).call).parameters else {}


def compare(case, actual, expected, key):
    wanted = [v for k, v in expected.items() if k.split("/")[0] == key]
    assert len(actual) == len(wanted), f"{key}: {len(actual)} of {len(wanted)}"
    for value, golden_value in zip(actual, wanted, strict=True):
        scale = max(1.0, float(np.abs(golden_value).max(initial=0)))
        assert np.shape(value) == golden_value.shape
        np.testing.assert_allclose(np.asarray(value), golden_value, rtol=case.rtol, atol=case.rtol * scale, err_msg=key)


def compare_gradients(case, found, expected, key):
    """Gradients by number; one that Keras does not have may be absent or zero."""
    for k, value in found.items():
        wanted = expected.get(f"{key}/{k}")
        if wanted is None:
            assert value is None or not np.any(np.asarray(value)), f"{key}/{k}"
        else:
            compare(case, [value if value is not None else np.zeros_like(wanted)], {"g": wanted}, "g")


@golden
def test_values(family, name):
    case, expected = prepared(family, name)
    args = case.arguments(case.inputs)
    compare(case, flat(case.layer(*args, **case.call)), expected, "y")
    if not case.random:
        case.layer.set_weights(case.start)
        case.begin()
        compare(case, flat(case.layer(*args, **case.call, **training_of(case))), expected, "training")
        compare(case, case.layer.non_trainable_weights, expected, "state")


@golden
def test_gradients(family, name):
    case, expected = prepared(family, name)
    if case.random:
        assert "dx/0" not in expected
        return
    inputs = [fastnn.Tensor(x) for x in case.inputs]
    floats = [k for k, x in enumerate(case.inputs) if x.dtype.kind == "f"]
    with fastnn.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        outputs = flat(case.layer(*case.arguments(inputs), **case.call, **training_of(case)))
        loss = weighted([fastnn.Tensor(pattern(k, y.shape)) for k, y in enumerate(outputs)], outputs)
    if loss is None:
        assert not [k for k in expected if k.startswith("d")]
        return
    d_inputs = tape.gradient(loss, [inputs[k] for k in floats])
    d_weights = tape.gradient(loss, case.layer.trainable_weights)
    compare_gradients(case, dict(zip(floats, d_inputs, strict=True)), expected, "dx")
    compare_gradients(case, dict(enumerate(d_weights)), expected, "dw")


def weighted(patterns, outputs):
    """The scalar that is differentiated; None if no output is of a floating type."""
    terms = [fastnn.ops.sum(y * p) for y, p in zip(outputs, patterns, strict=True) if str(y.dtype).startswith("float")]
    total = terms[0] if terms else None
    for term in terms[1:]:
        total = total + term
    return total


@golden
def test_in_a_model(family, name):
    """The layer in a functional model: one step of plain gradient descent at rate 1 takes the gradient off."""
    case, expected = prepared(family, name)
    if not case.traced:
        return
    inputs = [fastnn.Input(batch_shape=x.shape, dtype=str(x.dtype)) for x in case.inputs]
    outputs = flat(case.layer(*case.arguments(inputs), **case.call))
    model = fastnn.Model(inputs, outputs)
    case.layer.set_weights(case.start)
    case.begin()
    given = case.inputs if len(inputs) > 1 else case.inputs[0]
    compare(case, flat(model.predict(given, batch_size=len(case.inputs[0]), verbose=0)), expected, "y")
    if case.random or not any(k.startswith("dw") for k in expected):
        return
    case.layer.set_weights(case.start)
    case.begin()
    model.compile(fastnn.optimizers.SGD(1.0), loss=[lambda t, p: fastnn.ops.sum(t * p)] * len(outputs))
    patterns = [pattern(k, v.shape) for k, v in enumerate(v for n, v in expected.items() if n.startswith("training/"))]
    before = [w.numpy() for w in case.layer.trainable_weights]
    model.train_on_batch(given, patterns if len(patterns) > 1 else patterns[0])
    after = [w.numpy() for w in case.layer.trainable_weights]
    compare_gradients(case, {k: a - b for k, (a, b) in enumerate(zip(before, after, strict=True))}, expected, "dw")
    compare(case, case.layer.non_trainable_weights, expected, "state")


@golden
def test_shapes_are_known_beforehand(family, name):
    case, expected = prepared(family, name)
    if not case.traced:
        return
    specs = [fastnn.Input(x.shape[1:], dtype=str(x.dtype)) for x in case.inputs]
    if getattr(case.layer, "stateful", False) or any(hasattr(a, "shape") for a in flat(list(case.call.values()))):
        specs = [fastnn.Input(batch_shape=x.shape, dtype=str(x.dtype)) for x in case.inputs]
    outputs = flat(case.layer(*case.arguments(specs), **case.call))
    for k, y in enumerate(outputs):
        known = expected[f"y/{k}"].shape
        assert all(n in (None, m) for n, m in zip(y.shape, known, strict=True)), (y.shape, known)
        assert y.shape[1:].count(None) == 0, y.shape


@golden
def test_configurations_are_exchanged_with_keras(family, name):
    case = fresh(family, name)
    entry = json.loads(str(numbers_of(family, name)["config"]))
    ours = serialize_object(case.layer)
    missing = set(entry["config"]) - set(ours["config"]) - unused(entry["config"])
    assert not missing, f"get_config lacks {missing}"
    if not str(entry["module"]).startswith("keras"):
        return
    assert (ours["module"], ours["class_name"]) == (entry["module"], entry["class_name"])
    copy = deserialize(entry)
    copy(*case.arguments(case.inputs), **case.call)
    case.layer(*case.arguments(case.inputs), **case.call)
    case.settle()
    copy.set_weights(case.layer.get_weights())
    if getattr(copy, "stateful", False):
        copy.reset_state()
    for a, b in zip(flat(copy(*case.arguments(case.inputs), **case.call)),
                    flat(case.layer(*case.arguments(case.inputs), **case.call)), strict=True):  # fmt: skip
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def unused(config):
    """Entries of Keras that switch nothing on."""
    return {k for k, v in config.items() if v in (None, False)}


# ---------------------------------------------------------------- is every argument covered?


@pytest.mark.parametrize("cls", layer_classes(), ids=lambda c: c.__name__)
def test_every_argument_occurs(cls):
    left_out = exempt().get(cls.__name__, set())
    if "*" in left_out:
        return
    given = given_arguments()
    assert cls.__name__ in given, "no golden case has this layer"
    missing = set(wanted_arguments(cls)) - given[cls.__name__] - left_out
    assert not missing, f"no golden case gives {sorted(missing)}"
