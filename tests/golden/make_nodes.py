"""Operations in saved models, between fastnn and real Keras 3, in both directions.

KERAS_BACKEND=torch python -m tests.golden.make_nodes              Keras writes nodes.json and the files of nodes/
python -m tests.golden.make_nodes write FOLDER                     fastnn writes all of them into a folder
KERAS_BACKEND=torch python -m tests.golden.make_nodes read FOLDER  Keras reads those and has to predict the same
"""

import importlib
import json
import os
import sys
from pathlib import Path

import numpy as np

from tests.golden import nodes

os.environ.setdefault("KERAS_BACKEND", "torch")
HERE = Path(__file__).parent
TASK, *FOLDER = sys.argv[1:] or ["make"]
keras = importlib.import_module("fastnn" if TASK == "write" else "keras")


def predicted(model):
    """The model's output for the same rows, called with no batches since some operations mix them."""
    return np.asarray(keras.ops.convert_to_numpy(model(nodes.ROWS)))


def make():
    """Keras' configurations of all kinds, and the models in one file of each format."""
    folder = HERE / "nodes"
    folder.mkdir(exist_ok=True)
    configs, outputs = {}, {}
    for name in nodes.MODELS:
        model = nodes.model(keras, name)
        if name in nodes.KINDS:
            configs[name] = nodes.entries(json.loads(model.to_json())["config"])
        if name != "trained":
            outputs[name] = predicted(model)
    (HERE / "nodes.json").write_text(json.dumps(configs, indent=1) + "\n", encoding="utf-8")
    x = keras.Input(nodes.SHAPE, name="x")
    chosen = [name for name in nodes.MODELS if name != "trained"]
    whole = keras.Model(x, [nodes.MODELS[name](keras, x) for name in chosen])
    whole.save(folder / "all.keras")
    whole.save(folder / "all.h5")
    np.savez_compressed(folder / "all.npz", **outputs)


def write(folder):
    """Files of fastnn and what it predicts."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in nodes.MODELS:
        model = nodes.model(keras, name)
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")
        np.save(folder / f"{name}.npy", predicted(model))


def read(folder):
    """Compare what Keras makes of the files."""
    files = sorted(path for path in folder.iterdir() if path.suffix in (".keras", ".h5"))
    for path in files:
        found = predicted(keras.models.load_model(path))
        np.testing.assert_allclose(found, np.load(path.with_suffix(".npy")), rtol=1e-4, atol=1e-5, err_msg=path.name)
    print(f"{len(files)} files predict the same")


if __name__ == "__main__":
    {"make": make, "write": write, "read": read}[TASK](*map(Path, FOLDER))
