"""What is written of a layer in pictures of models."""

from __future__ import annotations

from dataclasses import dataclass

from fastnn.plotting.layer_graph import Box, OpenShape


@dataclass(frozen=True)
class Shown:
    """What is shown of every layer."""

    shapes: bool = False
    dtype: bool = False
    names: bool = False
    activations: bool = False
    trainable: bool = False


def heading(box: Box, shown: Shown) -> tuple[str, str]:
    """Name and class of a layer; one of them is empty if they are not both shown or are the same.

    Example:
        >>> box = Box("hidden", "hidden", "Dense", "basic", (), ())
        >>> heading(box, Shown(names=True)), heading(box, Shown())
        (('hidden', 'Dense'), ('Dense', ''))
    """
    return (box.name, box.kind) if shown.names and box.name != box.kind else (box.kind, "")


def details(box: Box, shown: Shown) -> list[str]:
    """The lines below the heading.

    Example:
        >>> box = Box("hidden", "hidden", "Dense", "basic", ((None, 4),), ((None, 3),), "float32", "relu", True)
        >>> details(box, Shown(shapes=True, dtype=True, activations=True, trainable=True))
        ['activation: relu', '(None, 4) → (None, 3)', 'float32', 'trainable']
    """
    return [
        *([f"activation: {box.activation}"] if shown.activations and box.activation else []),
        *([" → ".join(text for s in (box.inputs, box.outputs) if (text := listed(s))) or "?"] if shown.shapes else []),
        *([box.dtype or "?"] if shown.dtype else []),
        *(["trainable" if box.trainable else "not trainable"] if shown.trainable and box.trainable is not None else []),
    ]


def listed(shapes: tuple[OpenShape, ...]) -> str:
    """Shapes in one line; equal ones are counted.

    Example:
        >>> listed(((None, 4), (None, 4), (None, 2))), listed(())
        ('2 × (None, 4), (None, 2)', '')
    """
    counts: dict[OpenShape, int] = {}
    for shape in shapes:
        counts[shape] = counts.get(shape, 0) + 1
    return ", ".join(f"{count} × {shape}" if count > 1 else str(shape) for shape, count in counts.items())
