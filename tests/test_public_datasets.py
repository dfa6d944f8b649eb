"""Public data sets: what Keras reads from the same small files, and files that are damaged or made to harm."""

import gzip
import json
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fastnn import config, datasets
from fastnn.datasets import DatasetError, archives, cifar10, energy, energy_efficiency, imdb, mnist, reuters
from tests import public_files
from tests.golden.public_sets import CALLS, answers

FOLDER = Path(__file__).parent / "golden" / "datasets"
GOLDEN = json.loads((FOLDER / "keras.json").read_text(encoding="utf-8"))
PATHS = {
    "fashion_mnist": FOLDER / "fashion-mnist",
    "cifar10": FOLDER / "cifar-10-python.tar.gz",
    "cifar100": FOLDER / "cifar-100-python.tar.gz",
}


def path_of(name):
    return PATHS.get(name, FOLDER / f"{name}.npz")


@pytest.mark.parametrize("name", CALLS)
def test_sets_are_those_of_keras(name):
    load_data = getattr(datasets, name).load_data
    for arguments, golden in zip(CALLS[name], GOLDEN[name], strict=True):
        assert answers(load_data, {**arguments, "path": path_of(name)}) == golden, arguments
    assert len(getattr(datasets, name).SOURCE) > 10


def test_words_and_topics_are_those_of_keras():
    words = [imdb.get_word_index(FOLDER / "imdb_word_index.json")]
    words.append(reuters.get_word_index(FOLDER / "reuters_word_index.json"))
    assert words == GOLDEN["words"]
    assert list(reuters.get_label_names()) == GOLDEN["topics"]


def test_pictures_follow_the_layout(monkeypatch):
    (last, _), _ = cifar10.load_data(PATHS["cifar10"])
    config.set_image_data_format("channels_first")
    try:
        (first, _), _ = cifar10.load_data(PATHS["cifar10"])
    finally:
        config.set_image_data_format("channels_last")
    assert first.shape == (10, 3, 32, 32)
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), last)


def test_arrays_are_own_ones():
    for name in CALLS:
        for part in getattr(datasets, name).load_data(path=path_of(name)):
            assert all(array.flags.writeable and array.flags.c_contiguous for array in part), name


def test_energy_efficiency_is_cut_like_the_other_tables(monkeypatch):
    file = FOLDER / "energy-efficiency.csv"
    (x, y), (test_x, test_y) = energy_efficiency.load_data(file)
    assert (x.shape, y.shape, test_x.shape, test_y.shape) == ((614, 8), (614, 2), (154, 8), (154, 2))
    lines = [[float(number) for number in line.split(",")] for line in file.read_text().splitlines()[1:]]
    found = np.concatenate([np.concatenate([x, y], axis=1), np.concatenate([test_x, test_y], axis=1)])
    places = np.arange(768)
    np.random.RandomState(113).shuffle(places)
    np.testing.assert_array_equal(found, np.array(lines)[places])
    monkeypatch.setenv("FASTNN_DATA", str(FOLDER))
    np.testing.assert_allclose(np.sort(energy.load_data()[1], axis=0), np.sort(found[:, 8:] / 10, axis=0), rtol=1e-6)


def test_real_energy_efficiency_has_its_means(data_folder):
    (x, y), (test_x, test_y) = energy_efficiency.load_data(data_folder / "energy-efficiency.csv")
    np.testing.assert_allclose(np.concatenate([y, test_y]).mean(0), [22.3072005, 24.5877604], rtol=1e-6)
    assert len(np.unique(np.concatenate([x, test_x])[:, 0])) == 12


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("boston_housing", {"test_split": 1}, "test_split to be from 0 to below 1. Received: test_split=1"),
        ("california_housing", {"test_split": -0.1}, "test_split=-0.1"),
        ("california_housing", {"version": "tiny"}, "'small' or 'large'. Received: version='tiny'"),
        ("cifar100", {"label_mode": "all"}, "'fine' or 'coarse'. Received: label_mode='all'"),
        ("reuters", {"test_split": 2}, "test_split=2"),
        ("reuters", {"maxlen": 1}, "maxlen above the shortest text's length, 3. Received: maxlen=1"),
        ("imdb", {"maxlen": 2}, "Received: maxlen=2"),
    ],
)
def test_arguments_that_make_no_sense(name, arguments, words):
    with pytest.raises(ValueError, match=words):
        getattr(datasets, name).load_data(**{"path": path_of(name), **arguments})


# ---------------------------------------------------------------- .npz files


def damaged(content, at):
    return content[:at] + bytes(255 - byte for byte in content[at : at + 50]) + content[at + 50 :]


@pytest.mark.parametrize(
    "content",
    [b"", b"not an archive", public_files.mnist()[:9000], damaged(public_files.mnist(), 8000)],
    ids=["empty", "text", "cut", "flipped"],
)
def test_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"expected a \.npz file with arrays x_train.*own\.npz, received"):
        mnist.load_data(path)


@pytest.mark.parametrize("name", ["mnist", "imdb", "reuters", "cifar10", "cifar100", "fashion_mnist",
                                  "boston_housing", "california_housing", "energy_efficiency"])  # fmt: skip
def test_missing_files_are_said(tmp_path, name):
    with pytest.raises(OSError, match=r"expected a .*absent.*, received: .*No such file"):
        getattr(datasets, name).load_data(path=tmp_path / "absent")


def small_mnist(**changes):
    whole = archives.read_npz(FOLDER / "mnist.npz", mnist.ARRAYS)
    return public_files.npz({**whole, **changes})


WRONG = {
    "other arrays": ("mnist", public_files.npz({"x": np.zeros(3)}), r"x_train, y_train.*received one with x\."),
    "fewer labels": ("mnist", small_mnist(y_test=np.zeros(3, np.uint8)), r"uint8\(10, 28, 28\) and labels uint8\(3,\)"),
    "wide labels": ("mnist", small_mnist(y_test=np.zeros(10, int)), r"labels int64\(10,\)"),
    "objects": ("mnist", small_mnist(y_test=np.array([[1]] * 10 + [[1, 2]], object)), "of pickled objects where"),
    "narrow table": ("boston_housing", public_files.npz(public_files.table(12, 9, "f8")), r"\(n, 13\).*\(9, 12\)"),
    "whole numbers": ("boston_housing", public_files.npz(public_files.table(13, 9, "f8") | {"y": np.arange(9)}), "int"),
    "no texts": ("reuters", public_files.npz({"x": np.zeros((3, 2)), "y": np.zeros(3, int)}), "lists of words"),
    "no topics": ("reuters", public_files.npz({**public_files.reuters(), "y": np.zeros(15)}), r"float64\(15,\)"),
}


@pytest.mark.parametrize("what", WRONG)
def test_other_data_than_expected(tmp_path, what):
    name, content, words = WRONG[what]
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=words):
        getattr(datasets, name).load_data(path=path)


def header(shape, descr="|u1"):
    """The start of a .npy file that declares what it likes."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (header((10**12,)) + b"abc", "3 bytes"),
        (header((-1, -3)) + b"abc", "reshape|shape|dimension"),
        (header((2**62, 8)), "0 bytes"),
        (header("(" * 3000), "received"),
        (header((1,), "<f99999999999"), "received"),
        (header((1,), "|V2000000000") + b"a", "1 bytes"),
        (b"\x93NUMPY\x09\x00", "received"),
        (b"\x93NUMPY\x01\x00\xff\xff", "received"),
    ],
    ids=["long", "negative", "overflow", "deep", "wide", "wide bytes", "version", "cut"],
)
def test_arrays_that_declare_what_is_not_so(tmp_path, content, words):
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name in mnist.ARRAYS:
            archive.writestr(f"{name}.npy", content)
    with pytest.raises(DatasetError, match=words):
        mnist.load_data(path)


def test_members_that_grow_without_measure_are_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 100_000)
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(200_000))
        archive.writestr("y.npy", b"")
    with pytest.raises(DatasetError, match=r"'x\.npy', which would grow to 200000 bytes"):
        datasets.boston_housing.load_data(path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(200_000)))
    with pytest.raises(DatasetError, match="would grow to 100001 bytes"):
        datasets.fashion_mnist.load_data(tmp_path)


# ---------------------------------------------------------------- .tar.gz files


class Attack:
    """Writes a file when it is unpickled without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_nothing_in_a_file_is_run(tmp_path):
    made = tmp_path / "made"
    rows = np.empty(2, object)
    rows[:] = [[1, 2], Attack(made)]
    for old in (True, False):
        path = tmp_path / "reuters.npz"
        path.write_bytes(public_files.npz({"x": rows, "y": np.zeros(2, int)}, old))
        with pytest.raises(DatasetError, match=r"reuters\.npz, received: a pickle that calls (posix|nt)\.mkdir"):
            reuters.load_data(path)
    batch = {"cifar-10-batches-py/data_batch_1": public_files.pickled({"data": Attack(made)})}
    path = tmp_path / "cifar.tar.gz"
    path.write_bytes(public_files.tar_gz(batch))
    with pytest.raises(DatasetError, match=r"cifar\.tar\.gz, received: a pickle that calls"):
        cifar10.load_data(path)
    assert not made.exists()


def member(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def gigantic(name):
    info = member(name)
    info.size = 2**40
    return info


FIRST = "cifar-10-batches-py/data_batch_1"
BATCH = {"data": np.zeros((1, 3072), np.uint8), "labels": [3]}
ARCHIVES = {
    "a link": ({FIRST: member(FIRST, tarfile.SYMTYPE, "/etc/passwd")}, "a link or a device"),
    "a hard link": ({FIRST: member(FIRST, tarfile.LNKTYPE, "test_batch")}, "a link or a device"),
    "a device": ({"zero": member("zero", tarfile.CHRTYPE)}, "a link or a device"),
    "a pipe": ({"pipe": member("pipe", tarfile.FIFOTYPE)}, "a link or a device"),
    "an absolute path": ({"/etc/passwd": b"x"}, "'/etc/passwd', a name outside"),
    "a path above": ({"a/../../b": b"x"}, "a name outside"),
    "a drive": ({"C:/b": b"x"}, "a name outside"),
    "a gigantic size": ({FIRST: gigantic(FIRST)}, "would grow to 1099511627776 bytes"),
    "no batches": ({"other": b"x"}, "one without .*data_batch_1"),
    "a folder": ({FIRST: public_files.folder(FIRST)}, "one without"),
    "no dict": ({FIRST: public_files.pickled([1])}, "another pickle than a dict"),
    "no data": ({**public_files.cifar10(), FIRST: public_files.pickled({})}, "uint8 data"),
    "fewer colours": (
        {**public_files.cifar10(), FIRST: public_files.pickled({**BATCH, "data": np.zeros((1, 1024), np.uint8)})},
        "uint8 data",
    ),
    "another type": (
        {**public_files.cifar10(), FIRST: public_files.pickled({**BATCH, "data": np.zeros((1, 3072))})},
        "uint8 data",
    ),
    "more labels": ({**public_files.cifar10(), FIRST: public_files.pickled({**BATCH, "labels": [1, 2]})}, "1 labels"),
    "a label above": ({**public_files.cifar10(), FIRST: public_files.pickled({**BATCH, "labels": [10]})}, "0..9"),
}


@pytest.mark.parametrize("what", ARCHIVES)
def test_archives_made_to_harm(tmp_path, what):
    members, words = ARCHIVES[what]
    path = tmp_path / "own.tar.gz"
    path.write_bytes(public_files.tar_gz(members))
    with pytest.raises(DatasetError, match=words):
        cifar10.load_data(path)
    assert [file.name for file in tmp_path.iterdir()] == ["own.tar.gz"]


def test_archives_that_end_early_or_never(tmp_path, monkeypatch):
    whole = public_files.tar_gz(public_files.cifar10())
    path = tmp_path / "own.tar.gz"
    other = [b"", b"no archive", gzip.compress(b"no archive")]
    for content in (whole[:-4000], whole[:-9], whole[:100], damaged(whole, 7000), *other):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match=r"own\.tar\.gz, received: "):
            cifar10.load_data(path)
    path.write_bytes(public_files.tar_gz({**{f"{k}": bytes(10**5) for k in range(9)}, **public_files.cifar10()}))
    monkeypatch.setattr(archives, "LARGEST", 500_000)
    with pytest.raises(DatasetError, match="'the archive', which would grow"):
        cifar10.load_data(path)


# ---------------------------------------------------------------- .gz, .json and .csv files


@pytest.mark.parametrize(
    "content",
    [
        b"no archive",
        gzip.compress(b""),
        gzip.compress(struct.pack(">4I", 0x0803, 2, 28, 28) + bytes(28)),
        gzip.compress(struct.pack(">4I", 0x0803, 2**31, 2**31, 4)),
        gzip.compress(struct.pack(">4I", 0x0D03, 1, 28, 28) + bytes(28 * 28)),
        gzip.compress(struct.pack(">4I", 0x0803, 1, 28, 28) + bytes(28 * 28))[:-9],
    ],
    ids=["text", "empty", "cut", "gigantic", "floats", "no checksum"],
)
def test_other_files_than_idx_files(tmp_path, content):
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(DatasetError, match=r"expected a gzipped IDX file of bytes in 3 dimensions at .*, received: "):
        datasets.fashion_mnist.load_data(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b'{"a": "b"}', b'{"a": true}', b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "a list", "texts", "truths", "no text", "deep"],
)
def test_other_files_than_words(tmp_path, content):
    path = tmp_path / "words.json"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"numbers by words at .*words\.json, received: "):
        imdb.get_word_index(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n1,2\n", b"X1,X2,X3,X4,X5,X6,X7,X8,Y1,Y2\n1,2,3,4,5,6,7,8,9,10\n"],
    ids=["empty", "other columns", "one row"],
)
def test_other_tables_than_of_buildings(tmp_path, content):
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"own\.csv, received"):
        energy_efficiency.load_data(path)
