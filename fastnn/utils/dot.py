"""A model's layers as a text for Graphviz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastnn.utils.cards import Shown, details, heading
from fastnn.utils.layer_graph import Box, Group
from fastnn.utils.model_plot import built_graph


class Dot(str):
    """A text in Graphviz' language."""

    def to_string(self) -> str:
        """The text itself."""
        return str(self)


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
    return Dot(dot_of(boxes, shown, looks, f"subgraph {quoted('cluster_' + model.name)}" if subgraph else "digraph"))


def dot_of(boxes: Sequence[Box], shown: Shown, looks: Mapping[str, Any], head: str = "digraph") -> str:
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
