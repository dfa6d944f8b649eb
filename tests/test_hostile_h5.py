"""HDF5 parts made to harm: paths out of the file, shapes of no end, damaged heaps; refused before anything changes."""

import io
import json
import re
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

import fastnn
from fastnn import layers
from fastnn.models import load_model
from fastnn.utils import hdf5_files, hdf5_numbers
from fastnn.utils.checkpoints import restore_variables, save_variables
from tests.hostile import changed_weights, h5_file, keras_file, refused, saved_bytes, small_model

FILES = Path(__file__).parent / "golden" / "files"
SECRET = 1234.5  # in a file elsewhere


@pytest.fixture
def secret(tmp_path):
    """Another file of the right layout, whose numbers nobody may see."""
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / "secret.h5"
    path.write_bytes(saved_bytes(".h5"))
    with h5py.File(path, "r+") as h5:
        h5["one"] = np.full((3, 4), SECRET, "f4")
        h5["layers/dense/vars/0"], h5["layers/dense/vars/1"] = np.full((3, 4), SECRET, "f4"), np.full(4, SECRET, "f4")
        h5["raw/numbers"] = np.full((3, 4), SECRET, "f4")
    (tmp_path / "elsewhere" / "raw").write_bytes(np.full((3, 4), SECRET, "f4").tobytes())
    return path


def replaced(group, name, make):
    """Put something else under a name."""
    del group[name]
    make(group, name)


def external_storage(secret):
    raw = str(secret.with_name("raw"))
    return lambda group, name: group.create_dataset(name, (3, 4), "f4", external=[(raw, 0, h5py.h5f.UNLIMITED)])


def virtual(secret):
    layout = h5py.VirtualLayout((3, 4), "f4")
    layout[...] = h5py.VirtualSource(str(secret), "raw/numbers", (3, 4))
    return lambda group, name: group.create_virtual_dataset(name, layout)


def linked(link):
    return lambda group, name: group.__setitem__(name, link)


TRICKS = {
    "external storage": external_storage,
    "virtual dataset": virtual,
    "external link": lambda secret: linked(h5py.ExternalLink(str(secret), "raw/numbers")),
    "soft link": lambda secret: linked(h5py.SoftLink("/secret")),
}


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5", ".ckpt"])
@pytest.mark.parametrize("trick", TRICKS)
def test_cve_2026_1669_numbers_of_another_file(trick, ending, tmp_path, secret):
    """HDF5 lets an array's numbers lie in any other file, which was read into the weights."""
    path, make = tmp_path / f"m{ending}", TRICKS[trick](secret)
    model = small_model()
    if ending == ".ckpt":
        kernel = fastnn.Variable(np.zeros((3, 4), "float32"), name="w")
        save_variables([kernel], path)
        with h5py.File(path, "r+") as h5:
            replaced(h5["variables"], "w", make)
        readers = [lambda p: restore_variables([kernel], p)]
    else:
        (model.save_weights if ending == ".weights.h5" else model.save)(path)
        place = "model_weights/one/one" if ending == ".h5" else "layers/dense/vars"
        name = "kernel" if ending == ".h5" else "0"
        changed_weights(path, lambda h5: replaced(h5[place], name, make)) if ending != ".weights.h5" else None
        if ending == ".weights.h5":
            with h5py.File(path, "r+") as h5:
                replaced(h5[place], name, make)
        readers = [model.load_weights] if ending == ".weights.h5" else [load_model, model.load_weights]
    before = [w.copy() for w in model.get_weights()]
    for read in readers:
        with refused(path):
            read(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


GROUPS = {
    ".keras": ["layers", "layers/dense", "layers/dense/vars", "optimizer", "optimizer/vars"],
    ".h5": ["model_weights", "model_weights/one", "model_weights/one/one", "optimizer_weights"],
}


@pytest.mark.parametrize(("ending", "group"), [(e, g) for e, groups in GROUPS.items() for g in groups])
def test_cve_2026_1669_a_whole_group_of_another_file(ending, group, tmp_path, secret):
    """The link to another file may stand anywhere on the way to the weights; Keras saw only the last step."""
    path, model = tmp_path / f"m{ending}", small_model()
    path.write_bytes(saved_bytes(ending))
    holder, _, name = group.rpartition("/")
    for link in (h5py.ExternalLink(str(secret), group), h5py.SoftLink("/nowhere")):
        changed_weights(path, lambda h5, link=link: replaced(h5[holder or "/"], name, linked(link)))
        for read in (load_model, model.load_weights):
            if read == model.load_weights and "optimizer_weights" in group:
                continue  # it is not read
            with refused(path):
                read(path)


SHAPES = {
    "as large as any disk": {"shape": (10**9, 10**4), "chunks": (100, 100)},
    "packed zeros": {"shape": (4000, 4000), "chunks": (1000, 1000), "compression": "gzip", "data": 0},
    "more axes than arrays have": {"shape": (1,) * 32},
}


@pytest.mark.parametrize("what", SHAPES)
@pytest.mark.parametrize("units", [4, 10**9])
def test_cve_2026_0897_shapes_larger_than_the_file(what, units, tmp_path):
    """A small file declared an array of any size, which was made before it was looked at."""
    given = dict(SHAPES[what])
    if "data" in given:
        given["data"] = np.zeros(given.pop("shape"), "f4")
    path = keras_file(tmp_path / "m.keras", lambda c, e: e["one"]["config"].update(units=units))
    changed_weights(path, lambda h5: replaced(
        h5["layers/dense/vars"], "0", lambda g, n: g.create_dataset(n, dtype="f4", **given)))  # fmt: skip
    for read in (load_model, small_model().load_weights):
        with refused(path):
            read(path)


@pytest.mark.parametrize("units", [10**6, 10**9, 10**12, 2**62, 10**40])
def test_a_small_file_asks_for_no_more_weights_than_it_holds(units, tmp_path):
    for path in (
        keras_file(tmp_path / "m.keras", lambda c, e: e["one"]["config"].update(units=units)),
        h5_file(tmp_path / "m.h5", lambda h5, c, e: e["one"]["config"].update(units=units)),
    ):
        with refused(path, "weights|weight|int"):
            load_model(path)


def test_limits_are_those_of_the_file(tmp_path, monkeypatch):
    """A large file may ask for large weights: it is the file's length that counts."""
    monkeypatch.setattr("fastnn.models.saving.FEW", 0)
    model = fastnn.Sequential([layers.Input((30,)), layers.Dense(1000), layers.Dense(3)])
    for ending in (".keras", ".h5"):
        model.save(tmp_path / f"m{ending}")
        copy = load_model(tmp_path / f"m{ending}")
        np.testing.assert_array_equal(copy.get_weights()[0], model.get_weights()[0])


def test_a_large_file_is_no_bomb(tmp_path):
    """600 MB of weights, as large pictures' networks have, and a reader that takes them; nothing is written for it."""
    path = tmp_path / "large.h5"
    with h5py.File(path, "w") as h5:
        data = h5.create_dataset("w", (150_000_000,), "f4", fillvalue=1)  # not allocated: the file is small
        assert data.nbytes == 600_000_000
        h5.create_dataset("x", data=np.ones(5, "f4"))
    with hdf5_files.opened(path.read_bytes(), path) as h5:
        assert hdf5_numbers.numbers_at(h5, "w", path).shape == (150_000_000,)
        assert hdf5_numbers.numbers_at(h5, "x", path)[0] == 1


def attribute(name, value):
    def change(h5):
        del h5.attrs[name]
        h5.attrs[name] = value

    return change


ATTRIBUTES = {
    "a number": 7,
    "nothing": h5py.Empty("S4"),
    "no text": np.void(b"\xff\xfe\x00"),
    "a nest without end": "[" * 60_000,
    "a list": "[1, 2]",
    "bytes that are no text": b"\xff\xfe{",
    "a type of its own": np.zeros(3, [("a", "f4")]),
    "a table of texts": np.array([["a", "b"]], h5py.string_dtype()),
}


@pytest.mark.parametrize("what", ATTRIBUTES)
def test_attributes_made_to_harm(what, tmp_path):
    path = tmp_path / "m.h5"
    for name in ("model_config", "training_config"):
        path.write_bytes(saved_bytes(".h5"))
        changed_weights(path, attribute(name, ATTRIBUTES[what]))
        with refused(path):
            load_model(path)


def test_references_are_not_followed(tmp_path):
    path = tmp_path / "m.h5"
    path.write_bytes(saved_bytes(".h5"))
    changed_weights(path, lambda h5: h5.attrs.__setitem__("model_config", h5["model_weights"].ref))
    with refused(path):
        load_model(path)


def test_long_configurations_and_circles(tmp_path):
    """An attribute of more than 64 kB lies elsewhere in the file; groups may hold themselves."""
    path = h5_file(tmp_path / "m.h5", lambda h5, c, e: None)
    with h5py.File(path, "r+") as h5:
        h5["model_weights/one/circle"] = h5["model_weights"]
        config = json.loads(h5.attrs["model_config"])
        config["remark"] = "x" * 100_000
        del h5.attrs["model_config"]
        h5.attrs.create("model_config", json.dumps(config), dtype=h5py.string_dtype())
    assert load_model(path).count_params() == small_model().count_params()


def test_a_file_with_something_before_it_is_another_file(tmp_path):
    path = tmp_path / "m.h5"
    path.write_bytes(bytes(512) + saved_bytes(".h5"))
    with refused(path):
        load_model(path)


@pytest.mark.parametrize(("name", "at", "bit"), [("images.keras2.h5", 6906, 4), ("images.h5", 32881, 8)])
def test_a_heap_whose_object_has_no_length_and_names_that_are_no_text(name, at, bit, tmp_path):
    """The library that reads HDF5 would never end."""
    content = bytearray((FILES / name).read_bytes())
    content[at] ^= bit
    (tmp_path / "m.h5").write_bytes(content)
    with refused(tmp_path / "m.h5"):
        load_model(tmp_path / "m.h5")


def test_a_file_that_ends_in_its_first_line(tmp_path):
    path = tmp_path / "m.h5"
    for length in (8, 9, 12, 15, 40):
        path.write_bytes(saved_bytes(".h5")[:length])
        for read in (load_model, small_model().load_weights):
            with refused(path):
                read(path)


def test_a_heap_whose_free_places_go_round_in_a_circle(tmp_path):
    """The library that reads HDF5 follows them without end."""
    path = tmp_path / "m.h5"
    content, changed = bytearray(saved_bytes(".h5")), 0
    for found in hdf5_files.NAMES.finditer(bytes(content)):
        _, free, start = struct.unpack_from("<3Q", content, found.end())
        if free != hdf5_files.NO_MORE:
            struct.pack_into("<Q", content, start + free, free)
            changed += 1
    assert changed
    path.write_bytes(content)
    for read in (load_model, small_model().load_weights):
        with refused(path, "circle"):
            read(path)


def one_text_many_times(name, letters, count):
    """An HDF5 file with an attribute whose places all refer to the same text."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as h5:
        h5.attrs.create(name, np.array(["x" * letters] + [""] * (count - 1), object), dtype=h5py.string_dtype())
    content = bytearray(stream.getvalue())
    reference = re.search(re.escape(struct.pack("<I", letters)) + rb".{8}[\1-\x09]\0\0\0", content, re.DOTALL)[0]
    empty = content.index(reference) + 16
    content[empty : empty + 16 * (count - 1)] = reference * (count - 1)
    with h5py.File(io.BytesIO(content)) as h5:
        assert [len(text) for text in h5.attrs[name][:: count - 1]] == [letters] * 2
    return bytes(content)


def test_texts_that_are_one_and_the_same(tmp_path):
    """A file of 40 kB became gigabytes of names, or of an error's words."""
    for name, read in (("model_config", load_model), ("layer_names", small_model().load_weights)):
        path = tmp_path / "m.h5"
        path.write_bytes(one_text_many_times(name, 20_000, 4000))
        with refused(path, "4000 texts"):
            read(path)
    path.write_bytes(one_text_many_times("layer_names", 20_000, 4))
    with refused(path, "more") as caught:
        small_model().load_weights(path)
    assert len(str(caught.value)) < 2000


def test_all_lists_of_names_together_have_a_limit(tmp_path, monkeypatch):
    path = tmp_path / "m.h5"
    small_model().save(path)
    monkeypatch.setattr(hdf5_files, "LONGEST_NAMES", 40)
    with refused(path, "40 letters in all"):
        load_model(path)


def test_heaps_are_known_whatever_lies_in_their_unused_bytes(tmp_path):
    """The library passes over three bytes of a heap's first line; a damaged one behind them is refused all the same."""
    path = tmp_path / "m.h5"
    content = bytearray(saved_bytes(".h5"))
    at = content.index(b"GCOL\1")
    content[at + 5] = 7
    path.write_bytes(content)
    load_model(path)
    content[at + 24 : at + 32] = bytes(8)  # the first text's length
    struct.pack_into("<H", content, at + 16, 0)
    path.write_bytes(content)
    with refused(path, "heap"):
        load_model(path)


@pytest.mark.parametrize("name", [".", ".."])
def test_names_that_paths_have_another_meaning_for(name, tmp_path):
    """Such layers were written into files that could not be read again."""
    with pytest.raises(ValueError, match=r"not '\.' or '\.\.'"):
        layers.Dense(2, name=name)
    model = small_model()
    model.layers[0].weights[0].path = f"one/{name}"
    with pytest.raises(ValueError, match=r"not '\.' or '\.\.'. Received: 'one/\."):
        model.save(tmp_path / "m.h5")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "top_level_model_weights"])
def test_names_that_files_have_another_meaning_for(name, tmp_path):
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(2, name=name)])
    with pytest.raises(ValueError, match=f"not '' or 'top_level_model_weights'. Received: .'{name}'"):
        model.save(tmp_path / "m.h5")
    assert not list(tmp_path.iterdir())
