"""Networks made of networks: an autoencoder, an ensemble, and a board game's policy and value."""

from __future__ import annotations

from typing import Any

from fastnn import layers, models, optimizers
from fastnn.datasets import digits28, go, moons
from fastnn.presets.pictures import residual_block
from fastnn.presets.table import Data, Preset, register


def encoder() -> Any:
    """28x28 to 16 numbers: four convolutions, max pooling, the largest of each map."""
    return models.Sequential(
        [
            layers.Input((28, 28, 1), name="image"),
            layers.Conv2D(8, 3, activation="relu", name="conv1"),
            layers.Conv2D(16, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(3, name="pool"),
            layers.Conv2D(16, 3, activation="relu", name="conv3"),
            layers.Conv2D(16, 3, activation="relu", name="conv4"),
            layers.GlobalMaxPooling2D(name="code"),
        ],
        name="encoder",
    )


def decoder() -> Any:
    """16 numbers to 28x28: transposed convolutions and upsampling, the encoder backwards."""
    return models.Sequential(
        [
            layers.Input((16,), name="code"),
            layers.Reshape((4, 4, 1), name="reshape"),
            layers.Conv2DTranspose(16, 3, activation="relu", name="conv1"),
            layers.Conv2DTranspose(16, 3, activation="relu", name="conv2"),
            layers.UpSampling2D(3, name="up"),
            layers.Conv2DTranspose(8, 3, activation="relu", name="conv3"),
            layers.Conv2DTranspose(1, 3, activation="sigmoid", name="conv4"),
        ],
        name="decoder",
    )


def autoencoder() -> Any:
    """Encoder and decoder, two models called like layers."""
    image = layers.Input((28, 28, 1), name="image")
    model = models.Model(image, decoder()(encoder()(image)), name="autoencoder")
    model.compile(optimizer=optimizers.Adam(learning_rate=0.003), loss="binary_crossentropy")
    return model


def autoencoder_data() -> Data:
    """Pictures, and the same pictures."""
    x = digits28.load_data(400)[0][..., None]
    return x, x


def ensemble() -> Any:
    """Three networks 2-8-1 and the average of what they say."""

    def member(k: int) -> Any:
        hidden = layers.Dense(8, activation="tanh", name=f"hidden{k}")
        output = layers.Dense(1, activation="sigmoid", name=f"output{k}")
        return models.Sequential([layers.Input((2,), name="x"), hidden, output], name=f"member{k}")

    x = layers.Input((2,), name="x")
    model = models.Model(x, layers.average([member(k)(x) for k in (1, 2, 3)], name="average"), name="ensemble")
    model.compile(optimizer=optimizers.Adam(learning_rate=0.02), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def moons_data() -> Data:
    """Points of two half moons, and which."""
    x, y = moons.load_data()
    return x, y[:, None].astype("float32")


def go_network() -> Any:
    """A convolution, two residual blocks, and two heads: 362 moves and one value."""
    board = layers.Input((go.SIZE, go.SIZE, go.PLANES), name="board")
    x = layers.Conv2D(12, 3, padding="same", activation="relu", name="conv")(board)
    x = residual_block(residual_block(x, 12, "block1"), 12, "block2")
    policy = layers.Conv2D(2, 1, activation="relu", name="policy_conv")(x)
    policy = layers.Flatten(name="policy_flatten")(policy)
    policy = layers.Dense(go.MOVES, activation="softmax", name="policy")(policy)
    value = layers.Conv2D(1, 1, activation="relu", name="value_conv")(x)
    value = layers.Flatten(name="value_flatten")(value)
    value = layers.Dense(16, activation="relu", name="value_hidden")(value)
    value = layers.Dense(1, activation="sigmoid", name="value")(value)
    model = models.Model(inputs=board, outputs=[policy, value])
    model.compile(
        optimizer=optimizers.Adam(learning_rate=0.005),
        loss={"policy": "categorical_crossentropy", "value": "binary_crossentropy"},
    )
    return model


register(
    Preset(
        name="ensemble",
        subject="Composed networks",
        title="Ensemble: the average of three networks 2-8-1",
        description="Three models called like layers on the same points of two half moons. Each gets a third of the "
        "gradient.",
        network=ensemble,
        data=moons_data,
        batch_size=16,
        epochs=80,
        goal=0.1,
        shuffle=True,
    )
)
register(
    Preset(
        name="autoencoder",
        subject="Composed networks",
        title="Autoencoder: 28x28 to 16 numbers and back",
        description="An encoder and a decoder, each a model of its own that can be used alone; transposed convolutions "
        "and upsampling undo convolutions and pooling. The target is the input.",
        network=autoencoder,
        data=autoencoder_data,
        batch_size=16,
        epochs=6,
        goal=0.4,
        shuffle=True,
    )
)
register(
    Preset(
        name="go-policy-value",
        subject="Composed networks",
        title="Go 19x19x6: residual blocks, 362 moves and one value",
        description="One body, two heads: where to play (361 points and a pass) and who is ahead. Generated positions "
        "with a simple rule stand for games; 12 filters.",
        network=go_network,
        data=go.load_data,
        batch_size=16,
        epochs=10,
        goal=0.5,
        shuffle=True,
    )
)
