"""Makes keras.npz and the .keras files beside it with the real Keras 3; run it where Keras and PyTorch are installed.

KERAS_BACKEND=torch python -m tests.golden.make_keras
"""

import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np

from tests.golden import initial, losses, metrics, networks, optimizers
from tests.golden.case import numbers

HERE = Path(__file__).parent


def everything():
    """All numbers by name."""
    found = {"version": np.array(keras.__version__)}
    for name, (loss, *batch) in losses.cases(keras).items():
        found[f"loss/{name}"] = array(loss(*batch))
    for name, (metric, *data) in metrics.cases(keras).items():
        for k, (batch, weights) in enumerate(metrics.batches(*data)):
            metric.update_state(*batch, **weights)
            found[f"metric/{name}/{k}"] = array(metric.result())
    found.update({f"mean/{name}": array(value) for name, value in metrics.means(keras).items()})
    for name, optimizer in optimizers.cases(keras).items():
        found[f"optimizer/{name}"] = np.concatenate([v.ravel() for v in optimizers.five_steps(keras, optimizer)])
    for name, schedule in optimizers.schedules(keras).items():
        found[f"schedule/{name}"] = np.array([float(schedule(step)) for step in optimizers.STEPS], "float32")
    for name, constraint in optimizers.constraints(keras).items():
        found[f"constraint/{name}"] = array(constraint(keras.ops.convert_to_tensor(numbers(33, 4, 5))))
    for name, (initializer, shape) in initial.cases(keras).items():
        values = array(initializer(initial.SHAPES[shape]))
        found[f"initializer/{name}"] = initial.statistics(values)
        if "orthogonal" in name:
            found[f"gram/{name}"] = initial.gram(values)
    found.update({f"initializer/{name}": array(value) for name, value in initial.constants(keras).items()})
    for name, (regularizer, w) in initial.regularizers(keras).items():
        found[f"regularizer/{name}"] = array(regularizer(keras.ops.convert_to_tensor(w)))
    for name in networks.TRAININGS:
        found.update({f"training/{name}/{key}": value for key, value in networks.train(keras, name).items()})
    return found


def array(tensor):
    """A NumPy array."""
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def saved_model(name):
    """A model saved by Keras after training, with what it predicts and what one more epoch gives."""
    model, x, y, settings = networks.TRAININGS[name](keras)
    networks.settle(model)
    model.fit(x, y, epochs=2, shuffle=False, verbose=0, **settings)
    model.save(HERE / f"{name}.keras")
    outputs = model.predict(x, verbose=0)
    found = {f"output/{i}": o for i, o in enumerate(outputs if isinstance(outputs, list) else [outputs])}
    model.fit(x, y, epochs=1, shuffle=False, verbose=0, **settings)
    found.update({f"weight/{i}": w for i, w in enumerate(model.get_weights())})
    return {f"saved/{name}/{key}": value for key, value in found.items()}


if __name__ == "__main__":
    everything_found = everything()
    for saved in ("classifier", "two_by_two"):
        everything_found.update(saved_model(saved))
    np.savez_compressed(HERE / "keras.npz", **everything_found)
