"""MNIST with the classic small convolutional network: 32 and 64 filters, pooling, dropout, 128-10.

Source: mnist_cnn.py of Keras' examples.
"""

import argparse

import fastnn as keras
from fastnn import layers


def load(quick):
    """Pictures (28, 28, 1) scaled to 0..1 and one-hot labels, for training and for the test."""
    if quick:
        x, y = keras.datasets.digits28.load_data(1000)
        x_train, y_train, x_test, y_test = x[:800], y[:800], x[800:], y[800:]
    else:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
        x_train, x_test = x_train / 255.0, x_test / 255.0
    one_hot = keras.utils.to_categorical
    return (x_train[..., None], one_hot(y_train, 10)), (x_test[..., None], one_hot(y_test, 10))


def build():
    """Two convolutions, pooling, a dense layer, and dropout twice."""
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train, stop when validation gets worse, and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on the small digits that ship")
    parser.add_argument("--epochs", type=int, default=12, help="at most")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = load(args.quick)
    model = build()
    stop = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    batch, epochs = (32, min(args.epochs, 3)) if args.quick else (128, args.epochs)
    model.fit(x_train, y_train, batch_size=batch, epochs=epochs, validation_split=0.1, callbacks=[stop], verbose=2)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
