"""What VGG-16 and VGG-19 have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn import layers
from fastnn.applications.assembling import Options, Published, assemble
from fastnn.models import Model

FILTERS = (64, 128, 256, 512, 512)  # by block


def vgg(options: Options, convolutions: Sequence[int], files: Mapping[bool, Published]) -> Model:
    """Blocks of so many 3 x 3 convolutions, each ended by pooling; two dense layers and the classes on top."""

    def trunk(x: Any) -> Any:
        for k, (count, filters) in enumerate(zip(convolutions, FILTERS, strict=True), 1):
            for i in range(1, count + 1):
                x = layers.Conv2D(filters, 3, activation="relu", padding="same", name=f"block{k}_conv{i}")(x)
            x = layers.MaxPooling2D(2, strides=2, name=f"block{k}_pool")(x)
        return x

    def top(x: Any) -> Any:
        x = layers.Flatten(name="flatten")(x)
        for name in ("fc1", "fc2"):
            x = layers.Dense(4096, activation="relu", name=name)(x)
        return layers.Dense(options.classes, activation=options.classifier_activation, name="predictions")(x)

    return assemble(options, trunk, top, files)
