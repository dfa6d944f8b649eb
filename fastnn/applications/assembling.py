"""What all published networks have in common: checked arguments, the input, pooling, and weights from a file."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any, NamedTuple, TypeVar

from fastnn import activations, config, layers
from fastnn.applications.imagenet_utils import CLASSES
from fastnn.engine.functional import get_source_inputs
from fastnn.engine.graph import is_keras_tensor
from fastnn.models import Model
from fastnn.utils.files import get_file

SITE = "https://storage.googleapis.com/tensorflow/keras-applications/"
POOLING = {"avg": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}
Function = TypeVar("Function", bound=Callable[..., Any])
Part = Callable[[Any], Any]
Shape = Sequence[int | None] | None


class Published(NamedTuple):
    """A file of published weights."""

    folder: str
    name: str
    md5: str | None = None

    def fetch(self) -> str:
        """The path of the file, downloaded at the first call."""
        return get_file(self.name, f"{SITE}{self.folder}/{self.name}", cache_subdir="models", file_hash=self.md5)


def tf_kernels(folder: str, name: str, whole: str, headless: str) -> dict[bool, Published]:
    """Two files of weights, by whether they are with the top, named as most of them are."""
    stem = f"{name}_weights_tf_dim_ordering_tf_kernels"
    return {True: Published(folder, f"{stem}.h5", whole), False: Published(folder, f"{stem}_notop.h5", headless)}


ARGUMENTS = """
Args:
    include_top: Whether to have the layers that tell the classes; without them the model gives features.
    weights: 'imagenet' downloads what was published (checked by its hash where one is known), None draws random
        numbers, a path reads a file of weights.
    input_tensor: Symbolic pictures to go on from; a new input by default.
    input_shape: (height, width, channels) of a picture in pixels; {usual} x {usual} x 3 with the top, open without.
        At least {smallest} x {smallest}.
    pooling: Without the top: 'avg' or 'max' over the places of each channel, None for shape (batch, h, w, channels).
    classes: How many there are, with the top; 1000 for 'imagenet'.
    classifier_activation: Activation of the top; None gives logits.
    name: Name of the model.

Raises:
    ValueError: for arguments that do not fit each other, and for a file that does not fit the network.
    OSError: if the weights cannot be downloaded.
"""


def documented(usual: int = 224, smallest: int = 32) -> Callable[[Function], Function]:
    """A decorator that writes down the arguments that all networks have, behind what is there already."""

    def decorate(function: Function) -> Function:
        arguments = ARGUMENTS.format(usual=usual, smallest=smallest)
        function.__doc__ = f"{inspect.cleandoc(function.__doc__ or '')}\n{arguments}"
        return function

    return decorate


class Options(NamedTuple):
    """The arguments that all networks have."""

    include_top: bool
    weights: Any
    input_tensor: Any
    input_shape: Shape
    pooling: str | None
    classes: int
    classifier_activation: Any
    name: str | None

    def check(self) -> None:
        """Raise ValueError for arguments that are wrong, or do not go together."""
        if not (self.weights is None or self.weights == "imagenet" or is_file(self.weights)):
            raise ValueError(
                "Expected weights to be None (random numbers), 'imagenet' (as published), or the path of a file of "
                f"weights. Received: weights={self.weights!r}"
            )
        if self.weights == "imagenet" and self.include_top and self.classes != CLASSES:
            raise ValueError(
                f"Expected classes={CLASSES} with weights='imagenet' and include_top=True. "
                f"Received: classes={self.classes!r}"
            )
        if self.pooling not in (None, *POOLING):
            raise ValueError(f"Expected pooling to be None, 'avg' or 'max'. Received: pooling={self.pooling!r}")
        if config.image_data_format() != "channels_last":
            raise ValueError(
                "Expected image_data_format 'channels_last' for published networks. Received: "
                f"{config.image_data_format()!r}"
            )
        if self.input_tensor is not None and not is_keras_tensor(self.input_tensor):
            raise ValueError(
                "Expected input_tensor to be symbolic, such as Input((224, 224, 3)). Received: "
                f"{type(self.input_tensor).__name__}"
            )
        if self.include_top and self.weights is not None:
            check_activation(self.classifier_activation)


def is_file(path: Any) -> bool:
    """Whether this is the path of a file that exists."""
    return isinstance(path, (str, os.PathLike)) and os.path.isfile(path)


def check_activation(activation: Any) -> None:
    """Raise ValueError for an activation that published weights were not trained with."""
    if activations.get(activation) not in (activations.get("softmax"), activations.get(None)):
        raise ValueError(
            "Expected classifier_activation to be None or 'softmax' with weights and include_top=True. Received: "
            f"classifier_activation={activation!r}"
        )


def picture_shape(options: Options, usual: int, smallest: int) -> tuple[int | None, ...]:
    """The shape of one picture that a network is built for.

    Args:
        options: The network's arguments.
        usual: Height and width in pixels where nothing else is said.
        smallest: The least height and width in pixels.

    Raises:
        ValueError: if the shape that was given does not fit the network, its weights or its top.
    """
    if options.input_shape is None:
        return (usual, usual, 3) if options.include_top else (None, None, 3)
    given = checked_shape(options.input_shape, smallest)
    channels = given[2]
    if options.weights == "imagenet":
        if options.include_top and given != (usual, usual, 3):
            raise ValueError(
                f"Expected input_shape={(usual, usual, 3)} with weights='imagenet' and include_top=True. "
                f"Received: input_shape={given}"
            )
        if channels != 3:
            raise ValueError(f"Expected 3 channels with weights='imagenet'. Received: input_shape={given}")
    if options.include_top and None in given:
        raise ValueError(f"Expected a fixed input_shape with include_top=True. Received: input_shape={given}")
    if channels not in (1, 3):
        warnings.warn(f"Expected 1 or 3 channels. Received: input_shape={given}", stacklevel=4)
    return given


def checked_shape(given: Any, smallest: int) -> tuple[int | None, ...]:
    """A shape of pictures: height, width, channels; raises ValueError for others, or too small ones."""
    shape: tuple[Any, ...] = tuple(given) if isinstance(given, (tuple, list)) else ()
    whole = all(n is None or (isinstance(n, Integral) and int(n) > 0) for n in shape)
    if len(shape) != 3 or shape[2] is None or not whole:
        raise ValueError(f"Expected input_shape to be (height, width, channels). Received: input_shape={given!r}")
    if any(n is not None and n < smallest for n in shape[:2]):
        raise ValueError(f"Expected pictures of at least {smallest} x {smallest}. Received: input_shape={shape}")
    return shape


def assemble(
    options: Options,
    trunk: Part,
    top: Part,
    files: Mapping[bool, Published],
    usual: int = 224,
    smallest: int = 32,
    pooling_names: Mapping[str, str] | None = None,
) -> Model:
    """The model of a trunk, and of its top or pooling, with the weights that are asked for.

    Args:
        options: The network's arguments.
        trunk: From the symbolic picture to the last block's results.
        top: From there to the classes.
        files: Published weights, by whether they are with the top.
        usual: Height and width in pixels where nothing else is said.
        smallest: The least height and width in pixels.
        pooling_names: Names of the layer without a top, by the kind of pooling; numbered ones by default.

    Raises:
        ValueError: for arguments that do not fit.
        OSError: if the weights cannot be downloaded.
    """
    options.check()
    shape = picture_shape(options, usual, smallest)
    picture = layers.Input(shape) if options.input_tensor is None else options.input_tensor
    x = trunk(picture)
    if options.include_top:
        x = top(x)
    elif options.pooling is not None:
        x = POOLING[options.pooling](name=(pooling_names or {}).get(options.pooling))(x)
    sources = get_source_inputs(picture)
    model = Model(sources[0] if len(sources) == 1 else sources, x, name=options.name)
    if options.weights is not None:
        model.load_weights(files[options.include_top].fetch() if options.weights == "imagenet" else options.weights)
    return model
