"""Traffic signs from raw bytes: the network itself crops the edge and scales the pixels.

Source: the behavioural-cloning and sign projects of self-driving courses, after Bojarski and others, End to end
learning for self-driving cars, 2016. The signs are drawn by formula.
"""

import argparse

import numpy as np

import fastnn as keras
from fastnn import layers
from fastnn.datasets import signs


def build():
    """Crop, scale to -1..1, two convolutions, dropout, dense 32, softmax."""
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Cropping2D(2),
            layers.Lambda(lambda pixels: pixels / 127.5 - 1.0),
            layers.Conv2D(8, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(len(signs.KINDS), activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train on drawn signs, test on others, and count which are taken for which."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer signs")
    parser.add_argument("--epochs", type=int, default=8)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    x, kinds = signs.load_data(400 if args.quick else 4000)
    x_test, kinds_test = signs.load_data(200, seed=1)
    model = build()
    model.fit(x.astype("float32"), kinds, batch_size=16, epochs=args.epochs, verbose=2)
    answers = model.predict(x_test.astype("float32"), verbose=0).argmax(axis=1)
    for kind, name in enumerate(signs.KINDS):
        counts = np.bincount(answers[kinds_test == kind], minlength=len(signs.KINDS))
        print(f"{name:12} taken for", dict(zip(signs.KINDS, counts.tolist(), strict=True)))
    print(f"accuracy {(answers == kinds_test).mean():.3f}")


if __name__ == "__main__":
    main()
