"""Little data, like that of the first task: keep the whole trunk as it is, train a new last layer on its features.

Thirty pictures of clothes in a mirror, and a trunk that has seen thousands of clothes, none of them in a mirror. Since
the trunk never changes, its features are computed once.
Source: Karpathy and others, CS231n Convolutional Neural Networks for Visual Recognition: transfer learning, 2016.
"""

from transfer_base import accuracy, arguments, classifier, clothes, small_trunk, trained_trunk

import fastnn as keras
from fastnn import layers


def main():
    """Train on features; beside it a network that starts from nothing."""
    args = arguments(__doc__).parse_args()
    keras.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = clothes(2000, mirrored=True)
    x, y = x[:30], y[:30]

    fresh = classifier(small_trunk())
    fresh.fit(x, y, batch_size=10, epochs=40, verbose=0)
    print(f"from nothing: accuracy {accuracy(fresh, (x_test, y_test)):.3f}")

    trunk = trained_trunk(args.weights, args.quick)
    features, features_test = trunk.predict(x, verbose=0), trunk.predict(x_test, verbose=0)
    top = keras.Sequential([layers.Input(features.shape[1:]), layers.Flatten(), layers.Dense(10, activation="softmax")])
    top.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    top.fit(features, y, batch_size=10, epochs=40, verbose=0)
    print(f"accuracy {accuracy(top, (features_test, y_test)):.3f}")


if __name__ == "__main__":
    main()
