"""Where a file has the weights of a model: groups named after classes and attributes, as Keras lays them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from fastnn.engine.tensor import Variable
from fastnn.layers import Layer
from fastnn.models.model import Model
from fastnn.utils.naming import snake_case


def groups(layer: Layer, path: str = "") -> Iterator[tuple[str, str, list[Variable]]]:
    """Group, layer name and variables of a layer and of all layers within, as Keras lays them out."""
    yield f"{path}vars", layer.name, layer.own_variables()
    if isinstance(layer, Model):
        yield from parts(layer.layers, f"{path}layers/")
        yield from attributes(layer, path, besides=layer.layers if layer.network is not None else ())
    else:
        yield from attributes(layer, path)


def parts(layers: Sequence[Layer], path: str) -> Iterator[tuple[str, str, list[Variable]]]:
    """Groups of layers in a list: named by class, numbered where a class comes again."""
    seen: Counter[str] = Counter()
    for layer in layers:
        name = snake_case("Functional" if type(layer) is Model else type(layer).__name__)
        count = seen[name]
        seen[name] += 1
        yield from groups(layer, f"{path}{name}_{count}/" if count else f"{path}{name}/")


def attributes(layer: Layer, path: str, besides: Sequence[Layer] = ()) -> Iterator[tuple[str, str, list[Variable]]]:
    """Groups of layers held in attributes, named by the attribute."""
    skip = {id(x) for x in besides}
    for key, value in sorted(vars(layer).items()):
        if isinstance(value, Layer) and id(value) not in skip:
            if not isinstance(layer, Model):
                yield from groups(value, f"{path}{key}/")
        elif isinstance(value, (list, tuple)) and not key.startswith("_") and not isinstance(layer, Model):
            yield from parts([x for x in value if isinstance(x, Layer)], f"{path}{key}/")
