"""What each extra brings, tried where no other is installed: `python -m tests.extras EXTRA`.

Everything that needs another extra has to say which one.
"""

import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import fastnn
from fastnn import callbacks, layers, utils

FOLDER = Path(tempfile.mkdtemp())
X, Y = np.eye(4, dtype=np.float32), np.arange(4) % 2


def trained(*given):
    """A small model, trained a little with these callbacks, and its history."""
    model = fastnn.Sequential([layers.Input((4,)), layers.Dense(3, "tanh"), layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, model.fit(X, Y, epochs=2, verbose=0, callbacks=list(given))


def gui():
    from gui.__main__ import main

    assert main(["--preset", "xor", "--screenshot", str(FOLDER / "xor.png")]) == 0
    return FOLDER / "xor.png"


def images():
    utils.save_img(FOLDER / "image.png", np.zeros((5, 4, 3)))
    assert utils.img_to_array(utils.load_img(FOLDER / "image.png")).shape == (5, 4, 3)
    return FOLDER / "image.png"


def plot():
    model, history = trained()
    history.plot().savefig(FOLDER / "history.svg")
    utils.plot_model(model, FOLDER / "model.pdf", show_shapes=True)
    return FOLDER / "model.pdf"


def sklearn():
    found = fastnn.sklearn.Classifier(hidden=(4,), epochs=2).fit(X, Y)
    assert found.predict(X).shape == (4,)


def onnx():
    trained()[0].export(FOLDER / "model.onnx", format="onnx", verbose=False)
    return FOLDER / "model.onnx"


def safetensors():
    model = trained()[0]
    model.save_weights(FOLDER / "model.safetensors")
    model.load_weights(FOLDER / "model.safetensors")
    return FOLDER / "model.safetensors"


def tensorboard():
    trained(callbacks.TensorBoard(FOLDER / "logs"))
    return next((FOLDER / "logs").rglob("events.*"))


def mpi():
    from fastnn.distribute import DataParallel

    DataParallel(trained()[0]).fit(X, Y, verbose=0)


EXTRAS = {
    "gui": (gui, "PyQt6"), "images": (images, "PIL"), "plot": (plot, "matplotlib"), "sklearn": (sklearn, "sklearn"),
    "onnx": (onnx, "onnx"), "safetensors": (safetensors, "safetensors"), "tensorboard": (tensorboard, "tensorboard"),
    "mpi": (mpi, "mpi4py"),
}  # fmt: skip


def asked_for(use):
    """What is said where a package is missing."""
    try:
        use()
    except ImportError as error:
        return str(error)
    return "nothing"


def check(extra):
    """Use what an extra brings; see that the others, if they are absent, are asked for by name."""
    file = EXTRAS[extra][0]()
    assert file is None or file.stat().st_size > 0, file
    for other, (use, package) in EXTRAS.items():
        if other not in (extra, "gui") and find_spec(package) is None:
            assert f"fastnn[{other}]" in asked_for(use), other
    print(f"{extra}: works alone")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        check(name)
