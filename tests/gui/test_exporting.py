"""What is written to files: numbers that read back the same, pictures that open, scripts that repeat the step."""

import csv
import io
import subprocess
import sys

import numpy as np
import pytest
from PyQt6.QtGui import QImage

from fastnn import presets
from fastnn.exchange.scripts import step_script
from gui import exporting
from gui.panels import pictures
from gui.session import Session


@pytest.mark.parametrize("shape", [(), (4,), (3, 5), (2, 3, 4), (2, 2, 2, 3), (0, 3)])
@pytest.mark.parametrize("ending", [".csv", ".npy"])
def test_a_tensor_reads_back_the_same(tmp_path, shape, ending):
    array = np.random.default_rng(0).normal(size=shape).astype("float32")
    path = tmp_path / f"tensor{ending}"
    exporting.write_tensor(path, array)
    if ending == ".npy":
        again = np.load(path)
    else:
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
        cells = [row[-1:] for row in rows[1:]] if len(shape) > 2 else rows
        again = np.array([float(c) for row in cells for c in row], "float32").reshape(shape)
    assert np.array_equal(again, array)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_wrong_ending_and_a_missing_folder_are_named(tmp_path):
    with pytest.raises(ValueError, match="ends in"):
        exporting.write_tensor(tmp_path / "t.xls", np.zeros(3))
    with pytest.raises(OSError, match="nowhere"):
        exporting.write(tmp_path / "nowhere" / "t.csv", "1")


def test_an_old_file_survives_a_failed_export(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    exporting.write(path, "old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        exporting.write(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


QUICK = ("worked-example", "xor", "digits-cnn", "ticket-router", "cifar-residual", "siamese-digits")
SLOW = [n for n in presets.names() if n not in (*QUICK, "mnist-cnn")]


def check_script(name, tmp_path, steps):
    session = Session()
    session.load(name, seed=0, position=0)
    session.goto(steps * len(session.steps) + 4)
    here = session.moment.position
    script = tmp_path / "step.py"
    script.write_text(step_script(session.stepper, session.title), encoding="utf-8")
    assert session.stepper.position == here
    command = [sys.executable, "-I", "-W", "error", str(script), str(tmp_path / "values.npz")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("loss ")
    assert "fastnn" not in script.read_text(encoding="utf-8").split('"""')[2]
    session.stepper.goto((steps + 1) * len(session.steps))
    found = np.load(tmp_path / "values.npz")
    for value in session.listing.values:
        wanted = session.stepper.value(value).astype("float64")
        largest = max(np.abs(wanted).max(initial=0), 1e-2)
        far = np.abs(found[value] - wanted) > 1e-5 * largest
        # where a gradient all but vanishes, Adam's step is its sign: rounding decides it, for a cell in a thousand
        assert far.mean() <= 1e-3, value
        assert np.allclose(found[value], wanted, rtol=0, atol=2e-2 * largest, equal_nan=True), value


@pytest.mark.parametrize("name", QUICK)
def test_the_script_repeats_the_step_in_a_clean_process(name, tmp_path):
    check_script(name, tmp_path, 2)


@pytest.mark.full
@pytest.mark.parametrize("name", SLOW)
def test_every_presets_script_repeats_its_step(name, tmp_path):
    check_script(name, tmp_path, 1)


def test_the_first_step_of_a_run_can_be_a_script_too(tmp_path):
    check_script("xor", tmp_path, 0)


def test_pictures_show_the_panel(open_window, tmp_path):
    window = open_window(position=6)
    pictures.write_picture(tmp_path / "stage.png", window.stage)
    image = QImage(str(tmp_path / "stage.png"))
    assert image.width() == 2 * window.stage.width()
    assert len({image.pixel(x, y) for x in range(0, image.width(), 9) for y in range(0, image.height(), 9)}) > 10
    pictures.write_picture(tmp_path / "stage.svg", window.stage, "the stage")
    text = (tmp_path / "stage.svg").read_text(encoding="utf-8")
    assert "<svg" in text
    assert text.count("<path") + text.count("<rect") + text.count("<polyline") > 10
    assert "<text" in text
    with pytest.raises(ValueError, match="ends in"):
        pictures.write_picture(tmp_path / "stage.bmp", window.stage)


def test_a_film_has_a_picture_for_every_step_and_the_run_returns(open_window, tmp_path):
    from PIL import Image

    window = open_window(position=2)
    files = window.features.files
    assert files.write("gif", str(tmp_path / "steps.gif"), "Stage", steps=5)
    assert window.session.moment.position == 2
    with Image.open(io.BytesIO((tmp_path / "steps.gif").read_bytes())) as film:
        assert film.n_frames == 5
        frames = []
        for k in range(5):
            film.seek(k)
            frames.append(film.convert("RGB").tobytes())
    assert len(set(frames)) == 5


def test_a_tensor_and_a_script_are_written_from_the_window(open_window, tmp_path):
    window = open_window("xor", position=8)
    files = window.features.files
    assert files.write("tensor", str(tmp_path / "h.npy"), tensor="hidden.tanh")
    assert np.array_equal(np.load(tmp_path / "h.npy"), window.session.view("hidden.tanh"))
    assert files.write("script", str(tmp_path / "s.py"))
    compile((tmp_path / "s.py").read_text(encoding="utf-8"), "s.py", "exec")
    assert "written" in window.statusBar().currentMessage()


def test_an_export_that_fails_says_why(open_window, tmp_path):
    window, said = open_window(), []
    window.features.files.complain = lambda what, why: said.append((what, why))
    assert not window.features.files.write("picture", str(tmp_path / "no" / "p.png"))
    assert said[0][0] == "Cannot write p.png"
