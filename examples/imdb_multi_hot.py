"""Reviews of films as vectors of 0 and 1, 10,000-16-16-1 with L2 and dropout against overfitting.

Source: Chollet, Deep Learning with Python, chapters 3 and 4.
"""

import argparse

import numpy as np

import fastnn as keras
from fastnn import layers, regularizers

WORDS = 10_000


def multi_hot(texts, words):
    """1 in the column of every word that a text has."""
    x = np.zeros((len(texts), words), "float32")
    for row, text in zip(x, texts, strict=True):
        row[text] = 1.0
    return x


def load(quick):
    """Texts as lists of word numbers, and 1 for praise; and how many words there are."""
    if quick:
        texts, liked = keras.datasets.reviews.load_data(1200)
        return (texts[:900], liked[:900]), (texts[900:], liked[900:]), len(keras.datasets.reviews.WORDS)
    return *keras.datasets.imdb.load_data(num_words=WORDS), WORDS


def build(words):
    """Two hidden layers of 16 units, each with a penalty on its weights and with dropout."""
    l2 = regularizers.l2(0.001)
    model = keras.Sequential(
        [
            layers.Input((words,)),
            layers.Dense(16, activation="relu", kernel_regularizer=l2),
            layers.Dropout(0.5),
            layers.Dense(16, activation="relu", kernel_regularizer=l2),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train with a part kept aside for validation, then test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on generated reviews")
    parser.add_argument("--epochs", type=int, default=20)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    (train_texts, y_train), (test_texts, y_test), words = load(args.quick)
    x_train, x_test = multi_hot(train_texts, words), multi_hot(test_texts, words)
    model = build(words)
    batch = 32 if args.quick else 512
    model.fit(x_train, y_train, batch_size=batch, epochs=args.epochs, validation_split=0.2, verbose=2)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
