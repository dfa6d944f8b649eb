"""Makes applications.npz and the files mobilenet* and scaled_inside.keras with real Keras 3.

KERAS_BACKEND=torch python -m tests.golden.make_applications
"""

import os
from pathlib import Path

import h5py
import numpy as np

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras

from tests.golden import applications as cases

HERE = Path(__file__).parent


def golden(network, arguments):
    """What Keras predicts, and its layers."""
    keras.utils.clear_session()
    model = cases.made(keras.applications, network, arguments)
    outputs = model.predict(cases.pictures(arguments["input_shape"]), verbose=0)
    return outputs.astype(np.float32), cases.listing(model)


def write_as_published(model, path):
    """Write weights as the published files have them: a group for each layer, in it `weight_names` and the arrays."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.1.6"
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{w.name}:0".encode() for w in layer.weights]
            group.attrs["weight_names"] = names
            for name, weight in zip(names, layer.weights, strict=True):
                group.create_dataset(name, data=keras.ops.convert_to_numpy(weight))


def main():
    """Write all files."""
    found = {}
    for name, case in cases.CASES.items():
        outputs, lines = golden(*case)
        assert np.isfinite(outputs).all(), name
        assert outputs.std() > 1e-3, name
        found |= {f"{name}/outputs": outputs, f"{name}/layers": np.asarray(lines)}
        print(name, outputs.shape, outputs.std(), len(lines))
    model = cases.made(keras.applications, *cases.KEPT)
    found["kept/outputs"] = model.predict(cases.pictures(cases.KEPT[1]["input_shape"]), verbose=0)
    found["tuned/outputs"] = cases.tuned(keras)
    model.save(HERE / "mobilenet.keras")
    write_as_published(model, HERE / "mobilenet_published.h5")
    model = cases.scaled_inside(keras)
    model.save(HERE / "scaled_inside.keras")
    found |= {f"inside/{i}": y for i, y in enumerate(model.predict(cases.bytes_of_pictures(), verbose=0))}
    np.savez_compressed(HERE / "applications.npz", **found)


if __name__ == "__main__":
    main()
