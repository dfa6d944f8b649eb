"""Archives made to harm: bombs, parts twice or over each other, lies about sizes, names that lead elsewhere."""

import io
import json
import os
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from fastnn import utils
from fastnn.models import load_model
from fastnn.utils import archives, files
from fastnn.utils.json_text import json_of
from fastnn.utils.session_file import SessionFile
from fastnn.utils.session_file import read as read_session
from gui import own_data
from tests.hostile import WEIGHTS, harmless, members_of, refused, saved_bytes, write

ARRAYS = {"x": np.zeros((4, 2), "f4"), "y": np.arange(4)}


def keras(path):
    path.write_bytes(saved_bytes(".keras"))


def session(path):
    SessionFile({"step": 3}, {"losses": np.zeros(2), "state/0": np.eye(3)}, saved_bytes(".keras")).write(path)


def npz(path):
    np.savez(path, **ARRAYS)


KINDS = {
    "m.keras": (keras, load_model, "config.json"),
    "s.fastnn": (session, read_session, "session.json"),
    "d.npz": (npz, own_data.read, "x.npy"),
}


@pytest.fixture(params=KINDS)
def good(request, tmp_path):
    """A good file's path, how it is read, and the name of a part that is needed."""
    make, read, needed = KINDS[request.param]
    path = tmp_path / request.param
    make(path)
    read(path)
    return path, read, needed


def test_a_part_that_is_there_twice(good):
    path, read, needed = good
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(needed, b"{}")
    with refused(path, "twice"):
        read(path)


def test_a_part_that_grows_without_end(good, monkeypatch):
    path, read, needed = good
    monkeypatch.setattr(archives, "SMALL", 100_000)
    write(path, {**members_of(path), needed: bytes(2 << 20)})
    with refused(path, r"grow|packed"):
        read(path)


def test_a_part_with_a_password(good):
    path, read, _ = good
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = content.index(mark)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(mark, at + 4)
    path.write_bytes(content)
    with refused(path, "encrypted"):
        read(path)


def test_parts_that_lie_over_each_other(good):
    """Hundreds of entries of the directory that all stand for the same long part."""
    path, read, _ = good
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, part in members_of(path).items():
            archive.writestr(name, part)
        archive.writestr("long", bytes(100_000))
        long = archive.getinfo("long")
        for k in range(300):
            again = zipfile.ZipInfo(f"arrays/{k}.npy")
            for name in ("compress_size", "file_size", "CRC", "header_offset", "compress_type"):
                setattr(again, name, getattr(long, name))
            archive.filelist.append(again)
            archive.NameToInfo[again.filename] = again
        archive._didModify = True
    path.write_bytes(stream.getvalue())
    with refused(path, "over each other"):
        read(path)


LIES = {
    "nothing": 0,
    "a little less": -1,
    "a little more": 1,
    "four gigabytes": 2**32 - 2,
    "more than there are": 2**31,
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("field", [20, 24])
def test_sizes_that_are_lies(good, lie, field):
    """The directory's sizes, packed and unpacked, are those of the part or the file is refused."""
    path, read, needed = good
    content = bytearray(path.read_bytes())
    at = content.rindex(needed.encode()) - 46  # the entry of the directory
    assert content[at : at + 4] == b"PK\1\2"
    old = struct.unpack_from("<I", content, at + field)[0]
    struct.pack_into("<I", content, at + field, LIES[lie] if abs(LIES[lie]) != 1 else old + LIES[lie])
    path.write_bytes(content)
    with refused(path):
        read(path)


@pytest.mark.parametrize("way", [1, 12, 14, 93, 99])
def test_unknown_ways_of_packing(good, way):
    path, read, needed = good
    content = bytearray(path.read_bytes())
    at = content.rindex(needed.encode()) - 46
    struct.pack_into("<H", content, at + 10, way)
    path.write_bytes(content)
    with refused(path):
        read(path)


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil-of-an-archive", "C:\\evil", "a/../../evil", "evil/"])
def test_parts_with_names_that_lead_elsewhere_are_never_unpacked(good, name):
    path, read, _ = good
    write(path, {**members_of(path), name: b"x"}, zipfile.ZIP_STORED)
    with harmless(path.parent):
        read(path)  # nobody asks for that part
    assert not os.path.exists("/tmp/evil-of-an-archive")


def test_no_archive_at_all(good):
    path, read, _ = good
    for content in (b"", b"hello", b"PK", bytes(100), path.read_bytes()[:-30], b"PK\5\6" + b"\xff" * 18):
        path.write_bytes(content)
        with refused(path):
            read(path)


# ---------------------------------------------------------------- arrays


def npy(header, content=b"", version=(1, 0)):
    """An array's bytes with any header."""
    said = header.encode("latin1")
    return b"\x93NUMPY" + bytes(version) + len(said).to_bytes(2 if version == (1, 0) else 4, "little") + said + content


def header(descr="<f4", shape="(2,)", order="False"):
    return f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}}}\n"


BAD_ARRAYS = {
    "objects": npy(header("|O"), b"cos\nsystem\n(S'touch evil'\ntR."),
    "a record of objects": npy(header([("a", "|O")]), bytes(16)),
    "a shape without end": npy(header(shape="(10**12,)")),
    "a shape larger than the file": npy(header(shape=f"({10**12},)"), bytes(8)),
    "a shape larger than any number": npy(header(shape=f"({10**30},)"), bytes(8)),
    "a negative shape": npy(header(shape="(-1, -2)"), bytes(8)),
    "a shape of letters": npy(header(shape="'ab'"), bytes(8)),
    "a shape of floats": npy(header(shape="(2.0,)"), bytes(8)),
    "brackets without end": npy("(" * 60_000),
    "a header of code": npy("__import__('os').system('touch evil')\n"),
    "a header without end": npy(header(), bytes(8))[:20],
    "another version": npy(header(), bytes(8), (9, 0)),
    "too few bytes": npy(header(), bytes(7)),
    "too many bytes": npy(header(), bytes(9)),
    "a type of nothing": npy(header("<f3"), bytes(8)),
    "times": npy(header("<m8"), bytes(16)),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_ARRAYS)
def test_arrays_made_to_harm(what, tmp_path, monkeypatch):
    """Nothing is unpickled, and an array has the size that its file has bytes for."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "d.npz", {"x.npy": BAD_ARRAYS[what], "y.npy": npy(header(), bytes(8))}, zipfile.ZIP_STORED)
    record = {"session.json": json.dumps({"format": 1}), "arrays/x.npy": BAD_ARRAYS[what]}
    write(tmp_path / "s.fastnn", record, zipfile.ZIP_STORED)
    for path, read in ((tmp_path / "d.npz", own_data.read), (tmp_path / "s.fastnn", read_session)):
        with refused(path, "x"):
            read(path)


def test_arrays_of_every_layout_are_read():
    for array in (np.eye(3, dtype="f4"), np.asfortranarray(np.arange(6).reshape(2, 3)), np.array(3), np.zeros((0, 2))):
        for version in ((1, 0), (2, 0)):
            stream = io.BytesIO()
            np.lib.format.write_array(stream, array, version, allow_pickle=False)
            np.testing.assert_array_equal(archives.array(stream.getvalue(), "x"), array)


def test_packed_arrays_of_zeros_are_no_bomb(tmp_path):
    path = tmp_path / "d.npz"
    np.savez_compressed(path, x=np.zeros((3000, 2), "f4"), y=np.arange(3000) % 2)
    assert own_data.read(path).x.shape == (3000, 2)


def test_limits_of_archives(monkeypatch):
    """A small part may grow to any size below one limit, a large one by a factor: so files of 600 MB are read."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(10_000))
        archive.writestr("noise", np.random.default_rng(0).bytes(10_000))
    with archives.opened(stream) as archive:
        assert len(archives.part(archive, "zeros")) == 10_000
        monkeypatch.setattr(archives, "SMALL", 5000)
        assert len(archives.part(archive, "noise")) == 10_000
        with pytest.raises(ValueError, match="grow"):
            archives.part(archive, "zeros")


# ---------------------------------------------------------------- get_file


def tar(path, members):
    """A tar file of entries, each a `TarInfo` with its content."""
    with tarfile.open(path, "w") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def entry(name, kind=tarfile.REGTYPE, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


TARS = {
    "a parent": [(entry("../evil"), b"x")],
    "an absolute path": [(entry("/tmp/evil-of-a-tar"), b"x")],
    "a link and a file behind it": [(entry("out", tarfile.SYMTYPE, ".."), b""), (entry("out/evil"), b"x")],
    "a hard link": [(entry("passwords", tarfile.LNKTYPE, "/etc/hostname"), b"")],
    "a hard link to a parent": [(entry("evil", tarfile.LNKTYPE, "../m.tar"), b"")],
    "a pipe": [(entry("pipe", tarfile.FIFOTYPE), b"")],
    "a device": [(entry("null", tarfile.CHRTYPE), b"")],
    "a path longer than any": [
        (entry("/".join(["d" * 200] * 20) + "/" + "../" * 21 + "evil"), b"x"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("what", TARS)
def test_cve_2025_12060_2025_12638_2024_55459_archives_that_write_elsewhere(what, tmp_path):
    """A tar file that get_file was asked to unpack wrote outside of its folder: by names, links, long paths."""
    tar(tmp_path / "m.tar", TARS[what])
    before = {"m.tar", "cache"}
    with pytest.raises((ValueError, OSError)):
        utils.get_file(origin=(tmp_path / "m.tar").as_uri(), cache_dir=tmp_path / "cache", extract=True)
    assert {entry.name for entry in tmp_path.iterdir()} <= before
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.name in ("evil", "passwords", "pipe", "null")]
    assert not os.path.exists("/tmp/evil-of-a-tar")


@pytest.mark.parametrize(("ending", "many"), [("tar.xz", False), ("tar.gz", True), ("zip", False)])
def test_an_archive_that_fills_the_disk(ending, many, tmp_path, monkeypatch):
    """A file of some kilobytes was unpacked to whatever the disk had room for, or to as many empty files."""
    monkeypatch.setattr(files, "NEVER_REFUSED", 10_000)
    monkeypatch.setattr(files, "LARGEST_GROWTH", 2)
    path, content = tmp_path / f"m.{ending}", {str(k): b"" for k in range(300)} if many else {"a": bytes(100_000)}
    if ending == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in content.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(path, f"w:{ending[4:]}") as archive:
            for name, data in content.items():
                info = entry(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    with pytest.raises(ValueError, match="the content', which would grow to"):
        utils.get_file(origin=path.as_uri(), cache_dir=tmp_path / "cache", extract=True)
    assert sum(p.stat().st_size for p in (tmp_path / "cache").rglob("*")) < 100_000
    monkeypatch.undo()
    assert os.listdir(utils.get_file(origin=path.as_uri(), cache_dir=tmp_path / "cache", extract=True))


def test_a_member_that_nobody_asks_for_is_not_read(tmp_path, monkeypatch):
    """The parts of a model's file are known by name; others cost nothing, however large they say they are."""
    path = tmp_path / "m.keras"
    keras(path)
    monkeypatch.setattr(archives, "SMALL", 100_000)
    write(path, {**members_of(path), "assets/large": bytes(2 << 20)})
    load_model(path)
    assert WEIGHTS in members_of(path)


MANY = {
    "lists": b"[],",
    "tables": b'{"a":{}},',
    "numbers": b"1,",
}


@pytest.mark.parametrize("what", MANY)
def test_json_that_is_large_only_when_unpacked(what, tmp_path):
    """A file of some kB became gigabytes of empty tables before anything was looked at."""
    path = tmp_path / "m.keras"
    config = b'{"class_name": "Sequential", "config": {}, "x": [' + MANY[what] * 600_000 + b"0]}"
    write(path, {"metadata.json": b"{}", "config.json": config, WEIGHTS: b""})
    assert path.stat().st_size < 20_000
    with refused(path, r"values, more than the \d+ that"):
        load_model(path)
    with pytest.raises(ValueError, match="values, more than"):
        json_of(b"[" + MANY[what] * 1_000_000 + b"0]", held=1000)


def test_long_json_of_other_kinds_is_read(tmp_path):
    """Vocabularies and lists of numbers may have millions of entries: the file is as long as they are."""
    numbers = json.dumps(list(range(1_100_000)))
    assert json_of(numbers)[-1] == 1_099_999
    assert json_of(numbers.encode(), held=len(numbers) // 3)[0] == 0
    with pytest.raises(ValueError, match="nested too deeply"):
        json_of("[" * 100_000)
