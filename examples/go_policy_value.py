"""Go on 19x19: one residual body, two heads; where to play (361 points and a pass) and who is ahead.

Source: Silver and others, Mastering the game of Go without human knowledge, 2017. The positions are made by
formula, with a simple rule for the answer, so that something can be learnt without games.
"""

import argparse

import fastnn as keras
from fastnn import layers
from fastnn.datasets import go


def block(x, filters):
    """Two convolutions with batch normalisation, added to what came in."""
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    y = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(y))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    return layers.Activation("relu")(layers.add([x, layers.BatchNormalization(momentum=0.9)(y)]))


def build(filters, blocks):
    """Six planes in; `policy` and `value` out."""
    board = layers.Input((go.SIZE, go.SIZE, go.PLANES))
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(board)
    for _ in range(blocks):
        x = block(x, filters)
    policy = layers.Flatten()(layers.Conv2D(2, 1, activation="relu")(x))
    policy = layers.Dense(go.MOVES, activation="softmax", name="policy")(policy)
    value = layers.Flatten()(layers.Conv2D(1, 1, activation="relu")(x))
    value = layers.Dense(1, activation="sigmoid", name="value")(layers.Dense(16, activation="relu")(value))
    model = keras.Model(board, [policy, value])
    model.compile(
        keras.optimizers.Adam(0.005),
        loss={"policy": "categorical_crossentropy", "value": "binary_crossentropy"},
        metrics={"policy": "accuracy", "value": "accuracy"},
    )
    return model


def main():
    """Train on generated positions, test on others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer positions, a smaller network")
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    samples, filters, blocks = (400, 12, 1) if args.quick else (4000, 64, 4)
    model = build(filters, blocks)
    model.fit(*go.load_data(samples), batch_size=16, epochs=args.epochs, verbose=2)
    found = model.evaluate(*go.load_data(200, seed=1), verbose=0, return_dict=True)
    print(f"moves found: {found['policy_accuracy']:.3f}")
    print(f"accuracy {found['value_accuracy']:.3f}")


if __name__ == "__main__":
    main()
