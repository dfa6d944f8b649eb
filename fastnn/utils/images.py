"""Images as arrays, and from and to files; reading files needs the images extra (pillow)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.utils.extras import need
from fastnn.utils.writing import write_aside

Array = np.ndarray[Any, np.dtype[Any]]
MODES = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "TGA", "ICO")  # pillow reads others by running programs
MOST_PIXELS = 100_000_000  # of a picture, before it is changed to another size: a file of 20 kB can say any number
DAMAGE = (
    SyntaxError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError, ValueError, RuntimeError,
    MemoryError, AssertionError, struct.error, zlib.error,
)  # what pillow raises for damaged files  # fmt: skip
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "hamming", "box")


def pillow() -> Any:
    """The library that reads and writes image files.

    Raises:
        ImportError: naming the extra, if it is not installed.
    """
    return need("PIL.Image", "images", "Reading and writing images")


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """An image file as a pillow image.

    Args:
        path: The file.
        color_mode: 'rgb', 'rgba' or 'grayscale'.
        target_size: Height and width to change it to.
        interpolation: 'nearest', 'bilinear', 'bicubic', 'lanczos', 'hamming' or 'box'.
        keep_aspect_ratio: Whether to cut off what does not fit, rather than to stretch.

    Raises:
        ValueError: for other words, a size that is none, or a file that is no image or one of more than 100 million
            pixels.
        ImportError: if pillow is not installed.
    """
    if color_mode not in MODES:
        raise ValueError(f"Expected color_mode to be one of {list(MODES)}. Received: color_mode={color_mode!r}")
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"Expected interpolation to be one of {INTERPOLATIONS}. Received: {interpolation!r}")
    library = pillow()
    try:
        with library.open(path, formats=FORMATS) as opened:
            pixels = opened.width * opened.height
            image = opened.convert(MODES[color_mode]) if pixels <= MOST_PIXELS else None
    except library.UnidentifiedImageError:
        raise ValueError(f"Expected an image file. Received: '{path}', which is none") from None
    except (library.DecompressionBombError, library.DecompressionBombWarning):  # pillow's own limits
        image = None
    except DAMAGE as error:
        raise ValueError(f"Expected a whole image file. Received: '{path}': {error}") from None
    except OSError as error:
        raise (
            error if error.errno else ValueError(f"Expected a whole image file. Received: '{path}': {error}")
        ) from None
    if image is None:
        raise ValueError(
            f"Expected an image of at most {MOST_PIXELS:,} pixels. Received: '{path}', which says it has more"
        )
    if target_size is None:
        return image
    height, width = checked_size(target_size)
    if keep_aspect_ratio:
        share = min(image.height / height, image.width / width)
        top, left = (image.height - height * share) / 2, (image.width - width * share) / 2
        image = image.crop((left, top, left + width * share, top + height * share))
    return image.resize((width, height), getattr(library.Resampling, interpolation.upper()))


def checked_size(target_size: Any) -> tuple[int, int]:
    """Height and width; raises ValueError for anything but two whole numbers."""
    size = tuple(target_size) if isinstance(target_size, Iterable) else ()
    if len(size) != 2 or not all(hasattr(n, "__index__") and n > 0 for n in size):
        raise ValueError(f"Expected target_size to be (height, width). Received: target_size={target_size!r}")
    return int(size[0]), int(size[1])


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """A pillow image as an array of shape (height, width, channels).

    Args:
        img: The image.
        data_format: 'channels_last', the default, or 'channels_first'.
        dtype: Type; float32 by default.

    Raises:
        ValueError: for another layout, or something without two or three axes.

    Example:
        >>> import numpy as np
        >>> img_to_array(np.zeros((2, 3), "uint8")).shape
        (2, 3, 1)
    """
    array = np.asarray(img, dtype or "float32")
    if array.ndim not in (2, 3):
        raise ValueError(f"Expected an image of two or three axes. Received: shape {array.shape}")
    array = array[..., None] if array.ndim == 2 else array
    return array.transpose(2, 0, 1) if layout(data_format) == "channels_first" else array


def layout(data_format: str | None) -> str:
    """Where channels are.

    Raises:
        ValueError: for another word.
    """
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueError(
            f"Expected data_format to be 'channels_last' or 'channels_first'. Received: data_format={data_format!r}"
        )
    return data_format or "channels_last"


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array as a pillow image.

    Args:
        x: Array of shape (height, width, channels) with 1, 3 or 4 channels.
        data_format: 'channels_last', the default, or 'channels_first'.
        scale: Whether to stretch the values to 0..255.
        dtype: Ignored.

    Raises:
        ValueError: for another shape.
        ImportError: if pillow is not installed.
    """
    array = np.asarray(x, "float32")
    if array.ndim != 3:
        raise ValueError(f"Expected an image of three axes. Received: shape {array.shape}")
    array = array.transpose(1, 2, 0) if layout(data_format) == "channels_first" else array
    if array.shape[-1] not in (1, 3, 4):
        raise ValueError(f"Expected 1, 3 or 4 channels. Received: shape {array.shape}")
    if scale:
        array = array - array.min()
        array = array * (255.0 / array.max()) if array.max() else array
    pixels = array.astype("uint8")
    return pillow().fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Write an array as an image file.

    Args:
        path: The file, or one that is open for writing bytes.
        x: See `array_to_img`.
        data_format: See `array_to_img`.
        file_format: Format; from the file's ending by default.
        scale: See `array_to_img`.
        **kwargs: Passed to pillow.

    Raises:
        ValueError: for another shape, or an ending that no format has.
        OSError: if the file cannot be written; what was there before stays.
    """
    image = array_to_img(x, data_format, scale)
    if hasattr(path, "write"):
        image.save(path, format=file_format, **kwargs)
        return
    ending = Path(path).suffix.lower()
    kind = file_format or pillow().registered_extensions().get(ending)
    if kind is None:
        raise ValueError(f"Expected a file name with the ending of a format, such as .png. Received: '{path}'")
    write_aside(path, lambda file: image.save(file, format=kind, **kwargs))


def normalize(x: Any, axis: int = -1, order: int = 2) -> Array:
    """Vectors of length one; those of length 0 stay.

    Args:
        x: Array.
        axis: Along which the vectors lie.
        order: Of the norm.

    Example:
        >>> normalize([[3.0, 4.0]])
        array([[0.6, 0.8]])
    """
    array = np.asarray(x)
    lengths = np.linalg.norm(array, order, axis, keepdims=True)
    return array / np.where(lengths == 0, 1, lengths)
