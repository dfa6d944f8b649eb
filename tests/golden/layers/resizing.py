"""Pooling, resizing, padding and cropping; JAX made the numbers, as back ends disagree about borders."""

import numpy as np

from tests.golden.case import Case, numbers

JAX = {"backend": "jax"}
FIRST = {"data_format": "channels_first"}
ONLY_ONE = {"crop_to_aspect_ratio", "pad_to_aspect_ratio", "fill_mode", "fill_value", "antialias"}
EXEMPT = {"Resizing": ONLY_ONE}  # their defaults are the only values


def cases(keras):
    """Configurations by name."""
    k = keras.layers
    sequence, image = numbers(1, 2, 9, 4), numbers(2, 2, 7, 9, 3)
    upright, turned = numbers(3, 2, 3, 8, 6), numbers(4, 2, 4, 9)
    found = {}
    for kind in ("Max", "Average"):
        flat, deep = getattr(k, f"{kind}Pooling1D"), getattr(k, f"{kind}Pooling2D")
        name = kind.lower()
        found |= {
            f"{name}1d": Case(flat(3, strides=2), sequence, **JAX),
            f"{name}1d_same": Case(flat(pool_size=4, strides=3, padding="same"), sequence, **JAX),
            f"{name}1d_first": Case(flat(2, **FIRST), turned, **JAX),
            f"{name}2d": Case(deep((3, 2), strides=(2, 3)), image, **JAX),
            f"{name}2d_same": Case(deep(pool_size=(2, 4), strides=(3, 2), padding="same"), image, **JAX),
            f"{name}2d_first": Case(deep((2, 3), **FIRST), upright, **JAX),
        }
        flat, deep = getattr(k, f"Global{kind}Pooling1D"), getattr(k, f"Global{kind}Pooling2D")
        found |= {
            f"global_{name}1d": Case(flat(), sequence, **JAX),
            f"global_{name}1d_first": Case(flat(data_format="channels_first", keepdims=True), turned, **JAX),
            f"global_{name}2d": Case(deep(), image, **JAX),
            f"global_{name}2d_first": Case(deep(data_format="channels_first", keepdims=True), upright, **JAX),
        }
    seen = np.arange(9) < np.array([[5], [9]])
    return found | {
        "global_average1d_masked": Case(k.GlobalAveragePooling1D(), sequence, mask=seen, **JAX),
        "up1d": Case(k.UpSampling1D(size=3), sequence, **JAX),
        "up2d": Case(k.UpSampling2D(size=(2, 3)), image, **JAX),
        "up2d_bilinear": Case(k.UpSampling2D((3, 2), interpolation="bilinear"), image, **JAX),
        "up2d_first": Case(k.UpSampling2D(2, interpolation="bilinear", **FIRST), upright, **JAX),
        "padding1d": Case(k.ZeroPadding1D(padding=(2, 1)), sequence, **JAX),
        "padding1d_first": Case(k.ZeroPadding1D(2, **FIRST), turned, **JAX),
        "padding2d": Case(k.ZeroPadding2D(padding=((1, 0), (2, 3))), image, **JAX),
        "padding2d_two": Case(k.ZeroPadding2D((2, 1)), image, **JAX),
        "padding2d_first": Case(k.ZeroPadding2D(1, **FIRST), upright, **JAX),
        "cropping1d": Case(k.Cropping1D(cropping=(2, 3)), sequence, **JAX),
        "cropping1d_one": Case(k.Cropping1D(1), sequence, **JAX),
        "cropping2d": Case(k.Cropping2D(cropping=((1, 0), (2, 3))), image, **JAX),
        "cropping2d_two": Case(k.Cropping2D((2, 1)), image, **JAX),
        "cropping2d_first": Case(k.Cropping2D(1, **FIRST), upright, **JAX),
        "resizing": Case(k.Resizing(10, 5), image, **JAX),
        "resizing_nearest": Case(k.Resizing(height=4, width=20, interpolation="nearest"), image, **JAX),
        "resizing_first": Case(k.Resizing(5, 9, **FIRST), upright, **JAX),
        "crop": Case(k.CenterCrop(height=4, width=6), image, **JAX),
        "crop_first": Case(k.CenterCrop(5, 3, **FIRST), upright, **JAX),
    }
