"""Downloads against a server on this machine: what can go wrong on the way, and what is left then."""

import _thread
import errno
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fastnn import datasets, utils
from fastnn.datasets import DatasetError, addresses, download, mnist
from fastnn.datasets.download import cache_folder, fetch
from tests import public_files
from tests.file_server import serving

GOLDEN = Path(__file__).parent / "golden" / "datasets"
FILES = {name: (GOLDEN / name).read_bytes() for name in addresses.FILES}
SETS = {
    "mnist": ["mnist.npz"],
    "fashion_mnist": [f"fashion-mnist/{part}-{what}-ubyte.gz" for part in ("train", "t10k")
                      for what in ("images-idx3", "labels-idx1")],
    "cifar10": ["cifar-10-python.tar.gz"],
    "cifar100": ["cifar-100-python.tar.gz"],
    "imdb": ["imdb.npz"],
    "reuters": ["reuters.npz"],
    "boston_housing": ["boston_housing.npz"],
    "california_housing": ["california_housing.npz"],
    "energy_efficiency": ["energy-efficiency.csv"],
}  # fmt: skip


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server of the small public files, which all sets are fetched from into an empty cache."""
    monkeypatch.setenv("FASTNN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("FASTNN_DATA", raising=False)
    with serving(dict(FILES)) as server:
        for name, content in FILES.items():
            kind = "md5" if name.endswith(".json") else "sha256"
            known = f"{kind}:{hashlib.new(kind, content).hexdigest()}"
            monkeypatch.setitem(addresses.FILES, name, (server.address(name), known))
        yield server


def come_from(server, monkeypatch, way, name="mnist.npz"):
    """Have a file come by another way."""
    monkeypatch.setitem(addresses.FILES, name, (server.address(f"{way}/{name}"), addresses.FILES[name][1]))


def cached():
    """What is in the cache, hidden files too."""
    return sorted(str(p.relative_to(cache_folder())) for p in cache_folder().rglob("*") if p.is_file())


# ---------------------------------------------------------------- the way it should be


@pytest.mark.parametrize("name", SETS)
def test_sets_are_fetched_once_and_then_read_offline(server, name):
    load_data = getattr(datasets, name).load_data
    first = load_data()
    assert cached() == sorted(server.asked) == sorted(SETS[name])
    server.close()
    for a, b in zip(first, load_data(), strict=True):
        assert all((old == new).all() for old, new in zip(a, b, strict=True))


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_words_are_fetched_once(server, name):
    get_word_index = getattr(datasets, name).get_word_index
    assert get_word_index() == get_word_index() == public_files.WORDS
    assert cached() == server.asked == [f"{name}_word_index.json"]


def test_a_name_is_one_in_the_cache_and_a_path_is_a_file(server, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    mnist.load_data("mnist.npz")
    mnist.load_data(None)
    mnist.load_data("mine.npz")
    assert cached() == ["mine.npz", "mnist.npz"]
    assert server.asked == ["mnist.npz"] * 2
    Path("here.npz").write_bytes(FILES["mnist.npz"])
    Path("mnist.npz").write_bytes(b"something else under that name")
    for path in ("here.npz", tmp_path / "here.npz", "mnist.npz"):
        mnist.load_data(path)
    with pytest.raises(DatasetError, match=r"npz .* at mnist\.npz, received: File is not a zip"):
        mnist.load_data("./mnist.npz")
    assert len(server.asked) == 2


def test_a_folder_of_ones_own_comes_before_the_cache_and_the_net(server, monkeypatch, tmp_path):
    server.close()
    monkeypatch.setenv("FASTNN_DATA", str(tmp_path))
    for name in ("mnist.npz", *SETS["fashion_mnist"]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(FILES[name])
    assert len(mnist.load_data()[0][0]) == 20
    assert len(datasets.fashion_mnist.load_data()[0][0]) == 7
    assert cached() == []
    with pytest.raises(DatasetError, match="cifar-10"):
        datasets.cifar10.load_data()


def test_redirects_are_followed(server, monkeypatch):
    come_from(server, monkeypatch, "moved")
    mnist.load_data()
    assert server.asked == ["moved/mnist.npz", "mnist.npz"]


def test_a_good_copy_needs_no_lock_and_nothing_written(server, monkeypatch):
    mnist.load_data()
    monkeypatch.setattr(download, "alone", None)  # a folder of a whole class may be read alone
    mnist.load_data()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_alone(server, monkeypatch, terminal):
    shown = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    mnist.load_data()
    text = shown.getvalue()
    assert ("mnist.npz: 100%" in text and "24.3k/24.3k" in text) if terminal else text == ""


# ---------------------------------------------------------------- what can go wrong


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("cut", "12166|12165"),
        ("around", "30 redirects"),
        ("broken", "500 Server Error"),
        ("absent", "404 Client Error"),
    ],
)
def test_what_does_not_come_is_said_and_leaves_nothing(server, monkeypatch, way, words):
    come_from(server, monkeypatch, way)
    with pytest.raises(
        DatasetError, match=rf"expected mnist\.npz from http.*{way}.* with sha256 .* in .*: .*({words})"
    ):
        mnist.load_data()
    assert cached() == []


def test_without_a_network(server, monkeypatch):
    server.close()
    with pytest.raises(DatasetError, match=r"expected mnist\.npz from http.*received: .*refused"):
        mnist.load_data()
    assert cached() == []


def test_another_hash_is_refused_with_both_said(server):
    server.files["mnist.npz"] = b"another file"
    found = hashlib.sha256(b"another file").hexdigest()
    with pytest.raises(DatasetError, match=rf"with sha256 [0-9a-f]{{64}} in .*, received: .*hash, sha256 {found}"):
        mnist.load_data()
    assert cached() == []
    assert server.asked == ["mnist.npz"]


def test_damaged_copies_are_fetched_anew_or_kept(server):
    mnist.load_data()
    copy = cache_folder() / "mnist.npz"
    copy.write_bytes(b"damaged")
    mnist.load_data()
    assert copy.read_bytes() == FILES["mnist.npz"]
    copy.write_bytes(b"damaged")
    server.close()
    found = hashlib.sha256(b"damaged").hexdigest()
    words = (
        rf"with sha256 [0-9a-f]{{64}} in .*received: a file there of another hash, sha256 {found}, .*put the right file"
    )
    with pytest.raises(DatasetError, match=words):
        mnist.load_data()
    assert (cached(), copy.read_bytes()) == (["mnist.npz"], b"damaged")


def test_a_data_folder_that_does_not_exist_is_named(server, monkeypatch, tmp_path):
    server.close()
    monkeypatch.setenv("FASTNN_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetError, match=r"FASTNN_DATA names a folder that does not exist: .*nowhere"):
        mnist.load_data()
    with pytest.raises(DatasetError, match=r"yourself\.$"):  # weights do not come from there
        utils.get_file("a.h5", server.address("a.h5"), cache_subdir="models")


def test_a_cache_that_cannot_be_a_folder_is_named(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FASTNN_HOME", str(tmp_path / "file"))
    with pytest.raises(DatasetError, match=r"in .*file.datasets, received: "):
        mnist.load_data()


def test_a_cache_that_may_not_be_written_is_said(server, monkeypatch):
    def refused(path, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    cache_folder().mkdir(parents=True)
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(DatasetError, match=r"in .*datasets, received: .*Permission denied"):
        mnist.load_data()


def test_a_full_disk_leaves_nothing(server):
    import resource  # POSIX alone

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(DatasetError, match=r"expected mnist\.npz .*, received: .*File too large"):
            mnist.load_data()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert cached() == []


def test_a_server_that_falls_silent_is_not_waited_for(server, monkeypatch):
    come_from(server, monkeypatch, "half")
    monkeypatch.setattr(download, "PATIENCE", 0.1)
    awake = threading.Event()
    server.halfway = lambda: awake.wait(30)
    with pytest.raises(DatasetError, match=r"expected mnist\.npz .*, received: .*timed out"):
        mnist.load_data()
    awake.set()
    assert cached() == []


def test_ctrl_c_leaves_nothing(server, monkeypatch, interruptible):
    come_from(server, monkeypatch, "half")
    server.halfway = _thread.interrupt_main
    with pytest.raises(KeyboardInterrupt):
        mnist.load_data()
    assert cached() == []


@pytest.mark.parametrize("url", ["gopher://a/b", "nothing", "http://", "http://[", "file:///no/such/file", ""])
def test_addresses_that_are_none(tmp_path, url):
    with pytest.raises(DatasetError, match=r"expected b from .* in .*, received: "):
        fetch(url, tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- several processes

FETCH = """
import sys, pathlib
from fastnn.datasets.download import fetch
fetch(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3])
"""


def process(server, name="half/mnist.npz"):
    """Another process that fetches MNIST into our cache."""
    place, known = str(cache_folder() / "mnist.npz"), addresses.FILES["mnist.npz"][1]
    return subprocess.Popen([sys.executable, "-c", FETCH, server.address(name), place, known])


def test_processes_at_once_share_one_download_and_one_that_is_killed_leaves_the_way_free(server, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    server.halfway = lambda: (begun.set(), go_on.wait(30))
    killed = process(server)
    assert begun.wait(30)
    waiting = process(server, "mnist.npz")
    assert cached() == [".mnist.npz.lock", ".mnist.npz.part"]
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(30) != 0
    go_on.set()
    mnist.load_data()  # at once with the one that waits
    assert waiting.wait(30) == 0
    assert server.asked == ["half/mnist.npz", "mnist.npz"]
    assert cached() == ["mnist.npz"]


def test_threads_at_once_share_one_download(server, monkeypatch):
    come_from(server, monkeypatch, "half")
    found, threads = [], [threading.Thread(target=lambda: found.append(mnist.load_data())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 4
    assert server.asked == ["half/mnist.npz"]
    assert cached() == ["mnist.npz"]
