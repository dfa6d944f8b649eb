"""ONNX files say what the model says: every operation, layer and preset, run by onnxruntime."""

import numpy as np
import onnx
import pytest

import fastnn
from fastnn import layers, presets
from fastnn.engine.nested import flatten, map_structure
from fastnn.errors import GraphError
from fastnn.exchange.onnx_file import convertible
from fastnn.ops.table import OPS
from tests.golden.arguments import FAMILIES
from tests.onnx_checks import close, op_differences, session

NOT_OF_PREDICTIONS = {"update", "loss", "metric", "random"}  # kinds
STORED = {"tensor(float)": "float32", "tensor(int32)": "int32", "tensor(int64)": "int64", "tensor(uint8)": "uint8"}
WITHOUT_WORDS = {"erfinv", "col2im"}


def first_rows(x, count):
    """The first rows of arrays, from the beginning again where there are too few."""
    return [np.resize(a, (count, *np.shape(a)[1:])) for a in flatten(x)]


def exported(model, path, **arguments):
    model.export(path, verbose=False, **arguments)
    content = onnx.load(path)
    return content, session(content)


def assert_same(model, run, x, label):
    """The file's outputs are the model's, by name or in order."""
    names = [i.name for i in run.get_inputs()]
    expected = flatten(model.predict(x if len(x) > 1 else x[0], batch_size=len(x[0]), verbose=0))
    found = run.run(None, dict(zip(names, x, strict=True)))
    for actual, wanted in zip(found, expected, strict=True):
        close(actual, np.asarray(wanted), label)


# ---------------------------------------------------------------- operations


@pytest.mark.parametrize("name", [op.name for op in OPS.values() if convertible(op)])
def test_operations(name):
    op_differences(OPS[name])


def test_all_operations_of_predictions_have_words():
    without = {op.name for op in OPS.values() if not convertible(op) and op.kind not in NOT_OF_PREDICTIONS}
    assert without == WITHOUT_WORDS


def test_operation_without_words_is_named(tmp_path):
    model = fastnn.Sequential([layers.Input((3,)), layers.Lambda(fastnn.ops.erfinv, name="inverse")])
    with pytest.raises(GraphError, match=r"layer 'inverse' \(erfinv\): expected operations that ONNX can say"):
        model.export(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- layers


def model_of(case):
    """A functional model of a golden case, its layer settled; inputs with batches of any size where they can be."""
    case.layer(*case.arguments(case.inputs), **case.call)
    case.settle()
    fixed = getattr(case.layer, "stateful", False) or any(len(flatten(v)) > 1 or np.ndim(v) for v in case.call.values())
    shapes = [x.shape if fixed else (None, *x.shape[1:]) for x in case.inputs]
    inputs = [fastnn.Input(batch_shape=s, dtype=str(x.dtype)) for s, x in zip(shapes, case.inputs, strict=True)]
    return fastnn.Model(inputs, case.layer(*case.arguments(inputs), **case.call)), fixed


@pytest.mark.parametrize("family", FAMILIES)
def test_layers(family, tmp_path):
    fastnn.utils.set_random_seed(0)
    for name, case in FAMILIES[family].cases(fastnn).items():
        if case.traced:
            model, fixed = model_of(case)
            _, run = exported(model, tmp_path / f"{name}.onnx")
            for count in (len(case.inputs[0]),) if fixed else (1, 3):
                case.begin()
                assert_same(model, run, first_rows(case.inputs, count), f"{family} {name}, {count} rows")


# ---------------------------------------------------------------- presets


def preset_is_same(name, path, rows):
    """A preset that has learnt for three batches, and its file."""
    preset = presets.get(name)
    model, (x, y) = preset.build(), [map_structure(np.asarray, rows_of(nest)) for nest in preset.data()]
    model.fit(*(map_structure(lambda a: a[: 3 * rows], nest) for nest in (x, y)), batch_size=rows, verbose=0)
    _, run = exported(model, path)
    for count in (1, 3):
        named = [x[i.name] for i in run.get_inputs()] if isinstance(x, dict) else x
        types = [STORED[i.type] for i in run.get_inputs()]
        given = [a.astype(t) for a, t in zip(first_rows(named, count), types, strict=True)]
        assert_same(model, run, given, f"{name}, {count} rows")


def rows_of(nest):
    """Data as arrays; lists of numbers are one array."""
    return nest if isinstance(nest, dict) or any(isinstance(a, np.ndarray) for a in nest) else np.asarray(nest)


@pytest.mark.parametrize("name", ["worked-example", "xor"])
def test_presets(name, tmp_path):
    preset_is_same(name, tmp_path / "m.onnx", 4)


@pytest.mark.full
@pytest.mark.parametrize("name", presets.names())
def test_all_presets(name, tmp_path):
    preset_is_same(name, tmp_path / "m.onnx", 16)
