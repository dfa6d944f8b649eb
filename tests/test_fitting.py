"""Numbers of files in types that do not have them: refused by name, by every reader."""

import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from fastnn import Variable
from fastnn.engine.stepper import Stepper
from fastnn.exchange import load_state_dict, to_state_dict
from fastnn.models import load_model
from fastnn.utils.checkpoints import restore_variables, save_variables
from fastnn.utils.fitting import fitted
from tests.hostile import changed_weights, refused, saved_bytes, small_model

TYPES = ("float16", "float32", "float64", "int8", "int32", "int64", "uint8", "uint32", "uint64", "bool")
FITTING = [
    (3, "float32"), (2.0, "int32"), (-7, "int64"), (2**63, "uint64"), (2**64 - 1, "float32"), (np.nan, "float16"),
    (np.inf, "float32"), (1e-300, "float32"), (np.float16(255), "uint8"), (-128.0, "int8"), (2147483647.0, "int32"),
    (True, "bool"),
]  # fmt: skip
OTHERS = [
    (1e300, "float32"), (70000, "float16"), (-1e39, "float32"), (2.5, "int64"), (np.nan, "int32"), (np.inf, "int64"),
    (1e300, "int64"), (2.0**63, "int64"), (2**63, "int64"), (-1, "uint32"), (-1.0, "uint8"), (300, "uint8"),
    (2147483648.0, "int32"), (True, "int32"), (True, "float32"), (1, "bool"), (np.float16(300), "uint8"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "dtype"), FITTING)
def test_numbers_that_a_type_has(number, dtype):
    found = fitted(Variable([0, 0], dtype), np.array([number, number]), "a file")
    assert found.dtype == dtype
    np.testing.assert_array_equal(found[1], np.asarray(number).astype(dtype))


@pytest.mark.parametrize(("number", "dtype"), OTHERS)
def test_numbers_that_a_type_does_not_have(number, dtype):
    variable = Variable([0, 0], dtype, name="kernel")
    with pytest.raises(ValueError, match=f"Expected 'kernel' in a file as numbers that {dtype} has. Received: "):
        fitted(variable, np.array([number, number]), "a file")


@pytest.mark.parametrize("dtype", TYPES)
def test_no_numbers_fit_every_type(dtype):
    given = np.zeros((0, 2), bool if dtype == "bool" else "f8")
    assert fitted(Variable(np.zeros((0, 2)), dtype), given, "a file").dtype == dtype


COUNTS = [np.nan, 1e300, 2.7, -5, True, 2**63 - 1]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_counts_of_training_steps(count, ending, tmp_path):
    path = tmp_path / f"m{ending}"
    path.write_bytes(saved_bytes(ending))

    def change(h5):
        group = h5["optimizer/vars" if ending == ".keras" else "optimizer_weights"]
        name = "0" if ending == ".keras" else group.attrs["weight_names"][0].decode()
        del group[name]
        group[name] = count

    changed_weights(path, change)
    with refused(path, "iterations"):
        load_model(path)


def test_a_weight_that_would_be_infinite(tmp_path):
    path, model = tmp_path / "m.h5", small_model()
    path.write_bytes(saved_bytes(".h5"))

    def change(h5):
        del h5["model_weights/one/one/kernel"]
        h5["model_weights/one/one/kernel"] = np.full((3, 4), 1e300)

    changed_weights(path, change)
    before = model.get_weights()
    for read in (load_model, model.load_weights):
        with refused(path, r"one/kernel.*1e\+300"):
            read(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_variables_by_name(tmp_path):
    path, variable = tmp_path / "w.ckpt", Variable([1, 2], "int32", name="w")
    save_variables([Variable([1.5, 2.0], name="w")], path)
    with refused(path, "'w'.*1.5"):
        restore_variables([variable], path)
    assert variable.numpy().tolist() == [1, 2]


def test_safetensors(tmp_path):
    path, model = tmp_path / "m.safetensors", small_model()
    arrays = {v.path: np.ascontiguousarray(v.value) for v in model.weights}
    save_file({**arrays, "one/kernel": np.full((3, 4), 1e300)}, path)
    with refused(path, r"'one/kernel'.*1e\+300"):
        model.load_weights(path)


def written(path, header, data):
    """A .safetensors file of a text and what follows."""
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + data)


def test_safetensors_with_a_name_twice_and_with_endless_axes(tmp_path):
    path, model = tmp_path / "m.safetensors", small_model()
    entry = '"one/kernel":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]}'
    written(path, f"{{{entry},{entry}}}", bytes(48))
    with refused(path, "'one/kernel' more than once"):
        model.load_weights(path)
    written(path, f'{{"one/kernel":{{"dtype":"F32","shape":[0,{2**62}],"data_offsets":[0,0]}}}}', b"")
    with refused(path, "'one/kernel'"):
        model.load_weights(path)


@pytest.mark.parametrize("count", [*COUNTS[:4], np.uint64(2**63)])
def test_the_state_of_a_session(count):
    stepper = Stepper(small_model(), np.ones((4, 3), "f4"), np.ones((4, 2), "f4"))
    state = [a.copy() for a in stepper.checkpoint()]
    at = next(i for i, v in enumerate(stepper.storage) if v.counts)
    with pytest.raises(ValueError, match="iterations"):
        stepper.resume(0, [*state[:at], np.array(count), *state[at + 1 :]], [])
    stepper.resume(0, state, [])


def test_numbers_in_other_types_are_taken(tmp_path):
    """Files of double precision and counts of few bytes are common."""
    path = tmp_path / "m.keras"
    path.write_bytes(saved_bytes(".keras"))

    def change(h5):
        for name, value in (("layers/dense/vars/0", np.full((3, 4), 0.1)), ("optimizer/vars/0", np.int8(9))):
            del h5[name]
            h5[name] = value

    changed_weights(path, change)
    model = load_model(path)
    assert (model.get_weights()[0] == np.float32(0.1)).all()
    assert int(model.optimizer.iterations) == 9


def test_state_dicts():
    model = small_model()
    state = {name: np.asarray(value, "f8") for name, value in to_state_dict(model).items()}
    load_state_dict(model, state)
    name = next(iter(state))
    with pytest.raises(ValueError, match=r"'one/\w+' in .*1e\+300"):
        load_state_dict(model, {**state, name: np.full_like(state[name], 1e300)})


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_counts_of_more_than_four_bytes_are_written_and_read(ending, tmp_path):
    model = small_model()
    model.optimizer.iterations.assign(2**33)
    model.save(tmp_path / f"m{ending}")
    assert int(load_model(tmp_path / f"m{ending}").optimizer.iterations) == 2**33
