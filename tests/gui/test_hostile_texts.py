"""Texts and pictures of unknown origin: lessons, blueprints, tables; a clear error and an end."""

import struct
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastnn.compat.preprocessing.text import Tokenizer, tokenizer_from_json
from fastnn.utils import load_img
from gui import blueprint, lesson, own_data
from gui.keymap import Keymap
from gui.session import Session
from tests.hostile import harmless

NESTS = [
    "-" * 5000 + "1",
    "-" * 100_000 + "1",
    "(" * 300,
    "[" * 9000,
    "1+" * 1000 + "1",
    "a." * 1000 + "b",
    "lambda:" * 999,
]


@pytest.mark.parametrize("nest", NESTS, ids=range(len(NESTS)))
def test_nests_without_end_in_blueprints_and_answers(nest):
    for text in (f"Input((2,))\nDense({nest})", f"Input((2,))\n{nest}", f"Input({nest})"):
        assert "line" in blueprint.check(text).error
    session = Session()
    session.load("xor")
    for words in (nest, "[1]", "{}", "'a'", "None"):
        with pytest.raises(ValueError, match="cell"):
            lesson.answer(session, lesson.Stage(1, "x", {"answer": words}))


@pytest.mark.parametrize("words", ["h[9, 9]", "nothing[0]", "h[0]", "h[0, 0, 0]", f"h[{'9' * 30}, 0]"])
def test_answers_of_cells_that_are_not_there(words):
    session = Session()
    session.load("worked-example")
    name = session.steps[0].outputs[0]
    stage = lesson.Stage(1, "x", {"answer": f"{words.replace('h', name)} at end"})
    with pytest.raises(ValueError, match="expected"):
        lesson.answer(session, stage)


def test_answers_that_are_too_large_or_too_far_away(monkeypatch):
    """Going there runs in the window's thread: it ends after some seconds, at the place where it began."""
    session = Session()
    session.load("worked-example")
    name = session.steps[0].outputs[0]
    with pytest.raises(ValueError, match="cell"):
        lesson.answer(session, lesson.Stage(1, "x", {"answer": "9" * 400}))
    for step in ("99999999999999", "9" * 5000, "10000001"):
        with pytest.raises(ValueError, match="up to 10,000,000"):
            lesson.answer(session, lesson.Stage(1, "x", {"answer": f"{name}[0, 0] at step {step}, end"}))
    monkeypatch.setattr(lesson, "PATIENCE", 0.05)
    with pytest.raises(ValueError, match="seconds of training"):
        lesson.answer(session, lesson.Stage(1, "x", {"answer": f"{name}[0, 0] at step 9999999, end"}))
    assert session.stepper.position == 1
    near = lesson.answer(session, lesson.Stage(1, "x", {"answer": f"{name}[0, 0] at step 3, end"}))
    session.stepper.goto(3 * len(session.steps))
    assert near == session.stepper.view(name)[0, 0]


LARGE = {
    "values": "RepeatVector(60000000)\n  GlobalAveragePooling1D()\n  Dense(1)",
    "weights": "Dense(7000)\n  Dense(7000)\n  Dense(1)",
    "scores": "RepeatVector(9000)\n  a = Dense(2)\n  Dot(2)([a, a])\n  GlobalAveragePooling1D()\n  Reshape((9000, 1))"
    "\n  GlobalAveragePooling1D()",
}
LESSON = (
    "title: t\nblueprint:\n  Input((2,))\n  {}\n  compile('adam', 'mse')\ndata:\n  1 2 | 3\n  1 2 | 4\n{}\n---\n\nText"
)


@pytest.mark.parametrize("what", LARGE)
def test_lessons_of_a_few_letters_ask_for_no_gigabytes(what, tmp_path):
    with harmless(tmp_path), pytest.raises(ValueError, match=r"lesson l, blueprint: .* 5,000,000"):
        lesson.parse("l", LESSON.format(LARGE[what], "")).source()


@pytest.mark.parametrize("words", ["batch: -1", "batch: x", f"batch: {'9' * 30}", "seed: 1.5", "seed: -2"])
def test_numbers_of_a_lesson_s_head(words):
    found = lesson.parse("l", LESSON.format("Dense(1)", words + "\n"))
    with pytest.raises(ValueError, match=r"lesson l, (batch|seed): expected a whole number"):
        found.source(), found.number("seed")


def test_a_lesson_that_asks_has_an_answer():
    with pytest.raises(ValueError, match="expected an answer"):
        lesson.parse("l", "title: t\n\n---\nask: what?\n\nText")


CALLS = [
    "__import__('os').system('touch evil')", "Dense(open('evil', 'w'))", "Dense(units=exec('1'))", "Lambda(print)",
    "fastnn.utils.get_file('http://127.0.0.1:9/')", "StringLookup(vocabulary='/etc/hostname')", "Dense.__class__(2)",
    "Dense(2, kernel_initializer=[].__class__)", "(lambda: 1)()", "Dense(10**9)", "Dense(1000000000000)",
    "TextVectorization(vocabulary='/etc/hostname')",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_a_lesson_s_network_calls_nothing_but_layers(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = f"title: t\nblueprint:\n  Input((2,))\n  {call}\n  compile('sgd', 'mse')\ndata:\n  1 2 | 3\n\n---\n\nWords."
    (tmp_path / "l.txt").write_text(text)
    with harmless(tmp_path), pytest.raises(ValueError, match="lesson l"):
        lesson.find(str(tmp_path / "l.txt")).source()


@pytest.mark.parametrize("key", ["word_counts", "word_docs", "index_docs", "index_word", "word_index"])
def test_tokenizers(key):
    good = Tokenizer().to_json()
    for value in ("[" * 99_999, "[1]", '\\"x\\"', '{\\"a\\": 1}', "3"):
        text = good.replace(f'"{key}": "{{}}"', f'"{key}": "{value}"')
        assert text != good
        if key.startswith("index") or not value.startswith("{"):
            with pytest.raises(ValueError, match="Tokenizer"):
                tokenizer_from_json(text)


@pytest.mark.parametrize("text", ["[" * 99_999, "{", "3", "null", '{"run": 3}', '{"run": [null]}', "\ud800"])
def test_settings_of_keys_that_mean_nothing_leave_the_keys_as_they_are(text):
    assert Keymap.loads(text).changes == {}


TABLES = {
    "NUL": b"a,b\n1,\0\n",
    "half a letter": b"a,b\n1,\xed\xa0\x80\n",
    "a cell without end": b"a,b\n1," + b"9" * 200_000 + b"\n",
    "a quote without end": b'a,b\n1,"' + b"x\n" * 100_000,
    "numbers that are too large": b"a,b\n1,1e999\n2,3\n",
    "numbers of another script": "a,b\n1,٣x\n2,3\n".encode(),
    "lines of different lengths": b"a,b\n1\n1,2,3\n",
    "one line": b"\n",
    "pickled": b"\x80\x04\x95cos\nsystem\n",
}


@pytest.mark.parametrize("what", TABLES)
def test_tables_made_to_harm(what, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(TABLES[what])
    with harmless(tmp_path), pytest.raises(ValueError, match=r"t\.csv"):
        own_data.read(path)


def test_a_column_of_many_words_is_read_at_once(tmp_path):
    """Every word is looked up, not searched for."""
    path, words = tmp_path / "t.csv", [f"w{k * 7919 % 20_000:07d}" for k in range(20_000)]
    path.write_text("name,y\n" + "".join(f"{word},{k % 2}\n" for k, word in enumerate(words)))
    start = time.process_time()
    x = own_data.read(path).x
    assert time.process_time() - start < 3.0
    assert x[:, 0].tolist() == [k * 7919 % 20_000 for k in range(20_000)]


def png(width, height):
    """A picture that says it is of this size and has no content."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(evil) (w) file closefile\n%%EOF\n"
PICTURES = {
    "of many gigabytes": png(2**30, 2**30),
    "of some gigabytes": png(40_000, 40_000),
    "of no size": png(0, 5),
    "without an end": png(9, 9),
    "a program": POSTSCRIPT,
    "a table": b"a,b\n1,2\n",
    "nothing": b"",
}


@pytest.mark.parametrize("what", PICTURES)
def test_pictures_made_to_harm(what, tmp_path):
    """A picture's size is looked at before its content; PostScript, which is a program, is none."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.zeros((4, 4, 3), "uint8")).save(tmp_path / name / "0.png")
    (tmp_path / "b" / "1.png").write_bytes(PICTURES[what])
    with harmless(tmp_path), pytest.raises(ValueError, match=r"1\.png"):
        own_data.read(tmp_path, size=(4, 4))


@pytest.mark.parametrize("size", [(10_001, 10_000), (13_300, 13_300), (2**30, 2**30)])
def test_pictures_of_too_many_pixels_are_not_decoded(size, tmp_path):
    """A file of 20 kB may say that it has any number of them, also where they are to be changed to a few."""
    row = b"IDAT" + zlib.compress(b"\0")
    (tmp_path / "a.png").write_bytes(
        png(*size) + struct.pack(">I", len(row) - 4) + row + struct.pack(">I", zlib.crc32(row))
    )
    with harmless(tmp_path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pillow's, which warns of fewer pixels
        with pytest.raises(ValueError, match=r"at most 100,000,000 pixels\. Received: '.*a\.png'"):
            load_img(tmp_path / "a.png", target_size=(32, 32))


def test_pictures_that_are_too_many_together(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.zeros((8, 8, 3), "uint8")).save(tmp_path / name / "0.png")
    monkeypatch.setattr(own_data, "LARGEST", 4 * 8 * 8 * 3)
    with pytest.raises(ValueError, match="at most 768 bytes as numbers, received 2 of 8x8x3"):
        own_data.read(tmp_path)
    assert own_data.read(tmp_path, size=(5, 5)).x.shape == (2, 5, 5, 1)


def test_pictures_that_are_links_elsewhere(tmp_path):
    """A folder's pictures may be links, as data sets are often laid out; what is no picture is refused by name."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    Image.fromarray(np.zeros((4, 4, 3), "uint8")).save(tmp_path / "a" / "0.png")
    (tmp_path / "b" / "0.png").symlink_to(Path("/etc/passwd"))
    with pytest.raises(ValueError, match=r"0\.png"):
        own_data.read(tmp_path)
