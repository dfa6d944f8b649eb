"""Fashion-MNIST with two hidden layers, 784-300-100-10.

Source: Géron, Hands-On Machine Learning with Scikit-Learn, Keras and TensorFlow, chapter 10.
"""

import argparse

import fastnn as keras
from fastnn import layers


def load(quick):
    """Pictures of 28x28 scaled to 0..1, for training and for the test."""
    if quick:
        x, y = keras.datasets.clothes.load_data(1200)
        return (x[:1000], y[:1000]), (x[1000:], y[1000:])
    (x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    return (x_train / 255.0, y_train), (x_test / 255.0, y_test)


def build():
    """Layers are added one by one, as the book does."""
    model = keras.Sequential()
    model.add(layers.Input((28, 28)))
    model.add(layers.Flatten())
    model.add(layers.Dense(300, activation="relu"))
    model.add(layers.Dense(100, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(
        loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.SGD(learning_rate=0.05), metrics=["accuracy"]
    )
    return model


def main():
    """Train with a part kept aside for validation, then test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on generated silhouettes")
    parser.add_argument("--epochs", type=int, help="default: 20, or 5 with --quick")
    args = parser.parse_args()

    keras.utils.set_random_seed(42)
    train, (x_test, y_test) = load(args.quick)
    model = build()
    model.summary()
    model.fit(*train, epochs=args.epochs or (5 if args.quick else 20), validation_split=0.1, verbose=2)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
