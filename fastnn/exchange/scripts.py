"""Scripts that need NumPy alone: one training step of a model, or its prediction, with every line to be read.

They are made of the operations' references, so they are slow and obvious, and compute in double precision.
"""

from __future__ import annotations

import base64
import builtins
import io
import keyword
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.graph import Step
from fastnn.engine.source import Source
from fastnn.engine.stepper import Stepper
from fastnn.exchange.open_lengths import BATCH, Open, OpenList
from fastnn.utils.writing import write_aside

WRITTEN = 64  # numbers that are written out; more are packed
PACKED = 100_000  # numbers that a script holds itself; more are in a file beside it
IMPORTS = ("import numpy as np", "import base64", "import sys", "import zlib")
RESERVED = ("np", "sys", "zlib", "base64", "VALUES", "WEIGHTS", "Path", "predict", "unpack", "real", BATCH, "file")
PHASES = {"forward": "Forward", "loss": "Loss", "backward": "Backward", "update": "Update"}
SETTING = 'np.seterr(all="ignore")'
UNPACK = '''def unpack(text, dtype, shape):
    """Numbers that are too many to be written out."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype).reshape(shape).astype(real(dtype))


def real(dtype):
    """Floating-point numbers have double precision here."""
    return "float64" if "float" in dtype else dtype'''
BESIDE = """with np.load(Path(__file__).with_suffix(".npz")) as file:
    WEIGHTS = dict(file)"""


# ---------------------------------------------------------------- one training step


STEP_END = """
if __name__ == "__main__":
    print("loss", {loss})
    if len(sys.argv) > 1:
        np.savez(sys.argv[1], **{{name: globals()[variable] for name, variable in VALUES.items()}})
"""


def numpy_script(model: Any, x: Any, y: Any, **options: Any) -> str:
    """One training step of a model as a Python script that needs NumPy alone; the model stays as it is.

    Run with a path, the script writes all values of the step there as .npz.

    Args:
        model: A compiled model.
        x: Inputs; one batch of all rows unless batch_size is given.
        y: Targets.
        **options: batch_size, shuffle, seed, sample_weight: see `Stepper`.

    Raises:
        GraphError: if an operation's reference cannot be written down.
        ValueError: if the model is not compiled, or the data does not fit.

    Example:
        >>> from fastnn import Sequential, layers
        >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> text = numpy_script(model, [[1.0, 2.0]], [[3.0]])
        >>> "return x @ w" in text, "import fastnn" in text
        (True, False)
    """
    return step_script(Stepper(model, x, y, **options), model.name)


def step_script(stepper: Stepper, title: str) -> str:
    """The training step that a stepper shows as a script.

    Args:
        stepper: Where the run stands; it comes back to the same place.
        title: What is trained, for the first line.

    Raises:
        GraphError: if an operation's reference cannot be written down.
    """
    start = values_at_start(stepper)
    names, source = identifiers(stepper.listing.values), new_source()
    source.reserve(*names.values())
    lines, phase = [], ""
    for step in stepper.steps:
        if step.phase != phase:
            phase = step.phase
            lines.append(f"\n# {PHASES[phase]}")
        lines.append(line_of(step, names, source))
    given = [f"{names[n]} = {literal(array)}" for n, array in start.items()]
    table = ",\n    ".join(f"{name!r}: {variable!r}" for name, variable in names.items())
    parts = [
        heading(f"One training step in NumPy: training step {stepper.shown_training_step + 1} of {title}."),
        source.text(),
        SETTING,
        UNPACK,
        "# Given: data, weights, what the optimizer remembers\n" + "\n".join(given),
        "\n".join(lines).strip(),
        f"VALUES = {{\n    {table},\n}}",
    ]
    loss = names.get(stepper.listing.loss or "", "None")
    return "\n\n\n".join(parts) + "\n\n" + STEP_END.format(loss=loss)


def values_at_start(stepper: Stepper) -> dict[str, NDArray[Any]]:
    """What the step begins with: everything that none of its steps makes, and what it overwrites, as it was then."""
    here, start = stepper.position, stepper.start_of(stepper.shown_training_step)
    stepper.goto(start + 1)  # at 0 the batch would be the one before
    first = stepper.steps[0]
    overwritten = {first.operand(new): old for new, old in first.op.in_place.items()}
    found = {}
    for name, value in stepper.listing.values.items():
        if stepper.made_by(name) is None or value.role in ("parameter", "state"):
            seen = name in overwritten
            found[name] = stepper.seen_by(0, overwritten[name]).copy() if seen else stepper.value(name)
    stepper.goto(here)
    return found


# ---------------------------------------------------------------- a prediction


PREDICT_END = """
if __name__ == "__main__":
    if len(sys.argv) != {count}:
        sys.exit({usage!r})
    found = predict(*map(np.load, sys.argv[1:-1]))
    np.savez(sys.argv[-1], *(found if isinstance(found, tuple) else (found,)))
"""


def write_prediction(model: Any, listing: OpenList, path: Path) -> None:
    """Write a prediction as a script; many weights go into an .npz file beside it.

    Args:
        model: Whose prediction it is.
        listing: Its steps.
        path: The script.

    Raises:
        GraphError: if an operation's reference cannot be written down.
        ValueError: for a script with the name of the file beside it.
        OSError: if a file cannot be written.
    """
    if path.suffix == ".npz":
        raise ValueError(f"Expected a script's name, such as '{path.stem}.py'. Received: filepath={str(path)!r}")
    kept: dict[str, Any] = {n: data for n, data in given(listing).items() if data.size > WRITTEN}
    beside = sum(data.size for data in kept.values()) > PACKED
    text = prediction_script(model.name, listing, path.name, beside=set(kept) if beside else set())
    if beside:
        content = io.BytesIO()
        np.savez_compressed(content, **kept)
        write_aside(path.with_suffix(".npz"), lambda file: file.write(content.getvalue()))
    write_aside(path, lambda file: file.write(text.encode("utf-8")))


def prediction_script(title: str, listing: OpenList, script: str, beside: Iterable[str] = ()) -> str:
    """A function `predict` in NumPy, with the weights, and a command line for it.

    Args:
        title: Name of the model.
        listing: The steps of its prediction.
        script: Name of the file.
        beside: Names of weights that are read from the .npz file beside it.
    """
    names, source = identifiers(listing.values, listing.lengths), new_source()
    source.reserve(*names.values(), *listing.lengths)
    steps = [step for step in listing.steps if step.phase == "forward"]
    lines = [line_of(step, names, source) for step in steps]
    weights = [f"{kept_as(listing, names, n)} = {stored(n, a, n in beside)}" for n, a in given(listing).items()]
    if beside:
        source.imports["from pathlib import Path"] = None
    parts = [
        heading(f"What the model {title} predicts, in NumPy."),
        source.text(),
        SETTING,
        UNPACK,
        "\n".join([*([BESIDE] if beside else []), *weights]),
        predicting(listing, names, with_lengths(listing, names, steps, lines)),
    ]
    usage = " ".join(["usage: python", script, *(f"{names[n].upper()}.npy" for n in listing.inputs), "OUTPUT.npz"])
    end = PREDICT_END.format(count=len(listing.inputs) + 2, usage=usage)
    return "\n\n\n".join(part for part in parts if part) + "\n\n" + end


def given(listing: OpenList) -> dict[str, NDArray[Any]]:
    """Weights and constants that the steps of a prediction read, by name."""
    read = {name for step in listing.steps if step.phase == "forward" for name in step.inputs} | set(listing.outputs)
    kept = [n for n, v in listing.values.items() if n in read and v.role in ("parameter", "state", "constant")]
    return {name: listing.constant(name) for name in kept}


def stored(name: str, array: NDArray[Any], beside: bool) -> str:
    """A weight as an expression."""
    return f"WEIGHTS[{name!r}].astype(real({str(array.dtype)!r}))" if beside else literal(array)


def predicting(listing: OpenList, names: Mapping[str, str], lines: Sequence[str]) -> str:
    """The function `predict`."""
    inputs = [names[n] for n in listing.inputs]
    types = [str(np.dtype(listing.values[n].dtype)) for n in listing.inputs]
    outputs = [names[n] for n in listing.outputs]
    body = [f"{n} = np.asarray({n}, real({t!r}))" for n, t in zip(inputs, types, strict=True)]
    repeated = [n for n in given(listing) if follows_batch(listing, n)]
    steps = [f"{names[n]} = np.broadcast_to({names[n]}_row, {expression(listing.shapes[n])})" for n in repeated]
    steps += lines
    seen = [n for n, (value, _) in listing.lengths.items() if value in listing.inputs]
    body += [length_of(listing, names, n) for n in seen if is_read(n, steps)]
    body += [*steps, f"return {', '.join(outputs)}"]
    shapes = ", ".join(f"{names[n]} {expression(listing.shapes[n])}" for n in listing.inputs)
    return "\n    ".join([f"def predict({', '.join(inputs)}):", f'"""Outputs for inputs of shape {shapes}."""', *body])


def with_lengths(listing: OpenList, names: Mapping[str, str], steps: Sequence[Step], lines: Sequence[str]) -> list[str]:
    """The lines of steps, and behind them the open lengths that are seen at their results, if anything reads them."""
    found = []
    for step, line in zip(steps, lines, strict=True):
        found.append(line)
        seen = [n for n, (value, _) in listing.lengths.items() if value in step.outputs]
        found += [length_of(listing, names, n) for n in seen if is_read(n, lines)]
    return found


def length_of(listing: OpenList, names: Mapping[str, str], name: str) -> str:
    """The line that reads an open length."""
    value, axis = listing.lengths[name]
    return f"{name} = {names[value]}.shape[{axis}]"


def is_read(name: str, lines: Sequence[str]) -> bool:
    """Whether a line reads a variable."""
    return any(re.search(rf"\b{name}\b", line) for line in lines)


def follows_batch(listing: OpenList, name: str) -> bool:
    """Whether a value has a row for every row of the batch."""
    return any(isinstance(length, Open) for length in listing.shapes[name])


def kept_as(listing: OpenList, names: Mapping[str, str], name: str) -> str:
    """The variable that holds a weight; of one that is the same for all rows it holds one row."""
    return f"{names[name]}_row" if follows_batch(listing, name) else names[name]


# ---------------------------------------------------------------- what both are written with


def heading(text: str) -> str:
    """The first line of a script; a name in it ends neither the text nor the line."""
    return f'"""{plain(text)}"""'


def plain(text: str) -> str:
    """A text in one line that closes no quotes."""
    return re.sub(r"\s+", " ", re.sub(r"[\"\\\\]|[^\S ]|[^\w\s!-~]", "_", text))


def new_source() -> Source:
    """Definitions to be collected, and what every script imports."""
    source = Source()
    source.reserve(*RESERVED, *dir(builtins))
    source.imports.update(dict.fromkeys(IMPORTS))
    return source


def identifiers(values: Iterable[str], reserved: Iterable[str] = ()) -> dict[str, str]:
    """A Python name for every value, none of those that are reserved."""
    found: dict[str, str] = {}
    taken = set(reserved)
    for name in values:
        base = re.sub(r"\W", "_", name)
        base = f"v_{base}" if base[0].isdigit() else base
        free, k = f"{base}_" if base in RESERVED or keyword.iskeyword(base) or base in dir(builtins) else base, 2
        while free in taken:
            free, k = f"{base}_{k}", k + 1
        found[name] = free
        taken.add(free)
    return found


def line_of(step: Step, names: Mapping[str, str], source: Source) -> str:
    """One step as a line of the script; its reference is added to the definitions."""
    op = step.op
    reference = op.backward if step.backward else op.forward
    assert reference is not None
    called = source.function(reference, f"{op.name}_backward" if step.backward else op.name)
    operands = ["None" if n is None else names[n] for _, n in step.operands]
    if step.backward:
        operands.append(f"shapes={tuple(step.shapes)!r}")
    operands += [f"{key}={expression(value, source, key)}" for key, value in step.attrs.items()]
    results = ["_" if n is None else names[n] for _, n in step.results]
    many = step.backward or len(results) > 1
    target = f"{', '.join(results)}{',' if many and len(results) == 1 else ''}"
    comment = f"  # {plain(step.layer)}" if step.layer else ""
    return f"{target} = {called}({', '.join(operands)}){comment}"


def expression(value: Any, source: Source | None = None, key: str = "") -> str:
    """An attribute or a shape as text; open lengths are variables."""
    if isinstance(value, Open):
        return str(value)
    if isinstance(value, tuple):
        return f"({', '.join(expression(v, source, key) for v in value)}{',' if len(value) == 1 else ''})"
    return repr(value) if source is None else source.value(value, key)


def literal(array: NDArray[Any]) -> str:
    """An array as an expression; few numbers are written out, shortest form first."""
    real = "float64" if array.dtype.kind == "f" else str(array.dtype)
    if array.size <= WRITTEN:
        text = np.array2string(array, separator=", ", threshold=WRITTEN + 1, floatmode="unique", max_line_width=110)
        text = re.sub(r"\s+", " ", text).replace("nan", "np.nan").replace("inf", "np.inf")
        return f"np.array({text}, {real!r})"
    packed = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()
    return f"unpack({packed!r}, {str(array.dtype)!r}, {array.shape!r})"
