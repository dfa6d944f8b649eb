"""Files and archives that `get_file` fetches into the cache."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from fastnn import utils
from fastnn.datasets import DatasetError
from fastnn.datasets.download import cache_folder
from tests import public_files
from tests.file_server import serving


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server without files, and an empty cache."""
    monkeypatch.setenv("FASTNN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving({}) as server:
        yield server


def cached():
    """What is in the cache, hidden files too."""
    return sorted(path.name for path in cache_folder().iterdir())


def archive(kind, members):
    """An archive of texts by name; a TarInfo stands for itself."""
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, text in members.items():
                zipped.writestr(name, text)
    else:
        return public_files.tar_gz({n: t.encode() if isinstance(t, str) else t for n, t in members.items()})
    return file.getvalue()


def test_get_file_checks_names_and_hashes(server, tmp_path):
    server.files["words.txt"] = b"one two"
    md5, sha256 = (hashlib.new(kind, b"one two").hexdigest() for kind in ("md5", "sha256"))
    origin = server.address("words.txt")
    place = str(cache_folder() / "words.txt")
    for given in ({}, {"file_hash": md5}, {"file_hash": sha256.upper()}, {"md5_hash": md5},
                  {"file_hash": sha256, "hash_algorithm": "sha256"}):  # fmt: skip
        assert utils.get_file(origin=f"{origin}?download=1", **given) == place
    assert server.asked == ["words.txt"]
    with pytest.raises(ValueError, match=f"with md5 {'0' * 32} in .*, received: .*hash, md5 {md5}"):
        utils.get_file(origin=origin, md5_hash="0" * 32)
    assert Path(place).read_text() == "one two"  # the old one is kept until a right one is there
    server.files["words.txt"] = b"three"
    assert Path(utils.get_file(origin=origin)).read_text() == "one two"
    assert Path(utils.get_file(origin=origin, force_download=True)).read_text() == "three"
    mine = utils.get_file("mine.txt", origin, cache_dir=tmp_path / "other", cache_subdir="a/b")
    assert mine == str(tmp_path / "other/a/b/mine.txt")
    assert utils.get_file("mine.txt", origin, cache_subdir=tmp_path / "whole") == str(tmp_path / "whole/mine.txt")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"file_hash": "abc"}, "32 .* or 64 .* digits. Received: 'abc'"),
        ({"file_hash": "z" * 64}, "digits"),
        ({"file_hash": "0" * 32, "hash_algorithm": "sha256"}, "for 'sha256'"),
        ({"hash_algorithm": "crc"}, "hash_algorithm='crc'"),
        ({"fname": "a/b"}, "fname='a/b'"),
        ({"fname": ".."}, "without folders"),
        ({"origin": "http://a.org/"}, "without folders"),
        ({"extract": True, "archive_format": "rar"}, "'auto', 'tar' or 'zip'. Received: 'rar'"),
        ({"extract": True, "archive_format": None}, "Received: None"),
    ],
)
def test_get_file_refuses_what_makes_no_sense(given, words):
    with pytest.raises(ValueError, match=words):
        utils.get_file(**{"origin": "http://127.0.0.1:9/a.txt", **given})


@pytest.mark.parametrize("kind", ["zip", "tgz"])
@pytest.mark.parametrize(
    ("fname", "names"),
    [
        ("flowers", ("flowers_archive", "flowers")),
        ("flowers.a.b", ("flowers.a.b", "flowers_extracted")),
        (None, ("all.{}_archive", "all.{}")),
    ],
)
def test_get_file_unpacks_where_keras_does_and_anew_when_the_archive_is(server, kind, fname, names):
    server.files[f"all.{kind}"] = archive(kind, {"a/b.txt": "content"})
    given = {"fname": fname, "origin": server.address(f"all.{kind}"), "extract": True}
    packed, folder = (cache_folder() / name.format(kind) for name in names)
    for _ in range(2):
        assert utils.get_file(**given) == str(folder)
        assert (folder / "a/b.txt").read_text() == "content"
    assert sorted(file.name for file in cache_folder().iterdir()) == sorted([packed.name, folder.name])
    (folder / "a/b.txt").write_text("changed")
    utils.get_file(**given)
    assert (folder / "a/b.txt").read_text() == "changed"
    server.files[f"all.{kind}"] = archive(kind, {"a/c.txt": "other"})
    utils.get_file(**given, force_download=True)
    assert [file.name for file in (folder / "a").iterdir()] == ["c.txt"]
    assert sorted(file.name for file in cache_folder().iterdir()) == sorted([packed.name, folder.name])


def link(name, to, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


def gigantic(name):
    info = tarfile.TarInfo(name)
    info.size = 2**60
    return info


@pytest.mark.parametrize(
    ("kind", "members", "words"),
    [
        ("zip", {"a.txt": "x", "../evil.txt": "x"}, "evil.txt', a name outside"),
        ("zip", {"/tmp/evil.txt": "x"}, "evil.txt', a name outside"),
        ("zip", {"..\\evil.txt": "x"}, "a name outside"),
        ("tgz", {"a.txt": "x", "a/../../evil.txt": "x"}, "evil.txt', a name outside"),
        ("tgz", {"a": link("a", "/etc"), "a/passwd": "x"}, "'a', a link or a device"),
        ("tgz", {"a": link("a", "b", tarfile.LNKTYPE)}, "a link or a device"),
        ("tgz", {"a": link("a", "", tarfile.CHRTYPE)}, "a link or a device"),
        ("tgz", {"a": gigantic("a")}, "would grow to|unexpected end"),
    ],
)
def test_get_file_unpacks_nothing_that_is_made_to_harm(server, kind, members, words):
    server.files["all"] = archive(kind, members)
    with pytest.raises(DatasetError, match=words):
        utils.get_file("got", server.address("all"), extract=True)
    assert cached() == ["got_archive"]
    assert not (cache_folder() / "got").exists()


@pytest.mark.parametrize(
    "content",
    [b"no archive", archive("zip", {"a": "b" * 99})[:-30], archive("tgz", {"a": "b"})[:-9]],
    ids=["text", "cut zip", "cut tar"],
)
def test_get_file_says_what_is_no_archive(server, content):
    server.files["all"] = content
    with pytest.raises(DatasetError, match=r"expected a \.tar or \.zip file .* at .*got_archive, received: "):
        utils.get_file("got", server.address("all"), extract=True)
    assert cached() == ["got_archive"]


def test_untar_takes_no_zip_file(server):
    server.files["all.zip"] = archive("zip", {"a": "b"})
    with pytest.raises(DatasetError, match="another kind of file"):
        utils.get_file("other", server.address("all.zip"), untar=True)
