"""Built-in data sets, and the download of MNIST against a server on this machine."""

import hashlib
import io
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from fastnn.datasets import DatasetError, cars, circles, digits, gates, gifts, iris, mnist, moons, spiral, xor
from fastnn.datasets.download import cache_folder


def test_iris_is_fishers_table():
    x, y = iris.load_data()
    assert (x.shape, x.dtype, y.dtype) == ((150, 4), np.float32, np.int64)
    assert np.bincount(y).tolist() == [50, 50, 50]
    np.testing.assert_allclose(x.mean(0), [5.843333, 3.057333, 3.758, 1.199333], rtol=1e-6)
    np.testing.assert_allclose(x[34], [4.9, 3.1, 1.5, 0.2], rtol=1e-6)  # one of two rows that UCI's copy has wrong
    np.testing.assert_allclose(x[37], [4.9, 3.6, 1.4, 0.1], rtol=1e-6)


def test_digits_are_whole_and_split_by_every_fifth_row():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert x_train.shape == (1438, 8, 8)
    assert x_test.shape == (359, 8, 8)
    assert x_train.dtype == x_test.dtype == np.uint8
    assert y_train[:8].tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    assert y_test[:4].tolist() == [4, 9, 4, 9]
    assert np.bincount(y_train).min() >= 120
    assert np.bincount(y_test).min() >= 20
    assert x_train[0].tolist()[0] == [0, 0, 5, 13, 9, 1, 0, 0]
    assert x_train.max() == x_test.max() == 16
    assert int(x_train.sum()) + int(x_test.sum()) == 561718


def test_digits_can_be_told_apart_by_their_nearest_neighbour():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    a, b = x_train.reshape(len(x_train), -1).astype(float), x_test.reshape(len(x_test), -1).astype(float)
    nearest = ((b[:, None] - a[None]) ** 2).sum(-1).argmin(1)
    assert (y_train[nearest] == y_test).mean() > 0.95


@pytest.mark.parametrize(
    ("gate", "rule"),
    [
        ("a", lambda a, b: a),
        ("and", lambda a, b: a and b),
        ("or", lambda a, b: a or b),
        ("a_and_not_b", lambda a, b: a and not b),
        ("nand", lambda a, b: not (a and b)),
        ("xor", lambda a, b: a != b),
    ],
)
def test_gates_follow_their_rule(gate, rule):
    x, y = gates.load_data(gate)
    assert [bool(rule(*row)) for row in x.astype(bool).tolist()] == y.astype(bool).tolist()
    assert x.dtype == np.float32


def test_unknown_gate_is_refused_by_name():
    with pytest.raises(ValueError, match=r"expected a gate of .*'xor'.*received 'nor'"):
        gates.load_data("nor")


def test_xor_is_the_gate():
    np.testing.assert_array_equal(xor.load_data()[1], gates.load_data("xor")[1])


def test_gift_table_has_the_known_probabilities():
    outcomes, p = gifts.load_data()
    np.testing.assert_allclose(p, [0.056, 0.504, 0.024, 0.014, 0.216, 0.126, 0.006, 0.054], rtol=1e-5)
    assert outcomes[0].tolist() == [1, 1, 1]
    assert outcomes[-1].tolist() == [0, 0, 0]
    np.testing.assert_allclose(-np.log(p[[1, 6]]), [0.69, 5.12], atol=0.005)


def test_car_table_follows_its_formulas():
    p, losses = cars.load_data()
    np.testing.assert_allclose(losses[:, 0], -np.log10(p), atol=0.0051)
    np.testing.assert_allclose(losses[:, 1], 2 * (1 - p) ** 2, atol=1e-6)


@pytest.mark.parametrize(("maker", "classes"), [(circles, 2), (moons, 2), (spiral, 3)])
def test_points_have_balanced_classes_in_turn_and_depend_on_the_seed_only(maker, classes):
    x, y = maker.load_data(samples=100, seed=3)
    again, _ = maker.load_data(samples=100, seed=3)
    other, _ = maker.load_data(samples=100, seed=4)
    assert (x.shape, x.dtype, y.dtype) == ((100, 2), np.float32, np.int64)
    assert y.tolist() == [k % classes for k in range(100)]
    np.testing.assert_array_equal(x, again)
    assert not np.array_equal(x, other)


@pytest.mark.parametrize("maker", [circles, moons, spiral])
def test_points_refuse_what_makes_no_data(maker):
    with pytest.raises(ValueError, match="at least one sample for each class, received 1"):
        maker.load_data(samples=1)
    for noise in (-0.1, float("nan")):
        with pytest.raises(ValueError, match="expected noise to be 0 or more"):
            maker.load_data(noise=noise)


def test_circles_have_their_radii_and_odd_counts_close_evenly():
    x, y = circles.load_data(samples=7, noise=0, factor=0.3)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.3), rtol=1e-6)
    np.testing.assert_allclose(x[y == 1].sum(0), 0, atol=1e-6)
    with pytest.raises(ValueError, match=r"factor to be in 0\.\.1, received 2"):
        circles.load_data(factor=2)


def test_moons_lie_on_their_half_circles():
    x, y = moons.load_data(samples=51, noise=0)
    centre = np.where(y[:, None] == 0, (0, 0), (1, 0.5))
    np.testing.assert_allclose(np.hypot(*(x - centre).T), 1, rtol=1e-5)
    assert (x[y == 0, 1] >= -1e-6).all()
    assert (x[y == 1, 1] <= 0.5 + 1e-6).all()


def test_spiral_arms_are_copies_turned_by_a_third():
    x, y = spiral.load_data(samples=30, noise=0)
    c, s = np.cos(2 * np.pi / 3), np.sin(2 * np.pi / 3)
    np.testing.assert_allclose(x[y == 0] @ [[c, s], [-s, c]], x[y == 1], atol=1e-6)
    np.testing.assert_allclose(np.hypot(*x[y == 2].T), np.linspace(0, 1, 10), atol=1e-6)


@pytest.mark.parametrize("module", [cars, circles, digits, gates, gifts, iris, mnist, moons, spiral, xor])
def test_every_data_set_names_its_source(module):
    assert len(module.SOURCE) > 10


# ---------------------------------------------------------------- download


def small_mnist():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (30, 28, 28), np.uint8), rng.integers(0, 10, 30, np.uint8)
    return {"x_train": x[:20], "y_train": y[:20], "x_test": x[20:], "y_test": y[20:]}


def packed(arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


class Server(ThreadingHTTPServer):
    """Serves `content` at /mnist.npz and remembers what it was asked for."""

    def __init__(self, content):
        self.content, self.asked = content, []
        super().__init__(("127.0.0.1", 0), Handler)

    def address(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        name = self.path.lstrip("/")
        if name == "moved.npz":
            self.send_response(302)
            self.send_header("Location", self.server.address("mnist.npz"))
            self.end_headers()
        elif name in ("mnist.npz", "cut.npz"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.server.content)))
            self.end_headers()
            self.wfile.write(self.server.content[: 5000 if name == "cut.npz" else None])
        else:
            self.send_error(404)


@pytest.fixture
def server(monkeypatch, tmp_path):
    server = Server(packed(small_mnist()))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("FASTNN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(mnist, "URL", server.address("mnist.npz"))
    monkeypatch.setattr(mnist, "SHA256", hashlib.sha256(server.content).hexdigest())
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def cached_files():
    return sorted(path.name for path in cache_folder().glob("*"))


def check_small(loaded):
    (x_train, y_train), (x_test, y_test) = loaded
    found = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for name, array in small_mnist().items():
        np.testing.assert_array_equal(found[name], array)


def test_mnist_is_downloaded_once_and_then_read_offline(server):
    check_small(mnist.load_data())
    assert cached_files() == ["mnist.npz"]
    server.shutdown()
    server.server_close()
    check_small(mnist.load_data())
    check_small(mnist.load_data("mnist.npz"))
    assert server.asked == ["/mnist.npz"]


def test_mnist_follows_a_redirect(server, monkeypatch):
    monkeypatch.setattr(mnist, "URL", server.address("moved.npz"))
    check_small(mnist.load_data())
    assert server.asked == ["/moved.npz", "/mnist.npz"]


def test_wrong_hash_is_refused_and_leaves_nothing(server, monkeypatch):
    monkeypatch.setattr(mnist, "SHA256", "0" * 64)
    with pytest.raises(DatasetError, match=r"with SHA-256 0{64} in .*, received: .*[Hh]ash"):
        mnist.load_data()
    assert cached_files() == []


@pytest.mark.parametrize("name", ["cut.npz", "absent.npz"])
def test_cut_connection_and_missing_page_are_refused_and_leave_nothing(server, monkeypatch, name):
    monkeypatch.setattr(mnist, "URL", server.address(name))
    with pytest.raises(DatasetError, match=rf"expected mnist\.npz from http.*{name} .*, received: "):
        mnist.load_data()
    assert cached_files() == []


def test_damaged_cached_file_is_fetched_again(server):
    mnist.load_data()
    (cache_folder() / "mnist.npz").write_bytes(b"damaged")
    check_small(mnist.load_data())
    assert len(server.asked) == 2


def test_damaged_cached_file_offline_says_so_and_is_kept(server):
    cache_folder().mkdir(parents=True)
    (cache_folder() / "mnist.npz").write_bytes(b"damaged")
    server.shutdown()
    server.server_close()
    with pytest.raises(DatasetError, match=r"expected mnist\.npz from http"):
        mnist.load_data()
    assert cached_files() == ["mnist.npz"]


def test_cache_that_cannot_be_a_folder_is_named(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FASTNN_HOME", str(tmp_path / "file"))
    with pytest.raises(DatasetError, match=r"in .*file.datasets, received: "):
        mnist.load_data()


def test_mnist_from_a_local_file_needs_no_server(tmp_path):
    path = tmp_path / "own.npz"
    path.write_bytes(packed(small_mnist()))
    check_small(mnist.load_data(path))
    check_small(mnist.load_data(str(path)))


def damaged(content, at):
    return content[:at] + bytes(255 - byte for byte in content[at : at + 50]) + content[at + 50 :]


@pytest.mark.parametrize(
    "content",
    [b"", b"not an archive", packed(small_mnist())[:9000], damaged(packed(small_mnist()), 8000)],
    ids=["empty", "text", "cut", "flipped"],
)
def test_damaged_local_file_is_refused(tmp_path, content):
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"expected a \.npz file with arrays x_train.*own\.npz, received"):
        mnist.load_data(path)


def test_missing_and_unreadable_paths_are_refused(tmp_path):
    for path in (tmp_path / "absent.npz", tmp_path):
        with pytest.raises(OSError, match=r"expected a \.npz file .*, received: "):
            mnist.load_data(path)


def test_local_file_with_other_arrays_is_refused(tmp_path):
    path = tmp_path / "own.npz"
    path.write_bytes(packed({"x": np.zeros(3)}))
    with pytest.raises(DatasetError, match=r"arrays x_train, y_train, x_test, y_test at .*received one with x\."):
        mnist.load_data(path)
    path.write_bytes(packed({**small_mnist(), "y_test": np.zeros(3, np.uint8)}))
    with pytest.raises(DatasetError, match=r"received x_test uint8\(10, 28, 28\) and y_test uint8\(3,\)"):
        mnist.load_data(path)


def test_pickled_objects_are_never_loaded(tmp_path):
    path = tmp_path / "own.npz"
    path.write_bytes(packed({**small_mnist(), "x_train": np.array([{}], object)}))
    with pytest.raises(DatasetError, match="allow_pickle"):
        mnist.load_data(path)


def test_cache_is_in_the_home_folder_unless_named(monkeypatch, tmp_path):
    monkeypatch.delenv("FASTNN_HOME", raising=False)
    assert cache_folder() == Path.home() / ".fastnn" / "datasets"
    monkeypatch.setenv("FASTNN_HOME", os.fspath(tmp_path))
    assert cache_folder() == tmp_path / "datasets"


def test_real_mnist_has_its_shapes(data_folder):
    (x_train, y_train), (x_test, y_test) = mnist.load_data(data_folder / "mnist.npz")
    assert x_train.shape == (60000, 28, 28)
    assert x_test.shape == (10000, 28, 28)
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
