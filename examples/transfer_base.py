"""A network to go on from, for the four transfer_*.py: VGG16 as published, or a small one trained on clothes.

Run by itself, it trains the small one and keeps its weights, which the others then take with --weights PATH.
Source: Yosinski, Clune, Bengio and Lipson, How transferable are features in deep neural networks?, 2014.
"""

import argparse

import numpy as np

import fastnn as keras
from fastnn import layers
from fastnn.applications.vgg16 import VGG16, preprocess_input


def arguments(description):
    """What all of the scripts understand."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a few seconds on little data that ships")
    parser.add_argument("--weights", default="none", help="none: train a small network first; imagenet; or a file")
    return parser


def clothes(count, mirrored=False):
    """Grainy pictures (28, 28, 1) of ten kinds of clothes, 0 to 1: for training, and the last fifth for the test."""
    x, y = keras.datasets.clothes.load_data(count, seed=int(mirrored))
    x = x + np.random.default_rng(int(mirrored)).normal(0.0, 0.5, x.shape)
    return split(np.clip(x, 0.0, 1.0)[:, :, ::-1] if mirrored else np.clip(x, 0.0, 1.0), y)


def digits(quick):
    """The same of handwritten digits, which look different."""
    if quick:
        return split(*keras.datasets.digits28.load_data(1797))
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    return split(np.concatenate([x_train, x_test]) / 255.0, np.concatenate([y_train, y_test]))


def split(x, y):
    """The last fifth is for the test."""
    x, many = x[..., None].astype("float32"), len(x) * 4 // 5
    return (x[:many], y[:many]), (x[many:], y[many:])


def small_trunk():
    """Three blocks of a convolution and pooling."""
    x = image = layers.Input((28, 28, 1))
    for block, filters in enumerate((16, 32, 64), 1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"block{block}_conv1")(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    return keras.Model(image, x, name="trunk")


def vgg_trunk(weights):
    """VGG16 without its top, for grey pictures: a frame of zeros up to 32 x 32, three equal channels."""
    image = layers.Input((28, 28, 1))
    grey = layers.ZeroPadding2D(2)(image)
    colour = layers.Rescaling(255.0)(layers.Concatenate()([grey, grey, grey]))
    return VGG16(include_top=False, weights=weights, input_tensor=preprocess_input(colour), name="trunk")


def classifier(trunk):
    """The trunk, and a new layer for ten classes on top of it."""
    x = layers.Flatten()(trunk.output)
    model = keras.Model(trunk.input, layers.Dense(10, activation="softmax", name="classes")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained_trunk(weights, quick):
    """What is to be gone on from."""
    if weights == "imagenet":
        return vgg_trunk(weights)
    trunk = small_trunk()
    if weights == "none":
        train, _ = clothes(3000 if quick else 20000)
        classifier(trunk).fit(*train, batch_size=32, epochs=4, verbose=0)
    else:
        trunk.load_weights(weights)
    return trunk


def accuracy(model, test):
    """The share of the test's pictures that are told right."""
    return model.evaluate(*test, verbose=0)[1]


def main():
    """Train the small network and keep its weights."""
    parser = arguments(__doc__)
    parser.add_argument("--out", help="file for the weights, such as trunk.weights.h5")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    trunk = trained_trunk(args.weights, args.quick)
    if args.out:
        trunk.save_weights(args.out)
    train, test = clothes(3000)
    trunk.trainable = False
    model = classifier(trunk)
    model.fit(*train, batch_size=32, epochs=3, verbose=2)
    print(f"accuracy {accuracy(model, test):.3f}")


if __name__ == "__main__":
    main()
