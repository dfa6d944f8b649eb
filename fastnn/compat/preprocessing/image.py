"""Images changed at random while they are read, as Keras 2 did it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.utils.absent import missing
from fastnn.utils.images import array_to_img, img_to_array, load_img, save_img
from fastnn.utils.numerical import to_categorical
from fastnn.utils.sequence import PyDataset

__all__ = ["ImageDataGenerator", "array_to_img", "img_to_array", "load_img", "save_img"]
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".tif", ".tiff")
CLASS_MODES = ("categorical", "binary", "sparse", "input", None)
FILL_MODES = ("nearest", "constant", "reflect", "wrap")
Array = np.ndarray[Any, np.dtype[Any]]


class ImageDataGenerator:
    """Batches of images, each moved, turned, mirrored and scaled at random.

    Args:
        featurewise_center: Whether to take off the mean of the data given to `fit`.
        samplewise_center: Whether to take off every image's mean.
        featurewise_std_normalization: Whether to divide by the standard deviation of the data given to `fit`.
        samplewise_std_normalization: Whether to divide by every image's standard deviation.
        rotation_range: Largest angle in degrees.
        width_shift_range: Largest shift sideways: a share of the width, or pixels from 1 on.
        height_shift_range: Largest shift up and down.
        shear_range: Largest shear in degrees.
        zoom_range: How much larger or smaller: a share, or the least and the largest factor.
        fill_mode: 'nearest', 'constant', 'reflect' or 'wrap': what comes into the picture.
        cval: What 'constant' fills with.
        horizontal_flip: Whether every other image is mirrored.
        vertical_flip: Whether every other image is turned upside down.
        rescale: Factor of all numbers.
        preprocessing_function: Function of an image, called after the changes.
        data_format: 'channels_last', the only one.
        validation_split: Share of the images that `subset='validation'` has.
        dtype: Type of the batches.

    Raises:
        ValueError: for other words, or ranges that make no sense.

    Example:
        >>> import numpy as np
        >>> generator = ImageDataGenerator(rescale=0.5, horizontal_flip=True)
        >>> batches = generator.flow(np.ones((5, 4, 4, 1)), np.arange(5), batch_size=2, shuffle=False)
        >>> x, y = next(batches)
        >>> x.shape, float(x.max()), y.tolist()
        ((2, 4, 4, 1), 0.5, [0, 1])
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        rotation_range: float = 0,
        width_shift_range: float = 0.0,
        height_shift_range: float = 0.0,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Array], Array] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        dtype: Any = "float32",
    ) -> None:
        if fill_mode not in FILL_MODES:
            raise ValueError(f"Expected fill_mode to be one of {FILL_MODES}. Received: fill_mode={fill_mode!r}")
        if data_format not in (None, "channels_last"):
            raise ValueError(f"Expected data_format='channels_last', the only one. Received: {data_format!r}")
        if not 0 <= validation_split < 1:
            raise ValueError(f"Expected validation_split from 0 to below 1. Received: {validation_split!r}")
        self.zoom = (1 - zoom_range, 1 + zoom_range) if np.ndim(zoom_range) == 0 else tuple(zoom_range)
        if len(self.zoom) != 2 or min(self.zoom) <= 0:
            raise ValueError(f"Expected zoom_range to be below 1, or two factors. Received: zoom_range={zoom_range!r}")
        self.featurewise_center, self.featurewise_std_normalization = featurewise_center, featurewise_std_normalization
        self.samplewise_center, self.samplewise_std_normalization = samplewise_center, samplewise_std_normalization
        self.rotation_range, self.shear_range = float(rotation_range), float(shear_range)
        self.shifts = (float(height_shift_range), float(width_shift_range))
        self.fill_mode, self.cval = fill_mode, float(cval)
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.validation_split, self.dtype = validation_split, dtype
        self.mean: Any = None
        self.std: Any = None

    # ------------------------------------------------------------ changing images

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find mean and standard deviation per channel.

        Args:
            x: Images, shape (n, height, width, channels).
            augment: Whether to look at changed images.
            rounds: How many times.
            seed: Seed.
        """
        images = as_images(x) * (self.rescale or 1.0)
        if augment:
            rng = np.random.default_rng(seed)
            images = np.concatenate([self._moved(images, rng) for _ in range(rounds)])
        self.mean = images.mean((0, 1, 2))
        self.std = images.std((0, 1, 2))

    def standardize(self, x: Array) -> Array:
        """An image, or several, rescaled and centred as was asked for."""
        x = x * self.rescale if self.rescale else x
        axes = tuple(range(x.ndim - 3, x.ndim))
        if self.samplewise_center:
            x = x - x.mean(axes, keepdims=True)
        if self.samplewise_std_normalization:
            x = x / (x.std(axes, keepdims=True) + 1e-6)
        if self.featurewise_center or self.featurewise_std_normalization:
            if self.mean is None:
                raise ValueError("Expected fit(images) before, for featurewise settings. Received: no call of it")
            x = x - self.mean if self.featurewise_center else x
            x = x / (self.std + 1e-6) if self.featurewise_std_normalization else x
        return x

    def random_transform(self, x: Array, seed: int | None = None) -> Array:
        """One image changed at random.

        Args:
            x: Image of shape (height, width, channels).
            seed: Seed.
        """
        found: Array = self._moved(np.asarray(x, "float32")[None], np.random.default_rng(seed))[0]
        return found

    def _moved(self, x: Array, rng: np.random.Generator) -> Array:
        if self.rotation_range or self.shear_range or any(self.shifts) or self.zoom != (1, 1):
            rows = np.array([self._transform(x.shape[1], x.shape[2], rng) for _ in x], "float32")
            x = ops.image.affine_transform(
                np.asarray(x, "float32"), rows, interpolation="bilinear", fill_mode=self.fill_mode, fill_value=self.cval
            ).numpy()
        for wanted, axis in ((self.horizontal_flip, 2), (self.vertical_flip, 1)):
            if wanted:
                x = np.where(rng.random(len(x))[:, None, None, None] < 0.5, np.flip(x, axis), x)
        return x

    def _transform(self, height: int, width: int, rng: np.random.Generator) -> list[float]:
        """Eight numbers: where every pixel of the result comes from."""
        angle, shear = (np.deg2rad(rng.uniform(-r, r)) for r in (self.rotation_range, self.shear_range))
        down, right = (
            rng.uniform(-s, s) * (n if s < 1 else 1) for s, n in zip(self.shifts, (height, width), strict=True)
        )
        zoom_x, zoom_y = rng.uniform(*self.zoom), rng.uniform(*self.zoom)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        inner = turn @ np.array([[1, -np.sin(shear)], [0, np.cos(shear)]]) @ np.diag([zoom_x, zoom_y])
        centre = np.array([(width - 1) / 2, (height - 1) / 2])
        offset = centre - inner @ centre + inner @ np.array([right, down])
        return [inner[0, 0], inner[0, 1], offset[0], inner[1, 0], inner[1, 1], offset[1], 0.0, 0.0]

    def changed(self, x: Array, rng: np.random.Generator) -> Array:
        """A batch as the network sees it."""
        found = self.standardize(self._moved(x, rng))
        if self.preprocessing_function is not None:
            found = np.stack([self.preprocessing_function(image) for image in found])
        return np.asarray(found, self.dtype)

    # ------------------------------------------------------------ batches

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        subset: str | None = None,
        **_: Any,
    ) -> Batches:
        """Batches of an array of images, without end when iterated over.

        Args:
            x: Images, shape (n, height, width, channels).
            y: Targets.
            batch_size: Images of a batch.
            shuffle: Whether every pass has an order of its own.
            sample_weight: A weight per image.
            seed: Seed.
            subset: 'training' or 'validation', with validation_split.
            **_: Ignored: where to save pictures.

        Raises:
            ValueError: if lengths differ.
        """
        images = as_images(x)
        others = [np.asarray(part) for part in (y, sample_weight) if part is not None]
        if any(len(part) != len(images) for part in others):
            raise ValueError(f"Expected as many targets as images, {len(images)}. Received: {[len(p) for p in others]}")
        rows = self._subset(len(images), subset)
        parts = [part[rows] for part in others]
        kept = images[rows]
        return Batches(len(kept), lambda k: kept[k], parts, self, batch_size, shuffle, seed)

    def _subset(self, count: int, subset: str | None) -> slice:
        if subset not in (None, "training", "validation"):
            raise ValueError(f"Expected subset to be 'training' or 'validation'. Received: subset={subset!r}")
        at = int(self.validation_split * count)
        return slice(None) if subset is None else slice(at, None) if subset == "training" else slice(0, at)

    def flow_from_directory(
        self,
        directory: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        subset: str | None = None,
        interpolation: str = "nearest",
        **_: Any,
    ) -> Batches:
        """Batches of image files, one folder per class.

        Args:
            directory: The folder that holds the classes' folders.
            target_size: Height and width of the images.
            color_mode: 'rgb', 'rgba' or 'grayscale'.
            classes: Names of the folders in order; all of them by default.
            class_mode: 'categorical', 'binary', 'sparse', 'input' or None: what the targets are.
            batch_size: Images of a batch.
            shuffle: Whether every pass has an order of its own.
            seed: Seed.
            subset: 'training' or 'validation', with validation_split.
            interpolation: See `load_img`.
            **_: Ignored: where to save pictures.

        Raises:
            ValueError: for another class_mode, or a folder without images.
            ImportError: if pillow is not installed.
        """
        if class_mode not in CLASS_MODES:
            raise ValueError(f"Expected class_mode to be one of {CLASS_MODES}. Received: class_mode={class_mode!r}")
        folder = Path(directory)
        names = classes or sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
        files: list[tuple[Path, int]] = []
        for number, name in enumerate(names):
            own = sorted(p for p in (folder / name).rglob("*") if p.suffix.lower() in ENDINGS)
            files += [(p, number) for p in own[self._subset(len(own), subset)]]
        if not files:
            raise ValueError(f"Expected images in folders of '{directory}'. Received: none")
        numbers = np.array([number for _, number in files])

        def read(rows: Any) -> Array:
            images = [load_img(files[k][0], color_mode, target_size, interpolation) for k in rows]
            return np.stack([img_to_array(image) for image in images])

        targets = {
            "categorical": lambda: [to_categorical(numbers, len(names)).astype("float32")],
            "binary": lambda: [numbers.astype("float32")],
            "sparse": lambda: [numbers.astype("float32")],
        }.get(str(class_mode), list)()
        found = Batches(len(files), read, targets, self, batch_size, shuffle, seed, class_mode == "input")
        found.class_indices = {name: k for k, name in enumerate(names)}
        found.classes, found.filenames = numbers, [str(p.relative_to(folder)) for p, _ in files]
        return found


class Batches(PyDataset):
    """Batches of changed images; also an iterator without end.

    Args:
        count: Number of images.
        read: Gives the images of some rows.
        parts: Targets and weights.
        generator: What changes the images.
        batch_size: Images of a batch.
        shuffle: Whether every pass has an order of its own.
        seed: Seed.
        again: Whether the images themselves are the targets.
    """

    class_indices: dict[str, int]
    classes: Any
    filenames: list[str]

    def __init__(
        self, count: int, read: Callable[[Any], Array], parts: list[Array], generator: ImageDataGenerator,
        batch_size: int, shuffle: bool, seed: int | None, again: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"Expected batch_size to be a positive whole number. Received: batch_size={batch_size!r}")
        self.n = self.samples = count
        self.read, self.parts, self.generator, self.again = read, parts, generator, again
        self.batch_size, self.shuffle = int(batch_size), shuffle
        self.rng = np.random.default_rng(seed)
        self.passes, self.place = 0, 0
        self._new_order()

    def _new_order(self) -> None:
        self.order = self.rng.permutation(self.n) if self.shuffle else np.arange(self.n)

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.generator.changed(self.read(rows), self.rng)
        parts = [images] if self.again else [part[rows] for part in self.parts]
        return (images, *parts) if parts else images

    def on_epoch_end(self) -> None:
        self._new_order()

    def reset(self) -> None:
        """Begin a pass anew."""
        self.place = 0

    def __iter__(self) -> Batches:
        return self

    def __next__(self) -> Any:
        if self.place == len(self):
            self.place = 0
            self._new_order()
        self.place += 1
        return self[self.place - 1]

    next = __next__


def as_images(x: Any) -> Array:
    """Images as an array.

    Raises:
        ValueError: for another number of axes.
    """
    array = np.asarray(x, "float32")
    if array.ndim != 4:
        raise ValueError(f"Expected images of shape (n, height, width, channels). Received: shape {array.shape}")
    return array


def __getattr__(name: str) -> Any:
    raise missing("preprocessing.image", name, __all__)
