"""Random image layers whose random numbers have no room: factors of zero width. Made by Keras on JAX.

KERAS_BACKEND=jax python -m tests.golden.augmentation writes augmentation.npz.
"""

from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("augmentation.npz")
FILLS = ("constant", "nearest", "reflect", "wrap")


def images():
    """Two images, higher than wide."""
    return np.random.RandomState(0).uniform(size=(2, 5, 7, 3)).astype("float32")


def layers(keras):
    """Layers by name."""
    k, found = keras.layers, {}
    for fill in FILLS:
        a = {"fill_mode": fill, "fill_value": 0.25}
        found[f"rotation_{fill}"] = k.RandomRotation((0.1, 0.1), **a)
        found[f"translation_{fill}"] = k.RandomTranslation((0.3, 0.3), (-0.25, -0.25), **a)
        found[f"zoom_{fill}"] = k.RandomZoom((0.2, 0.2), (-0.3, -0.3), **a)
    found["rotation_nearest_pixel"] = k.RandomRotation((-0.05, -0.05), interpolation="nearest")
    found["translation_nearest_pixel"] = k.RandomTranslation((0.2, 0.2), (0.0, 0.0), interpolation="nearest")
    found["zoom_both"] = k.RandomZoom((-0.2, -0.2), interpolation="nearest")
    found["brightness"] = k.RandomBrightness((0.2, 0.2), value_range=(0, 1))
    found["brightness_down"] = k.RandomBrightness((-0.3, -0.3), value_range=(0.0, 0.9))
    found["contrast"] = k.RandomContrast(0.0, value_range=(0.1, 0.8))
    found["crop_all"] = k.RandomCrop(5, 7)
    return found


def main():
    import keras

    found = {name: np.asarray(layer(images(), training=True)) for name, layer in layers(keras).items()}
    np.savez_compressed(FILE, **found)


if __name__ == "__main__":
    main()
