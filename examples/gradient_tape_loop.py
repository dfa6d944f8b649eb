"""A training loop of one's own: GradientTape records, the optimizer applies, metrics count.

Source: Keras' guide to writing a training loop from scratch.
"""

import argparse

import numpy as np

import fastnn as keras
from fastnn import layers, losses, metrics, ops, optimizers


def slope_of_a_polynomial():
    """The first use of a tape: dy/dx of x^2 + t^3 + z at x = 3, t = 2."""
    x, t, z = (keras.Variable(value) for value in (3.0, 2.0, 1.0))
    with keras.GradientTape() as tape:
        y = ops.square(x) + t * t * t + z
    print("dy/dx, dy/dt, dy/dz =", [float(gradient) for gradient in tape.gradient(y, [x, t, z])])


def build():
    """64-64-10; the output layer gives logits."""
    return keras.Sequential([layers.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(10)])


def main():
    """Train on digits of 8x8 and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 epochs")
    parser.add_argument("--epochs", type=int, help="default: 20, or 3 with --quick")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    slope_of_a_polynomial()
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    x_train, x_test = (x.reshape(-1, 64).astype("float32") / 16 for x in (x_train, x_test))
    model, optimizer = build(), optimizers.Adam(0.003)
    loss_of = losses.SparseCategoricalCrossentropy(from_logits=True)
    accuracy, mean_loss = metrics.SparseCategoricalAccuracy(), metrics.Mean()
    rng = np.random.default_rng(0)

    for epoch in range(args.epochs or (3 if args.quick else 20)):
        mean_loss.reset_state()
        for rows in np.array_split(rng.permutation(len(x_train)), len(x_train) // 32):
            with keras.GradientTape() as tape:
                loss = loss_of(y_train[rows], model(x_train[rows], training=True))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            mean_loss.update_state(loss)
        print(f"epoch {epoch + 1}: loss {float(mean_loss.result()):.4f}")

    accuracy.update_state(y_test, model(x_test))
    print(f"accuracy {float(accuracy.result()):.3f}")


if __name__ == "__main__":
    main()
