"""plot_model: a model's layers as a picture."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from fastnn.plotting.cards import Shown
from fastnn.plotting.layer_graph import Box, layer_graph
from fastnn.plotting.model_drawing import Drawing
from fastnn.utils.extras import need
from fastnn.utils.writing import write_aside

MOST_PIXELS = 60_000  # along a side
KINDS = ("png", "svg", "pdf")


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    **kwargs: Any,
) -> Any:
    """Draw the layers of a model into a file; Graphviz is not needed.

    A layer that is called several times is drawn for every call, numbered.

    Args:
        model: The model; one whose `call` is written in Python is a single box.
        to_file: Path of the picture, ending in .png, .svg or .pdf; for Graphviz see `model_to_dot`.
        show_shapes: Whether to show the shapes that every layer receives and gives.
        show_dtype: Whether to show types.
        show_layer_names: Whether to show names, beside classes.
        rankdir: 'TB' downwards, 'LR' to the right.
        expand_nested: Whether models inside are shown by their layers, in frames.
        dpi: Dots per inch of a .png; fewer if it would be too large to open.
        show_layer_activations: Whether to show activations.
        show_trainable: Whether to show which layers are trained.
        **kwargs: splines: ignored; lines are curves.

    Returns:
        The picture for a notebook, where there is one; otherwise None.

    Raises:
        ImportError: without Matplotlib.
        ValueError: for a model that is not built, another rankdir or another ending.

    Example:
        >>> import fastnn, tempfile
        >>> model = fastnn.Sequential([fastnn.layers.Input((4,)), fastnn.layers.Dense(3)])
        >>> path = tempfile.mkdtemp() + "/model.svg"
        >>> plot_model(model, path, show_shapes=True)
        >>> Path(path).read_text().startswith("<?xml")
        True
    """
    kwargs.pop("splines", None)
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments passed to plot_model: {kwargs}")
    shown = Shown(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    place = Path(os.fspath(to_file))
    ending = place.suffix.lower().lstrip(".") or "png"
    if ending not in KINDS:
        raise ValueError(f"Expected to_file to end in .png, .svg or .pdf. Received: to_file={str(to_file)!r}")
    boxes = built_graph(model, rankdir, expand_nested)
    content = picture(boxes, shown, rankdir, ending, dpi)
    write_aside(place, lambda file: file.write(content))
    return for_notebook(place, ending)


def picture(boxes: Sequence[Box], shown: Shown, rankdir: str, kind: str, dpi: float = 200) -> bytes:
    """What a file of a layer graph contains.

    Args:
        boxes: The layer graph.
        shown: What is shown of every layer.
        rankdir: 'TB' or 'LR'.
        kind: 'png', 'svg' or 'pdf'.
        dpi: Dots per inch of a png.
    """
    file = BytesIO()
    plain = {"text.hinting": "no_hinting"}  # letters as wide as they were measured, however many dots there are
    with warnings.catch_warnings(), need("matplotlib", "plot", "plot_model").rc_context(plain):
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # a name in a script that no font here has
        figure = Drawing(boxes, shown, rankdir == "LR").figure()
        figure.savefig(file, format=kind, dpi=min(dpi, MOST_PIXELS / max(figure.get_size_inches())))
    return file.getvalue()


def built_graph(model: Any, rankdir: str, expand: bool) -> tuple[Box, ...]:
    """The layer graph of a model that is built.

    Raises:
        ValueError: for one that is not, or another rankdir.
    """
    if rankdir not in ("TB", "LR"):
        raise ValueError(f"Expected rankdir to be 'TB' or 'LR'. Received: rankdir={rankdir!r}")
    if not getattr(model, "built", False):
        raise ValueError(
            f"Expected a model that is built: give it an Input, or call it on data. Received: {model!r}, which is not"
        )
    return layer_graph(model, expand)


def for_notebook(place: Path, ending: str) -> Any:
    """The picture as a notebook shows it, if this is one."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or ending == "pdf":
        return None
    from IPython.display import SVG, Image

    return SVG(str(place)) if ending == "svg" else Image(str(place))
