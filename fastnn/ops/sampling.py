"""Images read at places between their pixels: turned, moved, zoomed and resized images by Keras' names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.arrangement import moveaxis
from fastnn.ops.attributes import Choice
from fastnn.ops.conversion import floating
from fastnn.ops.elementwise import add, multiply
from fastnn.ops.networks import checked_layout
from fastnn.ops.resampling import resize2d
from fastnn.ops.shaping import reshape
from fastnn.ops.slicing import broadcast_to
from fastnn.ops.table import Case, composed, define, tensor
from fastnn.ops.terms import FUNCTIONS, Index, Shape, Sum, grid

FURTHEST = 2.0**30
INTERPOLATIONS = ("bilinear", "nearest")
FILLS = ("constant", "nearest", "reflect", "wrap")


def shown(at: Any, size: int, fill: str) -> Any:
    """The pixels that positions along an axis show; -1 where they show the constant."""
    if fill == "constant":
        return np.where((at >= 0) & (at < size), at, -1)
    if fill == "nearest":
        return np.clip(at, 0, size - 1)
    if fill == "wrap":
        return at % size
    at = at % (2 * size)
    return np.where(at < size, at, 2 * size - 1 - at)


def mixes(places: Any, size: int, interpolation: str, fill: str) -> list[tuple[Any, Any]]:
    """Pixels along an axis and their shares, for every place; no share where a place is NaN."""
    lost = np.isnan(places)
    near = np.clip(np.where(lost, 0, places), -FURTHEST, FURTHEST)
    low = np.rint(near) if interpolation == "nearest" else np.floor(near)
    whole = low.astype(np.int64)
    if interpolation == "nearest":
        return [(shown(whole, size, fill), np.where(lost, 0.0, 1.0))]
    above = near - low
    return [
        (shown(whole, size, fill), np.where(lost, 0, 1 - above)),
        (shown(whole + 1, size, fill), np.where(lost, 0, above)),
    ]


def sample_shape(images: Shape, rows: Shape, columns: Shape, **_: Any) -> tuple[Shape, ...]:
    if len(images) != 4 or 0 in images[1:3]:
        raise ShapeError(f"expected images of shape (batch, height, width, channels) with pixels, received {images}.")
    if len(rows) != 3 or rows != columns or rows[0] != images[0]:
        raise ShapeError(
            f"expected rows and columns of shape ({images[0]}, height, width), received {rows}, {columns}."
        )
    return ((*rows, images[3]),)


def corners(rows: Any, columns: Any, shape: Shape, interpolation: str, fill: str) -> Any:
    """Row, column and share of up to four pixels for every place."""
    for r, share_r in mixes(rows, shape[1], interpolation, fill):
        for c, share_c in mixes(columns, shape[2], interpolation, fill):
            yield r, c, share_r * share_c


def sample_forward(
    images: Any, rows: Any, columns: Any, interpolation: str, fill_mode: str, fill_value: float, **_: Any
) -> Any:
    y = np.zeros((*rows.shape, images.shape[3]), images.dtype)
    batch = np.arange(images.shape[0])[:, None, None]
    for r, c, share in corners(rows, columns, images.shape, interpolation, fill_mode):
        inside = ((r >= 0) & (c >= 0))[..., None]
        pixels = np.where(inside, images[batch, r, c], fill_value)
        y += np.where(share[..., None] != 0, share[..., None] * pixels, 0).astype(y.dtype)
    y[np.isnan(rows) | np.isnan(columns)] = np.nan
    return y


def sample_backward(
    dy: Any, rows: Any, columns: Any, shapes: Any, interpolation: str, fill_mode: str, **_: Any
) -> tuple[Any, ...]:
    d_images = np.zeros(shapes[0], dy.dtype)
    batch = np.broadcast_to(np.arange(shapes[0][0])[:, None, None], rows.shape)
    for r, c, share in corners(rows, columns, shapes[0], interpolation, fill_mode):
        inside = (r >= 0) & (c >= 0)
        np.add.at(d_images, (batch[inside], r[inside], c[inside]), (share[..., None] * dy)[inside])
    return (d_images,)


def pixel_share(row: Any, column: Any, r: Any, c: Any, height: int, width: int, interpolation: str, fill: str) -> Any:
    """How much of pixel (r, c) the place (row, column) shows; explanations call it `share`."""
    places = np.asarray(row, np.float64), np.asarray(column, np.float64)
    total: Any = 0.0
    for at, of_row in mixes(places[0], height, interpolation, fill):
        for over, of_column in mixes(places[1], width, interpolation, fill):
            total = total + of_row * of_column * ((at == r) & (over == c))
    return total


FUNCTIONS["share"] = pixel_share


def sample_explain(
    target: str, index: Index, shapes: Any, interpolation: str, fill_mode: str, fill_value: float
) -> Sum:
    _, height, width, _ = shapes[0]
    words = f"{height}, {width}, {interpolation!r}, {fill_mode!r}"
    if target == "y":
        image, i, j, channel = index
        cells = grid(image, range(height), range(width), channel)
        place = np.broadcast_to(np.asarray([[image, i, j]]), (len(cells), 3))
        text = f"images * share(rows, columns, r, c, {words})"
        if fill_mode == "constant" and fill_value:
            text = f"(images - {fill_value}) * share(rows, columns, r, c, {words}) + {fill_value} * first"
        first = (np.arange(len(cells)) == 0).astype(np.int64)
        numbers = (("r", cells[:, 1]), ("c", cells[:, 2]), ("first", first))
        note = "share: how much of a pixel lies at this place"
        return Sum((("images", cells), ("rows", place), ("columns", place)), term=text, numbers=numbers, note=note)
    image, r, c, channel = index
    cells = grid(image, *map(range, shapes[1][1:]), channel)
    return Sum(
        (("dy", cells), ("rows", cells[:, :3]), ("columns", cells[:, :3])),
        term=f"dy * share(rows, columns, {r}, {c}, {words})",
    )


sample_image = define(
    "sample_image",
    "gather",
    "images rows columns",
    attrs={"interpolation": Choice(*INTERPOLATIONS), "fill_mode": Choice(*FILLS), "fill_value": 0.0},
    gradients="images",
    saves="rows columns",
    shape=sample_shape,
    forward=sample_forward,
    backward=sample_backward,
    explain=sample_explain,
    formula="y = the image at the places (rows, columns): the nearest pixel, or a mix of the four around",
    grad_formula="dimages = sum of dy times the pixel's share in it",
    cases=(
        Case(((2, 3, 4, 2), (2, 2, 5), (2, 2, 5))),
        Case(((1, 4, 3, 1), (1, 3, 3), (1, 3, 3)), {"fill_mode": "reflect"}),
        Case(((2, 2, 3, 3), (2, 4, 2), (2, 4, 2)), {"fill_mode": "wrap"}),
        Case(((1, 3, 2, 2), (1, 3, 4), (1, 3, 4)), {"fill_mode": "nearest"}),
        Case(((2, 3, 3, 1), (2, 2, 2), (2, 2, 2)), {"fill_value": 1.5}),
        Case(((1, 3, 4, 2), (1, 4, 4), (1, 4, 4)), {"interpolation": "nearest", "fill_mode": "reflect"}),
        Case(((1, 1, 1, 1), (1, 2, 2), (1, 2, 2)), {"interpolation": "nearest"}),
        Case(((0, 2, 2, 1), (0, 3, 3), (0, 3, 3))),
    ),
    source="Jaderberg and others, Spatial transformer networks, 2015",
)


# ---------------------------------------------------------------- Keras' names


def places(height: int, width: int, dtype: Any) -> tuple[Any, Any]:
    """Row and column of every pixel, shapes (1, height, 1) and (1, 1, width)."""
    return np.arange(height, dtype=dtype).reshape(1, -1, 1), np.arange(width, dtype=dtype).reshape(1, 1, -1)


def batched(images: Any, data_format: str | None) -> tuple[Any, bool, bool]:
    """Floating images with a batch axis and channels last; whether they had one, and whether channels came first."""
    images, first = floating(images), checked_layout(data_format)
    rank = len(images.shape)
    if rank not in (3, 4):
        raise ShapeError(f"expected images of rank 3 or 4, received shape {tuple(images.shape)}.")
    images = reshape(images, shape=(1, *images.shape)) if rank == 3 else images
    return (moveaxis(images, 1, -1) if first else images), rank == 3, first


def unbatched(images: Any, alone: bool, first: bool) -> Any:
    """The images in the caller's form."""
    images = moveaxis(images, -1, 1) if first else images
    return reshape(images, shape=tuple(images.shape[1:])) if alone else images


def word(name: str, value: Any, words: Sequence[str]) -> str:
    """One of a few words; raises ValueError naming the argument."""
    if value not in words:
        raise ValueError(f"Expected {name} to be one of {tuple(words)}. Received: {name}={value!r}")
    return str(value)


@composed
def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Images whose pixel (x, y) shows the place (a0 x + a1 y + a2, b0 x + b1 y + b2) of the given ones.

    Args:
        images: One image or a batch of them.
        transform: a0, a1, a2, b0, b1, b2, 0, 0; one row of eight numbers, or one for every image.
        interpolation: "bilinear" or "nearest".
        fill_mode: What lies outside: "constant", "nearest", "reflect" or "wrap".
        fill_value: The constant.
        data_format: "channels_last" or "channels_first"; that of `fastnn.backend` by default.
    """
    word("interpolation", interpolation, INTERPOLATIONS)
    word("fill_mode", fill_mode, FILLS)
    x, alone, first = batched(images, data_format)
    n, height, width, _ = x.shape
    rows = floating(transform)
    rows = reshape(rows, shape=(1, 8)) if len(rows.shape) == 1 else rows
    if tuple(rows.shape) not in ((1, 8), (n, 8)):
        raise ShapeError(f"expected a transform of shape ({n}, 8), received {tuple(rows.shape)}.")
    factors = [reshape(rows[:, k], shape=(rows.shape[0], 1, 1)) for k in range(6)]
    down, across = places(height, width, x.dtype)
    shape = (n, height, width)
    column = add(add(multiply(factors[0], across), multiply(factors[1], down)), factors[2])
    row = add(add(multiply(factors[3], across), multiply(factors[4], down)), factors[5])
    row, column = (broadcast_to(v, shape=shape) for v in (row, column))
    y = sample_image(x, row, column, interpolation=interpolation, fill_mode=fill_mode, fill_value=float(fill_value))
    return unbatched(y, alone, first)


@composed
def resize(
    images: Any,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Any:
    """Images of another size.

    Args:
        images: One image or a batch of them.
        size: Height and width.
        interpolation: "bilinear" or "nearest".
        antialias: Not available; False.
        crop_to_aspect_ratio: Whether to cut the middle out, so that nothing is stretched.
        pad_to_aspect_ratio: Not available; False.
        fill_mode: Accepted for Keras' sake.
        fill_value: Accepted for Keras' sake.
        data_format: "channels_last" or "channels_first"; that of `fastnn.backend` by default.

    Raises:
        NotImplementedError: for what is not available.
    """
    word("interpolation", interpolation, INTERPOLATIONS)
    if antialias or pad_to_aspect_ratio:
        raise NotImplementedError("resize is available with antialias=False and pad_to_aspect_ratio=False only.")
    x, alone, first = batched(images, data_format)
    _, height, width, _ = x.shape
    new_height, new_width = (int(s) for s in size)
    if crop_to_aspect_ratio:
        tall = min(height, int(width * new_height / new_width))
        wide = min(width, int(height * new_width / new_height))
        top, left = (height - tall) // 2, (width - wide) // 2
        x = x[:, top : top + tall, left : left + wide]
    return unbatched(resize2d(x, size=(new_height, new_width), interpolation=interpolation), alone, first)


@composed
def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Any:
    """The brightness of coloured images, with one channel."""
    x, alone, first = batched(images, data_format)
    if x.shape[-1] != 3:
        raise ShapeError(f"expected 3 channels, received {x.shape[-1]}.")
    weights = np.asarray([[0.2989], [0.5870], [0.1140]], x.dtype)
    y = tensor(x) @ tensor(weights)
    return unbatched(y, alone, first)
