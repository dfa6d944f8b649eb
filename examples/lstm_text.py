"""Reviews read word by word: an embedding, an LSTM, a sigmoid.

Source: Hochreiter and Schmidhuber, Long short-term memory, 1997; Keras' example imdb_lstm.py.
"""

import argparse

import fastnn as keras
from fastnn import layers

WORDS, LENGTH = 20_000, 80


def load(quick):
    """Word numbers, cut or padded to one length, and 1 for praise; and how many words there are."""
    if quick:
        words, liked = keras.datasets.reviews.load_data(1200)
        return (words[:900], liked[:900]), (words[900:], liked[900:]), len(keras.datasets.reviews.WORDS)
    (train, y_train), (test, y_test) = keras.datasets.imdb.load_data(num_words=WORDS)
    pad = keras.utils.pad_sequences
    return (pad(train, maxlen=LENGTH), y_train), (pad(test, maxlen=LENGTH), y_test), WORDS


def build(words, size, units):
    """Number 0 is padding: `mask_zero` makes the LSTM skip it."""
    model = keras.Sequential(
        [
            layers.Input((None,), dtype="int32"),
            layers.Embedding(words, size, mask_zero=True),
            layers.LSTM(units),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on generated reviews")
    parser.add_argument("--epochs", type=int, help="default: 3, or 8 with --quick")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    train, test, words = load(args.quick)
    model = build(words, *((16, 16) if args.quick else (128, 64)))
    model.fit(*train, batch_size=32, epochs=args.epochs or (8 if args.quick else 3), verbose=2)
    _, accuracy = model.evaluate(*test, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
