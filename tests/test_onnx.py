"""ONNX files say what the model says: every operation, layer and preset, run by onnxruntime."""

import numpy as np
import onnx
import pytest

import fastnn
from fastnn import layers, presets
from fastnn.engine.nested import map_structure
from fastnn.errors import GraphError
from fastnn.exchange.onnx_file import convertible
from fastnn.ops.table import OPS
from tests.exchange_checks import close, first_rows, model_of, predictions
from tests.golden.arguments import FAMILIES
from tests.onnx_checks import op_differences, session

NOT_OF_PREDICTIONS = {"update", "loss", "metric", "random"}  # kinds
STORED = {"tensor(float)": "float32", "tensor(int32)": "int32", "tensor(int64)": "int64", "tensor(uint8)": "uint8"}
WITHOUT_WORDS = {"erfinv", "col2im"}


def exported(model, path, **arguments):
    model.export(path, verbose=False, **arguments)
    content = onnx.load(path)
    return content, session(content)


def assert_same(model, run, x, label):
    """The file's outputs are the model's, by name or in order."""
    names = [i.name for i in run.get_inputs()]
    found = run.run(None, dict(zip(names, x, strict=True)))
    for actual, wanted in zip(found, predictions(model, x), strict=True):
        close(actual, np.asarray(wanted), label)


# ---------------------------------------------------------------- operations


@pytest.mark.parametrize("name", [op.name for op in OPS.values() if convertible(op) and op.kind != "random"])
def test_operations(name):
    op_differences(OPS[name])


def test_all_operations_of_predictions_have_words():
    without = {op.name for op in OPS.values() if not convertible(op) and op.kind not in NOT_OF_PREDICTIONS}
    assert without == WITHOUT_WORDS


@pytest.mark.parametrize(("draw", "spread"), [("normal", 1.0), ("uniform", 12**-0.5)])
def test_chance_has_its_distribution(draw, spread, tmp_path):
    class Noisy(layers.Layer):
        def call(self, x):
            return x + getattr(fastnn.random, draw)(fastnn.ops.shape(x))

    _, run = exported(fastnn.Sequential([layers.Input((100,)), Noisy()]), tmp_path / "m.onnx")
    (found,) = run.run(None, {run.get_inputs()[0].name: np.zeros((50, 100), "float32")})
    assert found.shape == (50, 100)
    assert found.std() == pytest.approx(spread, rel=0.05)
    assert len(np.unique(found)) > 4900


def test_operation_without_words_is_named(tmp_path):
    model = fastnn.Sequential([layers.Input((3,)), layers.Lambda(fastnn.ops.erfinv, name="inverse")])
    with pytest.raises(GraphError, match=r"layer 'inverse' \(erfinv\): expected operations that ONNX can say"):
        model.export(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- layers


@pytest.mark.parametrize("family", FAMILIES)
def test_layers(family, tmp_path):
    fastnn.utils.set_random_seed(0)
    for name, case in FAMILIES[family].cases(fastnn).items():
        if case.traced:
            model, counts = model_of(case)
            _, run = exported(model, tmp_path / f"{name}.onnx")
            for count in counts:
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
