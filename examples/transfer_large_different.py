"""Much data, unlike that of the first task: train all layers, and start from trained weights nevertheless.

Source: Karpathy and others, CS231n Convolutional Neural Networks for Visual Recognition: transfer learning, 2016.
"""

from transfer_base import accuracy, arguments, classifier, digits, small_trunk, trained_trunk

import fastnn as keras


def main():
    """Train all layers twice: from random weights, from trained ones."""
    args = arguments(__doc__).parse_args()
    train, test = digits(args.quick)
    keras.utils.set_random_seed(0)
    trunk = trained_trunk(args.weights, args.quick)
    for start, network in (("random", small_trunk()), ("trained", trunk)):
        keras.utils.set_random_seed(1)
        model = classifier(network)
        print(f"{start} weights: {model.count_params()} of them, all trained")
        model.fit(*train, batch_size=32, epochs=4, validation_data=test, verbose=2)
        print(f"accuracy {accuracy(model, test):.3f}")


if __name__ == "__main__":
    main()
