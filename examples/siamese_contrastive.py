"""A siamese network: are two digits the same? One network reads both, and the distance of its answers decides.

Source: Hadsell, Chopra and LeCun, Dimensionality reduction by learning an invariant mapping, 2006.
"""

import argparse

import fastnn as keras
from fastnn import layers, ops
from fastnn.datasets.pairs import make_pairs

MARGIN = 1.0


def load(quick):
    """Digits of 28x28 scaled to 0..1."""
    if quick:
        x, y = keras.datasets.digits28.load_data(1000)
        return (x[:800], y[:800]), (x[800:], y[800:])
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    return (x_train[:20_000] / 255.0, y_train[:20_000]), (x_test / 255.0, y_test)


def distance(vectors):
    """The Euclidean distance; kept above 0, where the root has no slope."""
    first, second = vectors
    squares = ops.sum(ops.square(first - second), axis=1, keepdims=True)
    return ops.sqrt(ops.maximum(squares, 1e-7))


def contrastive(same, apart):
    """Equal pairs are drawn together, others are pushed apart up to the margin."""
    return ops.mean(same * ops.square(apart) + (1 - same) * ops.square(ops.maximum(MARGIN - apart, 0)))


def build():
    """128, dropout, 128, dropout, 128, shared by both sides."""
    base = keras.Sequential([layers.Input((28, 28)), layers.Flatten()], name="base")
    for _ in range(2):
        base.add(layers.Dense(128, activation="relu"))
        base.add(layers.Dropout(0.1))
    base.add(layers.Dense(128, activation="relu"))
    left, right = layers.Input((28, 28)), layers.Input((28, 28))
    model = keras.Model([left, right], layers.Lambda(distance)([base(left), base(right)]))
    model.compile(optimizer="rmsprop", loss=contrastive)
    return model


def main():
    """Train on pairs; two digits count as the same below half the margin."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on the small digits that ship")
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    train, test = load(args.quick)
    left, right, same = make_pairs(*train)
    model = build()
    model.fit([left, right], same[:, None], batch_size=64, epochs=args.epochs, verbose=2)
    left, right, same = make_pairs(*test)
    answers = model.predict([left, right], verbose=0)[:, 0] < MARGIN / 2
    print(f"accuracy {(answers == same).mean():.3f}")


if __name__ == "__main__":
    main()
