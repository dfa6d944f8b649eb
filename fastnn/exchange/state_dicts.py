"""Weights as PyTorch keeps them: layouts of its layers, names in its order, files of its users."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.exchange import safetensors
from fastnn.exchange.flattened import channels_first_orders
from fastnn.exchange.torch_layers import LAYERS, SHARED, Entry, in_channel_order
from fastnn.utils.fitting import fitted
from fastnn.utils.naming import did_you_mean

Array = NDArray[Any]
State = Mapping[str, Any]
RECURRENT = re.compile(r"(?P<prefix>.*?)\.?(?P<entry>(weight|bias)_(ih|hh))_l(?P<number>\d+)(?P<reverse>_reverse)?$")
COUNTERS = ("num_batches_tracked",)  # entries that say nothing about a prediction


def load_state_dict(
    model: Any,
    state_dict: State | str | Path,
    names: Mapping[str, str] | None = None,
    flatten: str = "auto",
) -> dict[str, str]:
    """Give a model the weights of a PyTorch model of the same architecture: all of them, or none.

    Layers are matched by name where all names agree, else in their order with the state dict's; '.safetensors' files
    keep no order, so that there the names have to be numbered, or `names` given. What no state dict holds has to agree
    already: epsilon of normalizations (1e-5 there, 1e-3 here by default), padding, activations.

    Args:
        model: A built model.
        state_dict: Names and arrays, or a file of them: '.safetensors', or what `torch.save` wrote, which needs torch.
        names: For layers by name the name in the state dict, such as `{"out": "classifier.6"}`; the other layers are
            matched in order with what is left.
        flatten: What a Flatten between pictures and a Dense layer did there: 'channels_first' as usual, so that rows
            of the kernel change places, or 'channels_last', so that they stay; 'auto' finds such layers in the graph
            and takes the former.

    Returns:
        For every layer with weights the name that it got them from.

    Raises:
        ValueError: for layers or shapes that do not match, a damaged file, or something that is no state dict.
        ImportError: if a file needs a package that is not installed.

    Example:
        >>> import numpy as np
        >>> from fastnn import Sequential, layers
        >>> model = Sequential([layers.Input((3,)), layers.Dense(2, name="out")])
        >>> load_state_dict(model, {"fc.weight": np.ones((2, 3)), "fc.bias": np.zeros(2)})
        {'out': 'fc'}
        >>> float(model.predict(np.ones((1, 3)), verbose=0)[0, 0])
        3.0
    """
    groups = grouped(state_dict if isinstance(state_dict, Mapping) else read(checked_file(state_dict)))
    parts = parts_of(model, flatten)
    if not isinstance(state_dict, Mapping) and str(state_dict).endswith(safetensors.ENDING):
        groups = in_number_order(groups, known=groups if set(groups) == set(parts) else (names or {}).values())
    matched = match(list(parts), groups, names or {}, model.name)
    pairs = [
        pair
        for layer, group in matched.items()
        for pair in assignments(layer, parts[layer][1], group, groups[group], parts[layer][0])
    ]
    for variable, value in pairs:
        variable.assign(value)
    return matched


def to_state_dict(model: Any, names: Mapping[str, str] | None = None, flatten: str = "auto") -> dict[str, Array]:
    """A model's weights as a PyTorch model of the same architecture takes them.

    Args:
        model: A built model.
        names: For layers by name the name in the state dict; the layer's own by default.
        flatten: What a Flatten between pictures and a Dense layer does there: see `load_state_dict`.

    Returns:
        Arrays by name, in the order of the layers: `{k: torch.tensor(v) for k, v in found.items()}` is a state dict.

    Raises:
        ValueError: for a layer whose layout there is not known.

    Example:
        >>> from fastnn import Sequential, layers
        >>> model = Sequential([layers.Input((3,)), layers.Dense(2, name="out")])
        >>> {name: array.shape for name, array in to_state_dict(model, {"out": "0"}).items()}
        {'0.weight': (2, 3), '0.bias': (2,)}
    """
    parts = parts_of(model, flatten)
    names = checked_names(names or {}, parts)
    found = {}
    for layer, (_, entries) in parts.items():
        prefix = names.get(layer, layer)
        for entry in entries:
            arrays = entry.theirs(np.asarray(entry.variable.value))
            found.update({f"{prefix}.{key}": a for key, a in zip(entry.keys, arrays, strict=True)})
    return joined(found)


# ---------------------------------------------------------------- files


def checked_file(given: Any) -> Path:
    """The path of a file.

    Raises:
        ValueError: for anything else, such as a PyTorch model.
    """
    if isinstance(given, (str, os.PathLike)):
        return Path(given)
    hint = "; give its .state_dict()" if callable(getattr(given, "state_dict", None)) else ""
    raise ValueError(f"Expected a state dict, or the path of its file. Received: {type(given).__name__}{hint}")


def flat(state: State) -> State:
    """A state dict as it is.

    Raises:
        ValueError: for one inside of a checkpoint, naming its key.
    """
    inner = [k for k, v in state.items() if isinstance(v, Mapping) and any(hasattr(a, "shape") for a in v.values())]
    if inner:
        near = ", ".join(map(repr, inner))
        raise ValueError(
            f"Expected names and arrays. Received: a checkpoint of {', '.join(map(repr, state))}; the arrays seem to "
            f"be those of {near}: give checkpoint[{inner[0]!r}]"
        )
    return state


def read(path: Path) -> State:
    """The state dict that a file holds.

    Raises:
        ValueError: if it holds something else.
        ImportError: if the file needs torch, and there is none.
    """
    if path.name.endswith(safetensors.ENDING):
        return safetensors.read(path, "load_state_dict")
    try:
        import torch
    except ModuleNotFoundError:
        raise ImportError(
            f"load_state_dict needs torch to read '{path}': pip install torch, or write the state dict as .safetensors"
        ) from None
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # whatever reading a damaged pickle leads to
        raise ValueError(f"Expected a state dict in '{path}'. Received: {type(error).__name__}: {error}") from None
    if not isinstance(found, Mapping):
        raise ValueError(f"Expected a state dict in '{path}'. Received: {type(found).__name__}")
    return found


def as_numbers(name: str, value: Any) -> Array:
    """An array of a state dict's value: of a tensor, whatever its device, or of anything that NumPy takes."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if value.is_floating_point() else value
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"Expected numbers for '{name}'. Received: {type(value).__name__}")
    return array


# ---------------------------------------------------------------- matching


def grouped(state: State) -> dict[str, dict[str, Array]]:
    """The arrays of every layer by its name; of recurrent layers, each of a stack by itself: `lstm:0`, `lstm:1`."""
    found: dict[str, dict[str, Array]] = {}
    stacks: dict[str, set[str]] = {}
    for name, value in flat(state).items():
        if not isinstance(name, str):
            raise ValueError(f"Expected names of weights. Received: {name!r}")
        prefix, _, key = name.rpartition(".")
        recurrent = RECURRENT.match(name)
        if recurrent:
            stacks.setdefault(recurrent["prefix"], set()).add(recurrent["number"])
            prefix = f"{recurrent['prefix']}:{recurrent['number']}"
            key = f"{recurrent['entry']}_l0{recurrent['reverse'] or ''}"
        if key not in COUNTERS:
            found.setdefault(prefix, {})[key] = as_numbers(name, value)
    alone = {
        f"{prefix}:{number}": prefix for prefix, numbers in stacks.items() if len(numbers) == 1 for number in numbers
    }
    return with_attention({alone.get(prefix, prefix): arrays for prefix, arrays in found.items()})


def with_attention(groups: dict[str, dict[str, Array]]) -> dict[str, dict[str, Array]]:
    """Groups where attention and the projection of its output are one, and its arrays are in parts."""
    found = dict(groups)
    for prefix, arrays in groups.items():
        if SHARED[0] in arrays:
            inner = found.pop(f"{prefix}.out_proj".lstrip("."), {})
            parts = {f"{k}/{i}": p for k in SHARED if k in arrays for i, p in enumerate(np.array_split(arrays[k], 3))}
            found[prefix] = {
                **{k: a for k, a in arrays.items() if k not in SHARED},
                **parts,
                **{f"out_proj.{k}": a for k, a in inner.items()},
            }
    return found


def joined(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """A state dict whose parts of arrays are one."""
    parts: dict[str, list[Array]] = {}
    for name, array in arrays.items():
        parts.setdefault(name.rpartition("/")[0] if "/" in name.rpartition(".")[2] else name, []).append(array)
    return {name: np.concatenate(found) if len(found) > 1 else found[0] for name, found in parts.items()}


def in_number_order(groups: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Groups in the order of the numbers in their names; those whose place is known by name come as they are.

    Raises:
        ValueError: for names that differ in more than numbers, so that nothing says which comes first.
    """

    def words(name: str) -> list[tuple[bool, int, str]]:
        return [(w.isdigit(), int(w) if w.isdigit() else 0, w) for w in re.findall(r"\d+|\D+", name)]

    order = sorted((name for name in groups if name not in known), key=words)
    for a, b in pairwise(order):
        first, second = next((p, q) for p, q in zip_longest(words(a), words(b)) if p != q)
        if not (first and second and first[0] and second[0]):
            raise ValueError(
                f"Expected names, as a .safetensors file does not say whether '{a}' or '{b}' comes first. "
                f"Received: a file of {', '.join(groups)}"
            )
    return {name: groups[name] for name in (*order, *(n for n in groups if n in known))}


def match(layers: list[str], groups: Mapping[str, Any], names: Mapping[str, str], model: str) -> dict[str, str]:
    """For every layer the group that is its own: by name where one is given, the others in order."""
    names = checked_names(names or ({n: n for n in layers} if set(layers) == set(groups) else {}), layers)
    for group in names.values():
        if group not in groups:
            raise ValueError(f"Expected a name in the state dict. Received: {group!r}; {did_you_mean(group, groups)}")
    rest = [group for group in groups if group not in names.values()]
    waiting = [layer for layer in layers if layer not in names]
    if len(rest) != len(waiting):
        raise ValueError(
            f"Expected {len(waiting)} layers with weights, those of '{model}': {', '.join(waiting) or 'none'}. "
            f"Received: {len(rest)} in the state dict: {', '.join(rest) or 'none'}"
        )
    order = iter(rest)
    return {layer: names[layer] if layer in names else next(order) for layer in layers}


def checked_names(names: Mapping[str, str], layers: Any) -> Mapping[str, str]:
    """Names for layers that there are.

    Raises:
        ValueError: for a layer that there is not, or a name given twice.
    """
    for layer in names:
        if layer not in layers:
            raise ValueError(
                f"Expected names of layers with weights. Received: {layer!r}; {did_you_mean(layer, layers)}"
            )
    if len(set(names.values())) < len(names):
        raise ValueError(f"Expected a name for each layer. Received: one for several: {dict(names)}")
    return names


def assignments(
    layer: str, entries: list[Entry], group: str, arrays: Mapping[str, Array], kind: str
) -> Iterator[tuple[Any, Array]]:
    """Pairs of variable and value, once everything fits.

    Raises:
        ValueError: naming the layer, for entries, shapes or numbers that are not its own.
    """
    wanted = [key for entry in entries for key in entry.keys]
    if set(wanted) != set(arrays):
        raise ValueError(
            f"Expected for layer '{layer}' ({kind}): {', '.join(wanted)}. Received: '{group}' with {', '.join(arrays)}"
        )
    for entry in entries:
        given = [arrays[key] for key in entry.keys]
        shapes = [a.shape for a in entry.theirs(np.zeros(entry.variable.shape, "float32"))]
        if [a.shape for a in given] != shapes:
            raise ValueError(
                f"Expected for layer '{layer}' ({kind}) {', '.join(entry.keys)} of {', '.join(map(str, shapes))}. "
                f"Received: {', '.join(str(a.shape) for a in given)} of '{group}'"
            )
        yield entry.variable, fitted(entry.variable, entry.ours(*given), f"'{group}'")


# ---------------------------------------------------------------- a model's layers


def parts_of(model: Any, flatten: str) -> dict[str, tuple[str, list[Entry]]]:
    """For every layer with weights, by name, its class's name and its entries in a state dict.

    Raises:
        ValueError: for a model that is not built, or a layer whose layout there is not known.
    """
    if flatten not in ("auto", "channels_first", "channels_last"):
        raise ValueError(f"Expected flatten to be auto, channels_first or channels_last. Received: {flatten!r}")
    if not model.built:
        raise ValueError(f"Expected a model whose weights exist. Received: '{model.name}', which is not built yet")
    orders = {} if flatten == "channels_last" else channels_first_orders(model, required=flatten == "channels_first")
    found: dict[str, tuple[str, list[Entry]]] = {}
    for layer in leaves(model):
        name, k = layer.name, 2
        while name in found:
            name, k = f"{layer.name}_{k}", k + 1
        entries = LAYERS[type(layer).__name__](layer)
        found[name] = type(layer).__name__, [in_channel_order(e, orders.get(id(e.variable))) for e in entries]
    return found


def leaves(layer: Any) -> Iterator[Any]:
    """Layers with weights whose layout in PyTorch is known, in order, each once."""
    for inner in dict.fromkeys(layer.sublayers()):
        if type(inner).__name__ in LAYERS:
            if inner.weights:
                yield inner
        elif inner.own_variables():
            known = ", ".join(sorted(LAYERS))
            raise ValueError(
                f"Expected layers whose layout in PyTorch is known: {known}. "
                f"Received: '{inner.name}', {type(inner).__name__}"
            )
        else:
            yield from leaves(inner)
