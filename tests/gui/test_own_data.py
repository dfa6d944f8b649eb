"""Data of one's own: what is read equals what was written, and what is wrong is named."""

import numpy as np
import pytest

from gui import opening
from gui.own_data import read
from gui.session import Session

NUMBERS = np.random.default_rng(0)


def write_csv(path, header, rows, mark=","):
    lines = [mark.join(map(str, row)) for row in ([header] if header else []) + rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def train(source):
    """The loss after one step of the source's training."""
    session = Session()
    session.load(source, seed=3)
    session.to_end()
    return session


def table_of_words(folder):
    rows = [[k, k / 2, "cat" if k % 3 else "dog"] for k in range(30)]
    write_csv(folder / "pets.csv", ["age", "weight", "species"], rows)
    x, y = [[r[0], r[1]] for r in rows], [["cat", "dog"].index(r[2]) for r in rows]
    return folder / "pets.csv", x, y, ("cat", "dog")


def table_of_numbers(folder):
    rows = [[round(v, 4) for v in row] for row in NUMBERS.normal(size=(25, 4)).tolist()]
    write_csv(folder / "numbers.tsv", None, rows, "\t")
    return folder / "numbers.tsv", [r[:3] for r in rows], [r[3:] for r in rows], ()


def table_with_a_target_first(folder):
    rows = [[k % 3, f"{k},5", "red" if k % 2 else "blue"] for k in range(24)]
    write_csv(folder / "colours.csv", ["label", "size", "colour"], rows, ";")
    return folder / "colours.csv", [[k + 0.5, k % 2] for k in range(24)], [k % 3 for k in range(24)], ("0", "1", "2")


def file_of_arrays(folder):
    x, y = NUMBERS.integers(0, 256, (12, 6, 6), np.uint8), np.arange(12) % 4
    np.savez(folder / "arrays.npz", x_train=x, y_train=y)
    return folder / "arrays.npz", x[..., None] / 255, y, ("0", "1", "2", "3")


def folder_of_pictures(folder):
    from PIL import Image

    pixels, labels = NUMBERS.integers(0, 256, (6, 5, 4, 3), np.uint8), [0, 0, 0, 1, 1, 1]
    for k, picture in enumerate(pixels):
        kind = folder / "pictures" / ("circle", "square")[labels[k]]
        kind.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(kind / f"{k}.png")
    return folder / "pictures", pixels / 255, labels, ("circle", "square")


MAKERS = (table_of_words, table_of_numbers, table_with_a_target_first, file_of_arrays, folder_of_pictures)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_what_is_read_is_what_was_written_and_can_be_trained_on(make, tmp_path):
    path, x, y, classes = make(tmp_path)
    found = read(path)
    assert np.allclose(found.x, x, atol=1e-6)
    assert np.allclose(found.y, y, atol=1e-6)
    assert found.classes == classes
    first, again = (train(opening.from_blueprint(found.network(), read(path), 8)) for _ in range(2))
    assert np.isfinite(first.losses.array).all()
    assert len(first.losses) == 1
    assert np.array_equal(first.losses.array, again.losses.array)


def test_the_target_can_be_chosen(tmp_path):
    path, *_ = table_of_words(tmp_path)
    found = read(path, "weight")
    assert found.features == ("age", "species")
    assert np.allclose(found.y.ravel(), np.arange(30) / 2)


BAD_TABLES = {
    "a,b,y\n1,2,3\n4,5\n": "line 3: expected 3 cells, received 2",
    "a,b,y\n1,,3\n": "line 2, column 'b': expected a value, received none",
    "a,b,y\n1,2,3\n4,cat,6\n": "line 3, column 'b': expected a number, received 'cat'",
    "a,b,y\n": "at least one row",
    "": "at least one row",
    "1\n2\n": "two columns or more",
}


@pytest.mark.parametrize(("text", "words"), BAD_TABLES.items(), ids=range(len(BAD_TABLES)))
def test_a_bad_table_names_the_place(text, words, tmp_path):
    (tmp_path / "bad.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad\.csv") as caught:
        read(tmp_path / "bad.csv")
    assert words in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00\x01" * 10)
    with pytest.raises(ValueError, match="expected a text file"):
        read(tmp_path / "bad.csv")


BAD_ARRAYS = {
    "expected arrays x and y": {"a": np.zeros(3)},
    "as many targets as inputs": {"x": np.zeros((3, 2)), "y": np.zeros(4)},
    "finite numbers": {"x": np.full((3, 2), np.nan), "y": np.zeros(3)},
    "array x: expected numbers": {"x": np.zeros((0, 2)), "y": np.zeros(0)},
    "array y: expected numbers": {"x": np.zeros((2, 2)), "y": np.array(["a", "b"])},
    "'x': an array of pickled objects": {"x": np.array([{}, []], object), "y": np.zeros(2)},
}


@pytest.mark.parametrize(("words", "given"), BAD_ARRAYS.items())
def test_bad_arrays_are_named(words, given, tmp_path):
    np.savez(tmp_path / "bad.npz", **given)
    with pytest.raises(ValueError, match=words):
        read(tmp_path / "bad.npz")


@pytest.mark.parametrize("cut", [3, 40, 200])
def test_a_damaged_file_of_arrays_is_named(cut, tmp_path):
    np.savez(tmp_path / "good.npz", x=np.ones((20, 3)), y=np.ones(20))
    whole = (tmp_path / "good.npz").read_bytes()
    (tmp_path / "bad.npz").write_bytes(whole[:cut])
    with pytest.raises(ValueError, match=r"bad\.npz"):
        read(tmp_path / "bad.npz")


def test_pictures_of_several_sizes_need_a_size(tmp_path):
    from PIL import Image

    for k, kind in enumerate(("a", "b")):
        (tmp_path / kind).mkdir()
        Image.new("L", (4 + k, 4), 7).save(tmp_path / kind / "p.png")
    with pytest.raises(ValueError, match="expected a picture of 4x4 as the others, received 4x5; choose a size"):
        read(tmp_path)
    assert read(tmp_path, size=(6, 8)).x.shape == (2, 6, 8, 1)
    (tmp_path / "a" / "p.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"expected a picture, received p\.png"):
        read(tmp_path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "data.xlsx").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"expected a \.csv or \.npz file or a folder"):
        read(tmp_path / "data.xlsx")
    with pytest.raises(ValueError, match="a folder of pictures for each"):
        read(tmp_path)


SCRIPT = """
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(1)
model = keras.Sequential([layers.Input((3,)), layers.Dense(2, activation="softmax", name="last")])
model.compile("adam", "sparse_categorical_crossentropy")
x, y = np.arange(30.0).reshape(10, 3), np.arange(10) % 2
try:
    model.fit(x, y, {arguments})
except Exception:
    raise SystemExit("an error was swallowed")
"""


def test_a_script_is_run_up_to_its_first_fit(tmp_path):
    script = tmp_path / "course.py"
    script.write_text(SCRIPT.format(arguments="batch_size=4, validation_split=0.2, shuffle=False"), encoding="utf-8")
    session = train(opening.from_script(script))
    assert (session.title, session.moment.batches, session.source.shuffle) == ("course.py", 2, False)
    assert np.array_equal(session.view("y_true"), [0, 1, 0, 1])
    assert "last.kernel" in session.listing.values


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "received the script's end"),
        ("1 / 0", "ZeroDivisionError"),
        ("import sys; sys.exit(3)", "end \\(3\\)"),
    ],
)
def test_a_script_that_trains_nothing_is_named(text, words, tmp_path):
    (tmp_path / "other.py").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"other.py: expected a call of fit, .*{words}"):
        opening.from_script(tmp_path / "other.py")
