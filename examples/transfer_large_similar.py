"""Much data, like that of the first task: train a new last layer, then the whole network on in small steps.

The trunk is frozen at first: the new layer's large first gradients would undo what it knows.
Source: Karpathy and others, CS231n Convolutional Neural Networks for Visual Recognition: transfer learning, 2016.
"""

from transfer_base import accuracy, arguments, classifier, clothes, trained_trunk

import fastnn as keras


def main():
    """Train the last layer, then fine-tune all layers."""
    args = arguments(__doc__).parse_args()
    keras.utils.set_random_seed(0)
    train, test = clothes(2000 if args.quick else 20000, mirrored=True)

    trunk = trained_trunk(args.weights, args.quick)
    trunk.trainable = False
    model = classifier(trunk)
    model.fit(*train, batch_size=32, epochs=3, verbose=2)
    print(f"trunk frozen: accuracy {accuracy(model, test):.3f}")

    trunk.trainable = True
    model.compile(keras.optimizers.Adam(3e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*train, batch_size=32, epochs=3, verbose=2)
    print(f"accuracy {accuracy(model, test):.3f}")


if __name__ == "__main__":
    main()
