"""One training step as a script that needs NumPy alone: the operations' references and every line. No Qt."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.graph import Step
from fastnn.engine.source import Source
from gui.session import Session

WRITTEN = 64  # numbers that are written out; more are packed
PHASES = {"forward": "Forward", "loss": "Loss", "backward": "Backward", "update": "Update"}
UNPACK = '''def unpack(text, dtype, shape):
    """Numbers that are too many to be written out."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype).reshape(shape).astype(real(dtype))


def real(dtype):
    """Floating-point numbers have double precision here."""
    return "float64" if "float" in dtype else dtype'''
END = """
if __name__ == "__main__":
    print("loss", {loss})
    if len(sys.argv) > 1:
        np.savez(sys.argv[1], **{{name: globals()[variable] for name, variable in VALUES.items()}})
"""


def numpy_script(session: Session) -> str:
    """The training step that is shown as a Python script; run with a path, it writes all values there as .npz.

    Args:
        session: Where the run stands; it comes back to the same place.

    Raises:
        GraphError: if an operation's reference cannot be written down.
    """
    start = values_at_start(session)
    names = identifiers(session)
    source, lines, phase = Source(), [], ""
    source.reserve(*names.values())
    source.imports.update(dict.fromkeys(("import numpy as np", "import base64", "import sys", "import zlib")))
    for step in session.steps:
        if step.phase != phase:
            phase = step.phase
            lines.append(f"\n# {PHASES[phase]}")
        lines.append(line_of(step, names, source))
    given = [f"{names[n]} = {literal(array)}" for n, array in start.items()]
    table = ",\n    ".join(f"{name!r}: {variable!r}" for name, variable in names.items())
    where = f"training step {session.moment.shown + 1} of {session.title}"
    parts = [
        f'"""One training step in NumPy: {where}."""'.replace("\\", "\\\\"),
        source.text(),
        'np.seterr(all="ignore")\n\n\n' + UNPACK,
        "# Given: data, weights, what the optimizer remembers\n" + "\n".join(given),
        "\n".join(lines).strip(),
        f"VALUES = {{\n    {table},\n}}",
    ]
    loss = names.get(session.listing.loss or "", "None")
    return "\n\n\n".join(parts) + "\n\n" + END.format(loss=loss)


def values_at_start(session: Session) -> dict[str, NDArray[Any]]:
    """What the step begins with: everything that none of its steps makes, and what it overwrites, as it was then."""
    stepper, here = session.stepper, session.moment.position
    stepper.goto(session.moment.shown * len(session.steps) + 1)  # one step in: at 0 the batch would be the one before
    first = session.steps[0]
    overwritten = {first.operand(new): old for new, old in first.op.in_place.items()}
    found = {}
    for name, value in session.listing.values.items():
        if stepper.made_by(name) is None or value.role in ("parameter", "state"):
            seen = name in overwritten
            found[name] = stepper.seen_by(0, overwritten[name]).copy() if seen else stepper.value(name)
    stepper.goto(here)
    return found


def identifiers(session: Session) -> dict[str, str]:
    """A Python name for every value."""
    found: dict[str, str] = {}
    for name in session.listing.values:
        base = re.sub(r"\W", "_", name)
        base = f"v_{base}" if base[0].isdigit() else base
        free, k = f"{base}_" if base in ("np", "sys", "zlib", "base64", "VALUES") else base, 2
        while free in found.values():
            free, k = f"{base}_{k}", k + 1
        found[name] = free
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
    operands += [f"{key}={source.value(value, key)}" for key, value in step.attrs.items()]
    results = ["_" if n is None else names[n] for _, n in step.results]
    many = step.backward or len(results) > 1
    target = f"{', '.join(results)}{',' if many and len(results) == 1 else ''}"
    comment = f"  # {step.layer}" if step.layer else ""
    return f"{target} = {called}({', '.join(operands)}){comment}"


def literal(array: NDArray[Any]) -> str:
    """An array as an expression; few numbers are written out, shortest form first."""
    real = "float64" if array.dtype.kind == "f" else str(array.dtype)
    if array.size <= WRITTEN:
        text = np.array2string(array, separator=", ", threshold=WRITTEN + 1, floatmode="unique", max_line_width=110)
        text = re.sub(r"\s+", " ", text).replace("nan", "np.nan").replace("inf", "np.inf")
        return f"np.array({text}, {real!r})"
    packed = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()
    return f"unpack({packed!r}, {str(array.dtype)!r}, {array.shape!r})"
