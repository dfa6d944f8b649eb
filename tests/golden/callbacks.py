"""What callbacks decide over given values: as real Keras 3 decides (callbacks.npz) and as fastnn does.

`KERAS_BACKEND=torch python -m tests.golden.callbacks`, with Keras installed, writes the file anew.
"""

from pathlib import Path

import numpy as np

VALUES = {
    "falling": [5.0, 4.0, 3.0, 2.5, 2.4, 2.39, 2.389],
    "bumpy": [3.0, 3.5, 2.0, 2.2, 2.1, 1.9, 2.5, 2.6, 2.7, 2.8],
    "flat": [1.0] * 8,
    "late": [1.0, 1.2, 1.3, 0.9, 1.0, 1.1, 0.89, 0.95, 0.8],
    "broken": [1.0, float("nan"), 0.9, float("nan"), float("nan"), 0.8],
}
STOPPING = [
    {}, {"patience": 2}, {"patience": 1, "min_delta": 0.15}, {"patience": 2, "baseline": 2.3},
    {"patience": 2, "baseline": 0.95, "restore_best_weights": True}, {"patience": 1, "start_from_epoch": 3},
    {"patience": 3, "mode": "max"}, {"restore_best_weights": True, "patience": 1, "mode": "min"},
]  # fmt: skip
PLATEAU = [
    {"patience": 1}, {"patience": 2, "factor": 0.5}, {"patience": 0, "factor": 0.5, "cooldown": 2},
    {"patience": 1, "min_lr": 0.3, "factor": 0.7}, {"patience": 1, "min_delta": 0.15, "cooldown": 1},
    {"patience": 1, "mode": "max", "factor": 0.25},
]  # fmt: skip
CHECKPOINT = [
    {}, {"save_best_only": True}, {"save_best_only": True, "mode": "max"},
    {"save_best_only": True, "initial_value_threshold": 2.15}, {"save_weights_only": True, "save_best_only": True},
]  # fmt: skip


class Rates:
    """Stands for an optimizer."""

    learning_rate = 1.0


class Watched:
    """Stands for a model: notes what is asked of it."""

    built, metrics, stop_training = True, (), False

    def __init__(self):
        self.optimizer, self.epoch, self.saved, self.weights = Rates(), 0, [], None

    def get_weights(self):
        return [self.epoch]

    def set_weights(self, weights):
        self.weights = weights[0]

    def save(self, path, overwrite=True):
        self.saved.append(self.epoch)

    save_weights = save


def run(callback, values, note):
    """What `note` sees of the model after every epoch, and what the model has been told at the end."""
    model = Watched()
    callback.set_model(model)
    callback.on_train_begin()
    seen = []
    for model.epoch, value in enumerate(values):
        callback.on_epoch_begin(model.epoch)
        callback.on_epoch_end(model.epoch, {"loss": value})
        seen.append(note(model))
        if model.stop_training:
            break
    callback.on_train_end()
    return np.asarray([*seen, -1 if model.weights is None else model.weights], np.float64)


def decisions(callbacks):
    """All decisions by name."""
    found = {}
    for name, values in VALUES.items():
        for k, given in enumerate(STOPPING):
            found[f"stopping/{k}/{name}"] = run(
                callbacks.EarlyStopping("loss", **given), values, lambda m: m.stop_training
            )
        for k, given in enumerate(PLATEAU):
            found[f"plateau/{k}/{name}"] = run(
                callbacks.ReduceLROnPlateau("loss", **given), values, lambda m: m.optimizer.learning_rate
            )
        for k, given in enumerate(CHECKPOINT):
            path = "unused.weights.h5" if given.get("save_weights_only") else "unused.keras"
            found[f"checkpoint/{k}/{name}"] = run(
                callbacks.ModelCheckpoint(path, "loss", **given), values, lambda m: len(m.saved)
            )
    return found


if __name__ == "__main__":
    import keras

    np.savez_compressed(Path(__file__).with_suffix(".npz"), version=keras.__version__, **decisions(keras.callbacks))
