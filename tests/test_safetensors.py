"""Weights as .safetensors files: read back to the bit, read by others, and refused where they do not fit."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import fastnn
from fastnn import layers


def network(units=4, seed=0):
    fastnn.utils.set_random_seed(seed)
    return fastnn.Sequential(
        [
            layers.Input((5, 3)),
            layers.LSTM(units, name="cells"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(2, name="out"),
        ]
    )


@pytest.fixture
def saved(tmp_path):
    model = network()
    model.save_weights(tmp_path / "w.safetensors")
    return model, tmp_path / "w.safetensors"


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def test_weights_come_back_to_the_bit(saved):
    model, path = saved
    other = network(seed=1)
    assert not same(model, other)
    other.load_weights(path)
    assert same(model, other)
    assert {n: a.shape for n, a in load_file(path).items()} == {v.path: tuple(v.shape) for v in model.weights}


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 0), ("float16", 1e-3)])
def test_other_floats_are_converted(saved, dtype, tolerance):
    model, path = saved
    save_file({n: a.astype(dtype) for n, a in load_file(path).items()}, path)
    other = network(seed=1)
    other.load_weights(path)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance)


def entries(arrays, dtype):
    """A file's content, written by hand: a header and the bytes behind it."""
    header, data = {}, b""
    for name, array in arrays.items():
        header[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + array.nbytes],
        }
        data += array.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_bfloat16_is_converted(saved):
    model, path = saved
    arrays = {n: (np.ascontiguousarray(a).view(np.uint32) >> 16).astype(np.uint16) for n, a in load_file(path).items()}
    path.write_bytes(entries(arrays, "BF16"))
    other = network(seed=1)
    other.load_weights(path)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-2)


def without(arrays, name):
    return {n: a for n, a in arrays.items() if n != name}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: without(a, "out/bias"), r"Received: a file without 'out/bias'$"),
        (lambda a: {**a, "more": np.zeros(3)}, r"Received: a file with 'more', which the model does not have"),
        (
            lambda a: {**a, "out/bias": np.zeros(3, "float32")},
            r"'out/bias' of shape \(2,\) and float32. Received: \(3,\)",
        ),
        (lambda a: {**a, "out/bias": np.zeros(2, "int64")}, r"Received: \(2,\) and int64"),
        (lambda a: {}, r"and \d+ more"),
    ],
)
def test_what_does_not_fit_changes_nothing(saved, change, words):
    _, path = saved
    save_file(change(load_file(path)), path)
    other = network(seed=1)
    before = other.get_weights()
    with pytest.raises(ValueError, match=words) as caught:
        other.load_weights(path)
    assert str(path) in str(caught.value)
    assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True))


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: c[:4],
        lambda c: c[:40],
        lambda c: c[:-1],
        lambda c: c + b"0",
        lambda c: b"",
        lambda c: struct.pack("<Q", 2**62) + c[8:],
        lambda c: struct.pack("<Q", 2) + b"[]",
        lambda c: struct.pack("<Q", 4) + b"\xff\xfe\xfd\xfc",
        lambda c: c.replace(b'"F32"', b'"F8_"'),
        lambda c: c.replace(b'"shape":[2]', b'"shape":[9]'),
        lambda c: c.replace(b'"shape":[2]', b'"shape":[-2]'),
        lambda c: c.replace(b'"shape":[2]', b'"shape":[18446744073709551615]'),
        lambda c: b"PK\x03\x04" + c,
    ],
)
def test_damaged_files_are_refused(saved, damage):
    model, path = saved
    content = path.read_bytes()
    assert damage(content) != content
    path.write_bytes(damage(content))
    with pytest.raises(ValueError, match=r"w\.safetensors"):
        model.load_weights(path)


def test_every_cut_is_refused(saved):
    model, path = saved
    content = path.read_bytes()
    for length in range(0, len(content), 97):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="Expected a whole"):
            model.load_weights(path)


def test_paths(saved, tmp_path):
    model, path = saved
    with pytest.raises(ValueError, match="overwrite=True"):
        model.save_weights(path, overwrite=False)
    with pytest.raises(OSError, match="nowhere"):
        model.save_weights(tmp_path / "nowhere" / "w.safetensors")
    with pytest.raises(OSError, match="none"):
        model.load_weights(tmp_path / "none.safetensors")
    with pytest.raises(ValueError, match="by_name"):
        model.load_weights(path, by_name=True)
    with pytest.raises(ValueError, match="weights exist"):
        fastnn.Sequential([layers.Dense(2)]).save_weights(tmp_path / "w2.safetensors")
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


def test_shared_names_are_numbered(tmp_path):
    inner = [fastnn.Sequential([layers.Input((3,)), layers.Dense(3, name="same")], name=n) for n in "ab"]
    model = fastnn.Sequential([layers.Input((3,)), *inner])
    model.save_weights(tmp_path / "w.safetensors")
    kept = model.get_weights()
    model.set_weights([w + 1 for w in kept])
    model.load_weights(tmp_path / "w.safetensors")
    assert all(np.array_equal(a, b) for a, b in zip(kept, model.get_weights(), strict=True))
