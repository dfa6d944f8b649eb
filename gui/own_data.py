"""Data of one's own, read from a table (CSV), arrays (NPZ) or a folder of pictures. No Qt."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.utils import archives

Array = NDArray[Any]
TARGETS = ("target", "label", "class", "y", "species")  # columns of these names are what is to be learnt
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
MOST_CLASSES = 50
LARGEST = 2**31  # bytes of all arrays together
GROWTH = 200  # of packed arrays: many are mostly zeros
KINDS = "fiubSU"  # of arrays: numbers and words
MISSING = ("", "?", "na", "nan", "n/a", "null", "none")


@dataclass(frozen=True)
class OwnData:
    """Inputs and targets, and what people should know about them.

    Args:
        path: File or folder that it was read from.
        x: Inputs; the first axis counts samples.
        y: Targets, as many; whole numbers are classes.
        classes: Names of the classes; empty where numbers are to be learnt.
        features: Names of the columns of a table.
    """

    path: Path
    x: Array = field(repr=False)
    y: Array = field(repr=False)
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """The data in one line."""
        sample = "x".join(map(str, self.x.shape[1:])) or "1"
        aim = f"{len(self.classes)} classes" if self.classes else f"{int(np.prod(self.y.shape[1:]))} number(s) to learn"
        return f"{len(self.x):,} samples of {sample}, {aim}"

    def network(self) -> str:
        """A small network that fits, as the text of a blueprint."""
        head = [f"Input({tuple(self.x.shape[1:])!r})"]
        body = ['Conv2D(8, 3, padding="same", activation="relu")', "MaxPooling2D()"] if self.x.ndim == 4 else []
        flat = ["Flatten()"] if self.x.ndim > 2 else []
        return "\n".join([*head, *body, *flat, 'Dense(16, activation="relu")', *self._end()])

    def _end(self) -> list[str]:
        if len(self.classes) > 2:
            last, loss = f'Dense({len(self.classes)}, activation="softmax")', "sparse_categorical_crossentropy"
        elif self.classes:
            last, loss = 'Dense(1, activation="sigmoid")', "binary_crossentropy"
        else:
            return [f"Dense({int(np.prod(self.y.shape[1:]))})", 'compile(Adam(0.01), "mse")']
        return [last, f'compile(Adam(0.01), "{loss}", metrics=["accuracy"])']


def read(path: str | Path, target: str = "", size: tuple[int, int] | None = None) -> OwnData:
    """Read a file or folder.

    Args:
        path: A .csv, .tsv, .txt or .npz file, or a folder with one folder of pictures for every class.
        target: Name of the column to learn; by default one called target, label, class or y, else the last one.
        size: Height and width that pictures are changed to; by default they must all be alike.

    Raises:
        ValueError: naming the file, the place in it and what was expected there.
        OSError: if it cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        return read_pictures(path, size)
    if path.suffix.lower() == ".npz":
        return from_arrays(path, *arrays(path))
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return read_table(path, target)
    raise ValueError(f"{path.name}: expected a .csv or .npz file or a folder of pictures, received '{path.suffix}'.")


# ---------------------------------------------------------------- tables


def read_table(path: Path, target: str = "") -> OwnData:
    """A table: a line for every sample, with or without a line of names."""
    rows = list(table_rows(path))
    names = column_names(rows)
    body = rows[1:] if names else rows
    if not body:
        raise ValueError(f"{path.name}: expected at least one row of data, received none.")
    width = len(rows[0][1])
    if width < 2:
        raise ValueError(f"{path.name}: expected two columns or more, inputs and a target, received {width}.")
    for line, cells in body:
        if len(cells) != width:
            raise ValueError(f"{path.name}, line {line}: expected {width} cells, received {len(cells)}.")
    names = names or [f"column {k + 1}" for k in range(width)]
    aim = target_column(path, names, target)
    columns = [k for k in range(width) if k != aim]
    x = np.stack([numbers(path, names[k], body, k) for k in columns], axis=1)
    y, classes = aims(path, names[aim], body, aim)
    return OwnData(path, x, y, classes, tuple(names[k] for k in columns))


def table_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and cells of the lines that are not empty."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            start = file.read(65536)
            file.seek(0)
            for cells in (reader := csv.reader(file, delimiter=delimiter(start), skipinitialspace=True)):
                if any("\0" in cell for cell in cells):
                    raise ValueError(f"{path.name}, line {reader.line_num}: expected text, received a NUL byte.")
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, [cell.strip() for cell in cells]
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path.name}: expected a text file in UTF-8, received other bytes at {error.start}."
        ) from None
    except csv.Error as error:
        raise ValueError(f"{path.name}: expected a table of comma-separated values: {error}.") from None


def delimiter(text: str) -> str:
    """What separates cells: the most frequent of comma, semicolon and tab in the first line."""
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)


def column_names(rows: Sequence[tuple[int, list[str]]]) -> list[str]:
    """The first line if it holds names: text above a column of numbers; else nothing."""
    if not rows:
        return []
    first, second = rows[0][1], rows[1][1] if len(rows) > 1 else ["0"] * len(rows[0][1])
    named = any(cell.lower() in TARGETS for cell in first) or any(
        number(a) is None and a and number(b) is not None for a, b in zip(first, second, strict=False)
    )
    return [cell or f"column {k + 1}" for k, cell in enumerate(first)] if named else []


def target_column(path: Path, names: Sequence[str], target: str) -> int:
    """Index of the column to learn."""
    low = [name.lower() for name in names]
    if target:
        if target.lower() not in low:
            raise ValueError(f"{path.name}: expected a target of {list(names)}, received {target!r}.")
        return low.index(target.lower())
    return next((low.index(word) for word in TARGETS if word in low), len(names) - 1)


def number(text: str) -> float | None:
    """The number that a cell holds, or None; a comma may stand for the point.

    Example:
        >>> number("1.5"), number("1,5"), number("cat")
        (1.5, 1.5, None)
    """
    try:
        found = float(text.replace(",", ".") if re.fullmatch(r"[-+]?\d+,\d+", text) else text)
    except ValueError:
        return None
    return found if np.isfinite(found) else None


def numbers(path: Path, name: str, body: Sequence[tuple[int, list[str]]], k: int) -> Array:
    """A column of inputs: numbers, or words numbered in alphabetical order."""
    present(path, name, body, k)
    found = [number(cells[k]) for _, cells in body]
    if all(v is None for v in found):
        return numbered([cells[k] for _, cells in body])[0].astype(np.float32)
    for (line, cells), cell in zip(body, found, strict=True):
        if cell is None:
            raise ValueError(f"{path.name}, line {line}, column '{name}': expected a number, received {cells[k]!r}.")
    return np.array(found, np.float32)


def numbered(cells: Sequence[str]) -> tuple[Array, tuple[str, ...]]:
    """The place of each word among all in alphabetical order, and these.

    Example:
        >>> numbered(["b", "a", "b"])
        (array([1, 0, 1], dtype=int32), ('a', 'b'))
    """
    words = tuple(sorted(set(cells)))
    places = {word: place for place, word in enumerate(words)}
    return np.array([places[cell] for cell in cells], np.int32), words


def present(path: Path, name: str, body: Sequence[tuple[int, list[str]]], k: int) -> None:
    """Raise ValueError at the first empty cell."""
    for line, cells in body:
        if cells[k].lower() in MISSING:
            raise ValueError(f"{path.name}, line {line}, column '{name}': expected a value, received none.")


def aims(path: Path, name: str, body: Sequence[tuple[int, list[str]]], k: int) -> tuple[Array, tuple[str, ...]]:
    """The target column: classes for words and for few whole numbers, else numbers."""
    present(path, name, body, k)
    cells = [row[k] for _, row in body]
    found = [number(cell) for cell in cells]
    if all(v is None for v in found):
        places, words = numbered(cells)
        if len(words) > MOST_CLASSES:
            raise ValueError(f"{path.name}, column '{name}': expected at most {MOST_CLASSES} classes, received more.")
        return places, words
    values = numbers(path, name, body, k)
    if are_classes(values):
        return values.astype(np.int32), tuple(map(str, range(int(values.max()) + 1)))
    return values[:, None], ()


def are_classes(y: Array) -> bool:
    """Whether targets look like class numbers: whole, from 0, few, and few beside the samples."""
    if y.ndim > 2 or (y.ndim == 2 and y.shape[1] != 1) or y.size == 0 or np.any(y != np.round(y)) or y.min() < 0:
        return False
    different = len(np.unique(y))
    return 2 <= different <= MOST_CLASSES and y.max() < MOST_CLASSES and different <= max(2, len(y) // 2)


# ---------------------------------------------------------------- arrays


def arrays(path: Path) -> tuple[Array, Array]:
    """Arrays x and y (or x_train and y_train) of an .npz file, as they are."""
    try:
        with path.open("rb") as file, archives.opened(file) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            held = {name.lower(): f"{name}.npy" for name in names}
            pair = next((p for p in (("x", "y"), ("x_train", "y_train")) if set(p) <= set(held)), None)
            if pair is None:
                raise ValueError(f"arrays {sorted(names)}")
            check_sizes(archive, [held[name] for name in pair])
            x, y = (archives.array(archives.part(archive, held[name], GROWTH), name, KINDS) for name in pair)
            return x, y
    except ValueError as error:
        raise ValueError(f"{path.name}: expected arrays x and y of NumPy, received {error}.") from None


def check_sizes(archive: zipfile.ZipFile, names: Sequence[str]) -> None:
    """Raise ValueError if arrays are larger than any that can be shown."""
    total = sum(archive.getinfo(name).file_size for name in names)
    if total > LARGEST:
        raise ValueError(f"{total:,} bytes, more than {LARGEST:,}")


def from_arrays(path: Path, x: Array, y: Array) -> OwnData:
    """Arrays as data: bytes become numbers from 0 to 1, whole targets classes, pictures without channels one."""
    for name, array in (("x", x), ("y", y)):
        if array.dtype.kind not in "fiub" or array.ndim < 1 or array.size == 0:
            raise ValueError(
                f"{path.name}, array {name}: expected numbers, received {array.dtype} of shape {array.shape}."
            )
    if len(x) != len(y):
        raise ValueError(f"{path.name}: expected as many targets as inputs, received {len(y)} and {len(x)}.")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"{path.name}: expected finite numbers, received NaN or infinity among them.")
    x = (x / 255 if x.dtype == np.uint8 else x).astype(np.float32)
    x = x[:, None] if x.ndim == 1 else x[..., None] if x.ndim == 3 and min(x.shape[1:]) > 4 else x
    if are_classes(y):
        y = y.reshape(len(y)).astype(np.int32)
        return OwnData(path, x, y, tuple(map(str, range(int(y.max()) + 1))))
    return OwnData(path, x, y.reshape(len(y), -1).astype(np.float32))


# ---------------------------------------------------------------- pictures


def read_pictures(folder: Path, size: tuple[int, int] | None = None) -> OwnData:
    """A folder with one folder of pictures for every class, in the order of their names."""
    from fastnn.utils import img_to_array, load_img

    kinds = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    files = [(k, file) for k, kind in enumerate(kinds) for file in sorted(kind.iterdir()) if is_picture(file)]
    if len(kinds) < 2 or not files:
        raise ValueError(
            f"{folder.name}: expected a folder of pictures for each of two classes or more, received none."
        )
    pictures: list[Array] = []
    for _, file in files:
        try:
            picture = img_to_array(load_img(file, "rgb", size, "bilinear"), dtype="uint8")
        except (ValueError, OSError) as error:
            raise ValueError(f"{folder.name}: expected a picture, received {file.name}: {error}") from None
        if pictures and picture.shape != pictures[0].shape:
            raise ValueError(
                f"{file.name}: expected a picture of {words(pictures[0].shape[:2])} as the others, received "
                f"{words(picture.shape[:2])}; choose a size that all are changed to."
            )
        if not pictures and 4 * picture.size * len(files) > LARGEST:
            raise ValueError(
                f"{folder.name}: expected pictures that take at most {LARGEST:,} bytes as numbers, received "
                f"{len(files):,} of {words(picture.shape)}; choose a size that all are changed to."
            )
        pictures.append(picture)
    x = without_colour(np.stack(pictures)).astype(np.float32)
    x /= 255  # in place: there may be gigabytes
    return OwnData(folder, x, np.array([k for k, _ in files], np.int32), tuple(kind.name for kind in kinds))


def without_colour(pictures: Array) -> Array:
    """One channel instead of three if all pictures are grey."""
    return pictures[..., :1] if np.all(pictures == pictures[..., :1]) else pictures


def is_picture(file: Path) -> bool:
    """Whether a file's name is that of a picture."""
    return file.suffix.lower() in PICTURES


def words(shape: Sequence[int]) -> str:
    """A shape as people write it.

    Example:
        >>> words((8, 8, 1))
        '8x8x1'
    """
    return "x".join(map(str, shape))
