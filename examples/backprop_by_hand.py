"""Backpropagation with a pencil: the classic 2-2-2 network in float64, each number by hand and by fastnn.

Source: the widely used worked example of Matt Mazur, A step by step backpropagation example, 2015.
"""

import argparse

import numpy as np

from fastnn import presets

RATE = 0.5
X, TARGET = np.array([0.05, 0.10]), np.array([0.01, 0.99])
W1, B1 = np.array([[0.15, 0.25], [0.20, 0.30]]), 0.35  # w1 w3 / w2 w4: a column for each hidden unit
W2, B2 = np.array([[0.40, 0.50], [0.45, 0.55]]), 0.60  # w5 w7 / w6 w8; the biases stay as they are


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def step(w1, w2):
    """Loss before one step of gradient descent, and the weights after it."""
    hidden = sigmoid(X @ w1 + B1)
    output = sigmoid(hidden @ w2 + B2)
    loss = 0.5 * np.sum((TARGET - output) ** 2)
    d_net_output = (output - TARGET) * output * (1 - output)  # dE/dout * dout/dnet
    d_hidden = w2 @ d_net_output  # each hidden unit is blamed through both outputs
    d_net_hidden = d_hidden * hidden * (1 - hidden)
    return loss, w1 - RATE * np.outer(X, d_net_hidden), w2 - RATE * np.outer(hidden, d_net_output)


def main():
    """Print the first step and where many steps lead, by hand and by the network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 steps in place of 10,000")
    parser.add_argument("--epochs", type=int, help="steps of gradient descent")
    args = parser.parse_args()
    epochs = args.epochs or (100 if args.quick else 10_000)

    preset = presets.get("worked-example")
    model, (x, y) = preset.build(), preset.data()

    loss, w1, w2 = step(W1, W2)
    history = model.fit(x, y, epochs=1, verbose=0)
    print(f"loss before the first step    by hand {loss:.9f}   fastnn {history.history['loss'][0]:.9f}")
    names = ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8")
    by_hand = np.concatenate([w1.T.ravel(), w2.T.ravel()])
    by_model = np.concatenate([layer.get_weights()[0].T.ravel() for layer in model.layers])
    for name, left, right in zip(names, by_hand, by_model, strict=True):
        print(f"{name} after it                   by hand {left:.9f}   fastnn {right:.9f}")

    for _ in range(1, epochs):
        loss, w1, w2 = step(w1, w2)
    model.fit(x, y, epochs=epochs - 1, verbose=0)
    print(f"loss after {epochs} steps: by hand {step(w1, w2)[0]:.6e}, fastnn {model.evaluate(x, y, verbose=0):.6e}")
    difference = np.abs(w2 - model.layers[-1].get_weights()[0]).max()
    print(f"difference {difference:.2e}")


if __name__ == "__main__":
    main()
