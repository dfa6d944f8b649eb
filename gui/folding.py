"""Blocks of the network map that belong together, folded into one: models inside models, and repeated blocks. No Qt."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from gui.network import Layer

FEWEST = 3  # blocks worth folding
MOST = 24  # blocks that are shown one by one at first
REPEATED = re.compile(r"(.*block_?\d+[a-z]?)[_/]|(.*stage_?\d+[a-z]?)[_/]|(.+?\d+[a-z]?)_\w*[a-z]")


def group_of(layer: str) -> str:
    """The group that a layer's name says it is part of; empty for none.

    Example:
        >>> group_of("encoder/conv1"), group_of("conv2_block1_1_conv"), group_of("block3_add"), group_of("dense_1")
        ('encoder', 'conv2_block1', 'block3', '')
    """
    if "/" in layer:
        return layer.rsplit("/", 1)[0]
    found = REPEATED.match(layer)
    return next(filter(None, found.groups()), "") if found else ""


def groups_of(layers: Sequence[Layer]) -> dict[str, tuple[str, ...]]:
    """By group the names of its blocks; only groups whose blocks can be seen as one."""
    found: dict[str, list[str]] = {}
    for layer in layers:
        name = group_of(layer.layer) if layer.is_layer else ""
        if name:
            use = layer.name.removeprefix(layer.layer)  # " (2)" of a layer that is called twice
            found.setdefault(name + use, []).append(layer.name)
    return {g: tuple(names) for g, names in found.items() if len(names) >= FEWEST and _is_convex(layers, names)}


def _is_convex(layers: Sequence[Layer], names: Sequence[str]) -> bool:
    """Whether no way leaves the blocks and comes back: folded, the network would go in a circle."""
    inside, after = set(names), set[str]()
    for layer in layers:  # in the order in which they run
        left = any(p in after or p in inside for p in layer.before)
        if layer.name in inside:
            if any(p in after for p in layer.before):
                return False
        elif left:
            after.add(layer.name)
    return True


def folded(layers: Sequence[Layer], closed: Collection[str]) -> tuple[Layer, ...]:
    """The blocks with those of closed groups as one each.

    Args:
        layers: All blocks, in the order in which they run.
        closed: Names of groups that `groups_of` gives.
    """
    groups = {g: names for g, names in groups_of(layers).items() if g in closed}
    home = {name: f"group:{g}" for g, names in groups.items() for name in names}
    by_name = {layer.name: layer for layer in layers}
    found: dict[str, Layer] = {}
    for layer in layers:
        name = home.get(layer.name, layer.name)
        before = tuple(dict.fromkeys(home.get(p, p) for p in layer.before if home.get(p, p) != name))
        if name == layer.name:
            found[name] = replace(layer, before=before)
        elif name not in found:
            found[name] = _group(name, [by_name[n] for n in groups[name.removeprefix("group:")]], before)
        else:
            old = found.pop(name)  # behind what its later members read
            found[name] = replace(old, before=tuple(dict.fromkeys((*old.before, *before))))
    return tuple(_levelled(found))


def _group(name: str, members: Sequence[Layer], before: tuple[str, ...]) -> Layer:
    weights = tuple(dict.fromkeys(w for m in members for w in m.weights))
    title = name.removeprefix("group:").rsplit("/", 1)[-1]
    uses = {m.layer for m in members}
    parameters = sum({m.layer: m.parameters for m in members}.values())
    return replace(
        members[-1], name=name, title=title, type=f"{len(uses)} layers", parameters=parameters, weights=weights,
        before=before, sequence="", members=tuple(m.name for m in members),
    )  # fmt: skip


def _levelled(layers: dict[str, Layer]) -> list[Layer]:
    """The blocks with their levels, in an order in which they can run."""
    levels: dict[str, int] = {}

    def level(name: str) -> int:
        if name not in levels:
            levels[name] = 1 + max((level(p) for p in layers[name].before if p in layers), default=-1)
        return levels[name]

    return sorted((replace(layer, level=level(name)) for name, layer in layers.items()), key=lambda x: x.level)
