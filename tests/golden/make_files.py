"""Makes the files of files/ with real Keras 3, and with Keras 2 (the package tf_keras) where that is installed.

KERAS_BACKEND=torch python -m tests.golden.make_files       writes NAME.keras, NAME.h5, NAME.weights.h5
python -m tests.golden.make_files 2                         writes NAME.keras2.h5
"""

import importlib
import os
import sys
from pathlib import Path

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "torch")
OLD = sys.argv[1:] == ["2"]
keras = importlib.import_module("tf_keras" if OLD else "keras")
files = importlib.import_module("tests.golden.files")

HERE = Path(__file__).parent / "files"


def make(name):
    """Train a model a little, save it, and go on."""
    model, x, y = files.MODELS[name](keras)
    files.settle(model)
    model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    for ending in (".keras2.h5",) if OLD else (".keras", ".h5"):
        model.save(HERE / f"{name}{ending}")
    if not OLD:
        model.save_weights(HERE / f"{name}.weights.h5")
    found = files.outcome(model, x, y)
    np.savez_compressed(HERE / f"{name}{'.keras2' if OLD else ''}.npz", **found)


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for each in files.MODELS:
        make(each)
