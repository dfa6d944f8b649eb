"""Randomness that can be repeated: a number is a function of (seed, training step, element), not of a history."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.errors import GraphError, ShapeError
from fastnn.ops.table import Case, define
from fastnn.ops.terms import FUNCTIONS, Formula, Index, Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio
LARGEST_SEED = 2**53


def mixed(z: int) -> int:
    """The output function of SplitMix64 on one 64-bit integer."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def stream_key(seed: int, step: int) -> int:
    """Where the sequence for one seed and training step starts."""
    return mixed((mixed((seed + GOLDEN) & MASK) + (step + 1) * GOLDEN) & MASK)


def random_bits(seed: int, step: int, size: int, start: int = 0) -> NDArray[np.uint32]:
    """`size` random 32-bit integers; element k is one half of the 64-bit word k // 2, the low half first.

    Args:
        seed: The seed.
        step: The training step.
        size: How many.
        start: The first element.
    """
    count = np.arange(start // 2 + 1, (start + size + 1) // 2 + 1, dtype=np.uint64)
    z = count * np.uint64(GOLDEN) + np.uint64(stream_key(seed, step))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    halves = np.stack([z & np.uint64(0xFFFFFFFF), z >> np.uint64(32)], axis=-1)
    return halves.astype(np.uint32).ravel()[start % 2 : start % 2 + size]


def uniform(seed: float, step: float, element: float) -> float:
    """The random number in 0 … 1 of one element; explanations call it by this name."""
    word = mixed((stream_key(int(seed), int(step)) + (int(element) // 2 + 1) * GOLDEN) & MASK)
    return ((word >> 32 * (int(element) % 2)) & 0xFFFFFFFF) / 2**32


FUNCTIONS["uniform"] = uniform


def dropout_shape(x: Shape, step: Shape, rate: float, seed: int, start: int) -> tuple[Shape, ...]:
    if step != ():
        raise ShapeError(f"expected step to be one number, shape (), received shape {step}.")
    if not 0 <= rate <= 1:
        raise GraphError(f"expected a rate from 0 to 1, received {rate}.", operation="dropout")
    check_seed(seed, start, "dropout")
    return (x, x)


def check_seed(seed: int, start: int, operation: str) -> None:
    """Raise GraphError for a seed or a first element that C's numbers do not hold exactly."""
    for name, number in (("seed", seed), ("start", start)):
        if number != int(number) or not 0 <= number <= LARGEST_SEED:
            raise GraphError(
                f"expected a whole-numbered {name} from 0 to 2**53, received {number}.", operation=operation
            )


def kept(x: Any, mask: Any, rate: float) -> Any:
    """The cells of x where mask is 1, scaled so that the mean stays; 0 elsewhere, even for an infinite x."""
    return np.where(mask != 0, x * (1 / (1 - rate)) if rate < 1 else 0, 0).astype(x.dtype)


def dropout_forward(x: Any, step: Any, rate: float, seed: int, start: int) -> tuple[Any, ...]:
    bits = random_bits(int(seed), int(step), x.size, int(start))
    mask = (bits >= math.ceil(rate * 2**32)).astype(np.uint8).reshape(x.shape)
    return kept(x, mask, rate), mask


def dropout_explain(target: str, index: Index, shapes: Any, rate: float, seed: int, start: int) -> Formula:
    if target == "mask":
        element = start + (int(np.ravel_multi_index(index, shapes[0])) if index else 0)
        text = f"float(uniform({seed}, step, {element}) >= {rate})"
        return Formula(text, {"step": ("step", ())}, "uniform(seed, step, element) is between 0 and 1")
    value, role = ("x", "x") if target == "y" else ("dy", "dy")
    scale = f" / (1 - {rate})" if rate < 1 else ""
    cells = {value: (role, index), "mask": ("mask", index)}
    return Formula(f"{value} * mask{scale}", cells, "mask is 0 where the cell is dropped in this training step")


dropout = define(
    "dropout",
    "random",
    "x step",
    attrs={"rate": 0.5, "seed": 0, "start": 0},
    extra="mask",
    dtypes={"step": "int64", "mask": "uint8"},
    gradients="x",
    saves="mask",
    shape=dropout_shape,
    forward=dropout_forward,
    backward=lambda dy, mask, rate, **_: (kept(dy, mask, rate),),
    explain=dropout_explain,
    formula="y = x mask / (1 - rate), with mask = [uniform(seed, step, element) >= rate]",
    grad_formula="dx = dy mask / (1 - rate)",
    cases=(
        Case(((3, 5), ()), {"seed": 7}, ("normal", "step")),
        Case(((2, 3, 1, 7), ()), {"rate": 0.25, "seed": 2**53}, ("normal", "step")),
        Case(((1,), ()), {"rate": 0.0}, ("normal", "step")),
        Case(((5, 2), ()), {"rate": 1.0}, ("normal", "step")),
        Case(((0, 4), ()), {}, ("normal", "step")),
        Case(((), ()), {}, ("normal", "step")),
        Case(((37, 11), ()), {"rate": 0.9, "seed": 1}, ("normal", "step")),
        Case(((37, 11), ()), {"seed": 1, "start": 7}, ("normal", "step")),
        Case(((3, 5), ()), {"seed": 1, "start": 2**40}, ("normal", "step")),
    ),
    source="Srivastava and others, Dropout, 2014; Steele and others, Fast splittable pseudorandom generators, 2014",
)


# ---------------------------------------------------------------- uniform and normal numbers


def fractions(seed: int, step: int, size: int, start: int) -> NDArray[np.float64]:
    """Two numbers from 0 to 1 - 2^-24 for every element, from the halves of its own word."""
    bits = random_bits(seed, step, 2 * size, 2 * start).reshape(size, 2)
    return (bits >> np.uint32(8)).astype(np.float64) / 2**24


def drawn_shape(step: Shape, shape: Shape, seed: int, start: int) -> tuple[Shape, ...]:
    if step != ():
        raise ShapeError(f"expected step to be one number, shape (), received shape {step}.")
    if any(n < 0 for n in shape):
        raise ShapeError(f"expected a shape of whole numbers from 0, received {shape}.")
    check_seed(seed, start, "random")
    return (shape,)


def uniform_forward(step: Any, shape: Shape, seed: int, start: int) -> Any:
    return fractions(seed, int(step), math.prod(shape), int(start))[:, 0].reshape(shape).astype(np.float32)


def normal_forward(step: Any, shape: Shape, seed: int, start: int) -> Any:
    first, second = fractions(seed, int(step), math.prod(shape), int(start)).T
    numbers = np.sqrt(-2 * np.log(first + 2**-24)) * np.cos(2 * np.pi * second)
    return numbers.reshape(shape).astype(np.float32)


def fraction_of(seed: float, step: float, element: float, half: float) -> float:
    """One of the two random numbers in 0 … 1 of one element; explanations call it by this name."""
    word = mixed((stream_key(int(seed), int(step)) + (int(element) + 1) * GOLDEN) & MASK)
    return ((word >> 32 * int(half)) & 0xFFFFFFFF) // 256 / 2**24


FUNCTIONS["fraction"] = fraction_of
FUNCTIONS["cos"] = np.cos


def draw_explain(text: str) -> Any:
    """Explanation of a random number from the seed, the step and the element's position."""

    def explain(target: str, index: Index, shapes: Any, shape: Shape, seed: int, start: int) -> Formula:
        element = start + (int(np.ravel_multi_index(index, shape)) if index else 0)
        first, second = (f"fraction({seed}, step, {element}, {half})" for half in (0, 1))
        note = "fraction(seed, step, element, half) is between 0 and 1"
        return Formula(f"float32({text.format(first=first, second=second)})", {"step": ("step", ())}, note)

    return explain


FUNCTIONS["float32"] = np.float32
DRAW_CASES = tuple(
    Case(((),), attrs, ("step",))
    for attrs in (
        {"shape": (3, 5), "seed": 7},
        {"shape": (2, 1, 4), "seed": 2**53},
        {"shape": (), "seed": 1},
        {"shape": (0, 2)},
        {"shape": (37, 11), "seed": 3},
        {"shape": (5, 3), "seed": 3, "start": 7},
    )
)


def define_drawing(name: str, forward: Any, text: str, formula: str, source: str) -> Any:
    """An operation that draws numbers of a shape."""
    return define(
        name,
        "random",
        "step",
        attrs={"shape": (), "seed": 0, "start": 0},
        dtypes={"step": "int64", "y": "float32"},
        shape=drawn_shape,
        forward=forward,
        explain=draw_explain(text),
        formula=formula,
        cases=DRAW_CASES,
        bench=(Case(((),), {"shape": (1000, 300)}, ("step",)),),
        source=source,
    )


random_uniform = define_drawing(
    "random_uniform",
    uniform_forward,
    "{first}",
    "y = uniform(seed, step, element), from 0 to 1, 1 excluded",
    "Steele and others, Fast splittable pseudorandom generators, 2014",
)
random_normal = define_drawing(
    "random_normal",
    normal_forward,
    "sqrt(-2 * log({first} + 2**-24)) * cos(6.283185307179586 * {second})",
    "y = sqrt(-2 log u) cos(2 pi v), with u, v = uniform(seed, step, element)",
    "Box and Muller, A note on the generation of random normal deviates, 1958",
)
