"""Little data, unlike that of the first task: keep the first blocks alone, frozen, and train a new layer on top.

What the first layers have learned, edges and strokes, serves for digits as well; what the last ones have learned is
about clothes.
Source: Karpathy and others, CS231n Convolutional Neural Networks for Visual Recognition: transfer learning, 2016.
"""

from transfer_base import accuracy, arguments, classifier, digits, small_trunk, trained_trunk

import fastnn as keras


def main():
    """Train on the first block's features; beside it on the last one's, and a network that starts from nothing."""
    args = arguments(__doc__).parse_args()
    keras.utils.set_random_seed(0)
    (x, y), test = digits(args.quick)
    x, y = x[:30], y[:30]

    fresh = classifier(small_trunk())
    fresh.fit(x, y, batch_size=10, epochs=40, verbose=0)
    print(f"from nothing: accuracy {accuracy(fresh, test):.3f}")

    trunk = trained_trunk(args.weights, args.quick)
    trunk.trainable = False
    for block in ("block3_pool", "block1_pool"):
        cut = keras.Model(trunk.input, trunk.get_layer(block).output)
        model = classifier(cut)
        model.fit(x, y, batch_size=10, epochs=40, verbose=0)
        print(f"after {block}: {sum(w.numpy().size for w in model.trainable_weights)} weights trained")
        print(f"accuracy {accuracy(model, test):.3f}")


if __name__ == "__main__":
    main()
