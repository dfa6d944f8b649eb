"""Write small files in the formats of the public data sets, and what Keras reads from them: `datasets/`.

    KERAS_BACKEND=torch python -m tests.golden.make_datasets

Keras finds the files in its cache. It wants 10,000 rows in every batch of CIFAR-10, so it gets each of our two rows
5,000 times and its answer is cut to the first two of every batch.
"""

import importlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from tests import public_files
from tests.golden.public_sets import CALLS, answers

FOLDER = Path(__file__).with_name("datasets")
ROWS, TIMES = 2, 5000


def write(files, folder):
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def keras_sets(files):
    """Keras's data sets by name, which find the files in its cache and take them for the right ones."""
    home = Path(tempfile.mkdtemp())
    os.environ["KERAS_HOME"] = str(home)
    large = {"cifar-10-python.tar.gz": public_files.tar_gz(public_files.cifar10(TIMES))}
    for name, content in {**files, **large}.items():
        place = name.replace("-python.tar.gz", "-python-target_archive")
        place = place.replace("cifar-10-python-target", "cifar-10-batches-py-target")
        write({place: content}, home / "datasets")
    from keras.src.utils import file_utils

    file_utils.validate_file = lambda *_, **__: True
    return {name: importlib.import_module(f"keras.datasets.{name}") for name in CALLS}


def first_rows(load_data):
    """CIFAR-10 with every batch cut to its first two rows."""

    def load():
        parts = load_data()
        return [tuple(a.reshape(-1, ROWS * TIMES, *a.shape[1:])[:, :ROWS].reshape(-1, *a.shape[1:]) for a in p)
                for p in parts]  # fmt: skip

    return load


def main():
    files = public_files.files()
    write(files, FOLDER)
    sets = keras_sets(files)
    loads = {name: module.load_data for name, module in sets.items()}
    loads["cifar10"] = first_rows(loads["cifar10"])
    golden = {name: [answers(loads[name], arguments) for arguments in calls] for name, calls in CALLS.items()}
    golden["words"] = sets["imdb"].get_word_index(), sets["reuters"].get_word_index()
    golden["topics"] = sets["reuters"].get_label_names()
    (FOLDER / "keras.json").write_text(json.dumps(golden, default=np.ndarray.tolist) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
