"""Newswires in 46 topics, 10,000-64-64-46: hidden layers must not be narrower than what is to be told apart.

Source: Chollet, Deep Learning with Python, chapter 3.
"""

import argparse

import numpy as np

import fastnn as keras
from fastnn import layers

WORDS, TOPICS = 10_000, 46


def multi_hot(texts, words):
    """1 in the column of every word that a text has."""
    x = np.zeros((len(texts), words), "float32")
    for row, text in zip(x, texts, strict=True):
        row[text] = 1.0
    return x


def load(quick):
    """Texts as lists of word numbers, and topics; and how many words there are."""
    if quick:
        texts, topics = keras.datasets.newswires.load_data(1400)
        return (texts[:1100], topics[:1100]), (texts[1100:], topics[1100:]), keras.datasets.newswires.WORDS
    return *keras.datasets.reuters.load_data(num_words=WORDS), WORDS


def build(words, hidden=64):
    """Two hidden layers; try `hidden=4` to see what a bottleneck costs."""
    model = keras.Sequential(
        [
            layers.Input((words,)),
            layers.Dense(hidden, activation="relu"),
            layers.Dense(hidden, activation="relu"),
            layers.Dense(TOPICS, activation="softmax"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on generated wires")
    parser.add_argument("--epochs", type=int, default=9)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    (train_texts, train_topics), (test_texts, test_topics), words = load(args.quick)
    y_train = keras.utils.to_categorical(train_topics, TOPICS)
    y_test = keras.utils.to_categorical(test_topics, TOPICS)
    model = build(words)
    batch = 16 if args.quick else 512
    model.fit(multi_hot(train_texts, words), y_train, batch_size=batch, epochs=args.epochs, verbose=2)
    _, accuracy = model.evaluate(multi_hot(test_texts, words), y_test, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
