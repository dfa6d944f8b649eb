"""Well-known image networks by their Keras names, with or without the weights they were published with."""

import importlib
from typing import Any

from fastnn.utils.absent import missing

HOMES = {
    "VGG16": "vgg16", "VGG19": "vgg19", "ResNet50": "resnet", "InceptionV3": "inception_v3", "MobileNet": "mobilenet",
}  # fmt: skip
MODULES = ("imagenet_utils", "inception_v3", "mobilenet", "resnet", "resnet50", "vgg16", "vgg19")
__all__ = [*HOMES, *MODULES]


def __getattr__(name: str) -> Any:
    if name in HOMES:
        return getattr(importlib.import_module(f"{__name__}.{HOMES[name]}"), name)
    if name in MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise missing("applications", name, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
