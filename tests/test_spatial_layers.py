"""Convolution, pooling and resizing layers: open axes, and wrong arguments."""

import numpy as np
import pytest

import fastnn
from fastnn import layers

IMAGES, STEPS = np.ones((2, 5, 6, 4), "float32"), np.ones((2, 5, 4), "float32")


@pytest.mark.parametrize(
    ("make", "shapes"),
    [
        (lambda: layers.Conv2D(3, 2, padding="same", dilation_rate=2), ((2, 5, 6, 4), (1, 8, 3, 4))),
        (lambda: layers.Conv2DTranspose(3, 2, strides=(1, 2)), ((2, 5, 6, 4), (1, 8, 3, 4))),
        (lambda: layers.DepthwiseConv2D((2, 3)), ((2, 5, 6, 4), (1, 8, 3, 4))),
        (lambda: layers.UpSampling2D((1, 3), interpolation="bilinear"), ((2, 5, 6, 4), (1, 8, 3, 4))),
        (lambda: layers.Cropping2D(1), ((2, 5, 6, 4), (1, 8, 3, 4))),
        (lambda: layers.Conv1D(3, 2, padding="causal"), ((2, 5, 4), (1, 9, 4))),
        (lambda: layers.MaxPooling1D(2), ((2, 5, 4), (1, 9, 4))),
    ],
)
def test_open_axes_take_any_length(make, shapes):
    layer = make()
    inputs = fastnn.Input((*[None] * (len(shapes[0]) - 2), 4))
    model = fastnn.Model(inputs, layer(inputs))
    for shape in shapes:
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        np.testing.assert_array_equal(model.predict(x, verbose=0), layer(x).numpy())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Conv2D(3, 2, groups=2), "multiple of groups"),
        (lambda: layers.Conv2D(6, 2, groups=3)(IMAGES), "groups=3"),
        (lambda: layers.Conv2D(6, 7, name="eyes")(IMAGES), "'eyes'.*kernel_size"),
        (lambda: layers.Conv2D(6, 3, dilation_rate=3)(IMAGES), "dilation_rate"),
        (lambda: layers.Conv2D(6, 2, strides=0), "strides"),
        (lambda: layers.Conv2D(6, 2, dilation_rate=0), "dilation_rate"),
        (lambda: layers.Conv2D(6, 2, dilation_rate=2, strides=2), "strides or dilation_rate"),
        (lambda: layers.Conv2D(6, 2)(STEPS), "expected images"),
        (lambda: layers.Conv1D(6, 2)(IMAGES), "expected sequences"),
        (lambda: layers.Conv2D(6, 2, padding="causal"), "padding"),
        (lambda: layers.DepthwiseConv2D(2, depth_multiplier=0), "depth_multiplier"),
        (lambda: layers.Conv2DTranspose(3, 2, strides=2, output_padding=2), "output_padding"),
        (lambda: layers.Conv2DTranspose(3, 2)(STEPS), "expected images"),
        (lambda: layers.MaxPooling2D(0), "pool_size"),
        (lambda: layers.MaxPooling1D(2)(IMAGES), "expected sequences"),
        (lambda: layers.MaxPooling2D((6, 2))(IMAGES), "pool|window"),
        (lambda: layers.Cropping2D(-1), "cropping"),
        (lambda: layers.Cropping2D(3)(IMAGES), "cropping"),
        (lambda: layers.Cropping1D((2, 3))(STEPS), "cropping"),
        (lambda: layers.ZeroPadding2D((1, 2, 3)), "padding"),
        (lambda: layers.UpSampling2D(0), "size"),
        (lambda: layers.UpSampling2D(2, interpolation="bicubic"), "interpolation"),
        (lambda: layers.Resizing(0, 3), "height"),
        (lambda: layers.Resizing(2, 3, antialias=True), "antialias"),
        (lambda: layers.CenterCrop(2, -3), "width"),
    ],
)
def test_wrong_arguments_are_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_middle_larger_than_the_image_is_enlarged():
    assert layers.CenterCrop(10, 4)(IMAGES).shape == (2, 10, 4, 4)


def test_layers_have_their_channels_where_the_setting_says(monkeypatch):
    monkeypatch.setitem(fastnn.config._state, "image_data_format", "channels_first")
    model = fastnn.Sequential(
        [layers.Input((3, 9, 8)), layers.Conv2D(4, 3), layers.MaxPooling2D(), layers.SpatialDropout2D(0.5)]
    )
    assert model.output_shape == (None, 4, 3, 3)
    assert layers.GlobalAveragePooling2D()(np.ones((2, 4, 3, 3))).shape == (2, 4)
    assert {layer.get_config()["data_format"] for layer in model.layers} == {"channels_first"}
    assert layers.Conv2D(4, 3, data_format="channels_last")(np.ones((1, 9, 8, 3))).shape == (1, 7, 6, 4)
