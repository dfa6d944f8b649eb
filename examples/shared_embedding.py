"""Two texts through one embedding: both reviews praise their films, or both complain, or they differ.

Source: Keras' guide to the functional API, Shared layers.
"""

import argparse

import numpy as np

import fastnn as keras
from fastnn import layers
from fastnn.datasets import reviews


def pairs(samples, seed):
    """Reviews in pairs, and 1 where both praise or both complain."""
    words, liked = reviews.load_data(samples, seed)
    order = np.random.default_rng(seed).permutation(samples)
    return [words, words[order]], (liked == liked[order]).astype("float32")


def build():
    """The same table of words for both texts, averaged, then 16-1."""
    first = layers.Input((reviews.LENGTH,), dtype="int32")
    second = layers.Input((reviews.LENGTH,), dtype="int32")
    embedding = layers.Embedding(len(reviews.WORDS), 8)  # its gradient is the sum of both sides
    average = layers.GlobalAveragePooling1D()
    x = layers.concatenate([average(embedding(first)), average(embedding(second))])
    x = layers.Dense(16, activation="relu")(x)
    model = keras.Model([first, second], layers.Dense(1, activation="sigmoid")(x))
    model.compile(keras.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train on generated pairs, test on others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer reviews")
    parser.add_argument("--epochs", type=int, default=30)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    x, same = pairs(1000 if args.quick else 10_000, seed=0)
    model = build()
    model.fit(x, same, batch_size=32, epochs=args.epochs, verbose=0)
    _, accuracy = model.evaluate(*pairs(400, seed=1), verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
