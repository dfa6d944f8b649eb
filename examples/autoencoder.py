"""A convolutional autoencoder, 28x28 to 16 numbers and back, whose two halves are models that work alone.

Source: Keras' guide to the functional API, All models are callable, just like layers.
"""

import argparse

import fastnn as keras
from fastnn import layers


def load(quick):
    """Digits (28, 28, 1) scaled to 0..1."""
    if quick:
        return keras.datasets.digits28.load_data(600)[0][..., None]
    (x_train, _), _ = keras.datasets.mnist.load_data()
    return x_train[..., None] / 255.0


def build_encoder():
    """28x28 to 16 numbers."""
    image = layers.Input((28, 28, 1))
    x = layers.Conv2D(16, 3, activation="relu")(image)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.MaxPooling2D(3)(x)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.Conv2D(16, 3, activation="relu")(x)
    return keras.Model(image, layers.GlobalMaxPooling2D()(x), name="encoder")


def build_decoder():
    """16 numbers to 28x28: the encoder backwards."""
    code = layers.Input((16,))
    x = layers.Reshape((4, 4, 1))(code)
    x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
    x = layers.Conv2DTranspose(32, 3, activation="relu")(x)
    x = layers.UpSampling2D(3)(x)
    x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
    return keras.Model(code, layers.Conv2DTranspose(1, 3, activation="sigmoid")(x), name="decoder")


def main():
    """Train both halves as one, then use each alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on the small digits that ship")
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    x = load(args.quick)
    encoder, decoder = build_encoder(), build_decoder()
    image = layers.Input((28, 28, 1))
    autoencoder = keras.Model(image, decoder(encoder(image)), name="autoencoder")
    autoencoder.compile(keras.optimizers.Adam(0.003), loss="binary_crossentropy")
    autoencoder.fit(x, x, batch_size=32 if args.quick else 128, epochs=args.epochs, verbose=2)

    codes = encoder.predict(x[:2], verbose=0)
    print("codes of two digits:", codes.shape)
    between = decoder.predict(codes.mean(axis=0, keepdims=True), verbose=0)
    print("the picture half-way between them:", between.shape)
    print(f"loss {autoencoder.evaluate(x, x, verbose=0):.3f}")


if __name__ == "__main__":
    main()
