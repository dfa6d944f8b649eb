"""A model's layers as a text for Graphviz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastnn.plotting.cards import Shown, details, heading
from fastnn.plotting.layer_graph import Box, Group
from fastnn.plotting.model_plot import KINDS, built_graph, picture
from fastnn.utils.writing import write_aside


class Dot(str):
    """A text in Graphviz' language that can be drawn without Graphviz, too.

    Example:
        >>> import fastnn
        >>> model = fastnn.Sequential([fastnn.layers.Input((4,)), fastnn.layers.Dense(3)])
        >>> model_to_dot(model).create(prog="dot", format="svg")[:5]
        b'<?xml'
    """

    boxes: Sequence[Box] = ()
    shown = Shown()
    rankdir, dpi = "TB", 200.0

    def to_string(self) -> str:
        """The text itself."""
        return str(self)

    def create(self, prog: Any = None, format: str = "svg") -> bytes:
        """What a picture file contains.

        Args:
            prog: Ignored.
            format: 'png', 'svg' or 'pdf'; 'raw' or 'dot' for the text.

        Raises:
            ValueError: for another format.
        """
        if format in ("raw", "dot"):
            return self.encode()
        if format not in KINDS:
            raise ValueError(f"Expected format to be one of {('raw', 'dot', *KINDS)}. Received: format={format!r}")
        return picture(self.boxes, self.shown, self.rankdir, format, self.dpi)

    def write(self, path: Any, prog: Any = None, format: str = "raw") -> bool:
        """Write the text, or a picture, into a file.

        Args:
            path: The file.
            prog: Ignored.
            format: See `create`.
        """
        content = self.create(prog, format)
        write_aside(path, lambda file: file.write(content))
        return True


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    **kwargs: Any,
) -> Dot:
    """The layers of a model as a text for Graphviz.

    Args:
        model: The model.
        show_shapes: Whether to show shapes.
        show_dtype: Whether to show types.
        show_layer_names: Whether to show names.
        rankdir: 'TB' downwards, 'LR' to the right.
        expand_nested: Whether models inside are shown by their layers.
        dpi: Dots per inch.
        subgraph: Whether the text is a cluster, to be put into another graph.
        show_layer_activations: Whether to show activations.
        show_trainable: Whether to show which layers are trained.
        **kwargs: splines: passed on to Graphviz.

    Raises:
        ValueError: for a model that is not built, or another rankdir.

    Example:
        >>> import fastnn
        >>> model = fastnn.Sequential([fastnn.layers.Input((4,)), fastnn.layers.Dense(3)])
        >>> print(model_to_dot(model))
        digraph {
          graph [rankdir=TB, dpi=200];
          node [shape=box];
          n0 [label="InputLayer"];
          n1 [label="Dense"];
          n0 -> n1;
        }
    """
    splines = kwargs.pop("splines", None)
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments passed to model_to_dot: {kwargs}")
    shown = Shown(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    looks = {"rankdir": rankdir, "dpi": dpi, **({"splines": splines} if splines else {})}
    boxes = built_graph(model, rankdir, expand_nested)
    head = f"subgraph {quoted('cluster_' + model.name)}" if subgraph else "digraph"
    dot = Dot(dot_of(boxes, shown, looks, head))
    dot.boxes, dot.shown, dot.rankdir, dot.dpi = boxes, shown, rankdir, dpi
    return dot


def dot_of(boxes: Sequence[Box], shown: Shown, looks: Mapping[str, Any], head: str) -> str:
    """The text for a layer graph."""
    number = {box.path: f"n{k}" for k, box in enumerate(boxes)}
    yields = [f"  graph [{', '.join(f'{key}={value}' for key, value in looks.items())}];", "  node [shape=box];"]
    yields += inside(boxes, (), number, shown)
    yields += [f"  {number[parent]} -> {number[box.path]};" for box in boxes for parent in box.parents]
    return "\n".join([f"{head} {{", *yields, "}"])


def inside(boxes: Sequence[Box], where: tuple[Group, ...], number: Mapping[str, str], shown: Shown) -> Iterator[str]:
    """The lines of the boxes of a model, those of models in it within clusters."""
    depth, margin = len(where), "  " * (len(where) + 1)
    here = [box for box in boxes if box.inside[:depth] == where]
    for box in here:
        if len(box.inside) == depth:
            label = [" ".join(filter(None, heading(box, shown))), *details(box, shown)]
            yield f"{margin}{number[box.path]} [label={quoted(*label)}];"
    for group in dict.fromkeys(box.inside[depth] for box in here if len(box.inside) > depth):
        yield f"{margin}subgraph {quoted('cluster_' + group.path)} {{"
        yield f"{margin}  label={quoted(f'{group.name} {group.kind}')};"
        yield from inside(boxes, (*where, group), number, shown)
        yield f"{margin}}}"


def quoted(*lines: str) -> str:
    """Lines as one string of Graphviz' language."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for line in lines)
    return '"' + "\\n".join(escaped) + '"'
