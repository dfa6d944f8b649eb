"""Makes keras.npz and the .keras files beside it with the real Keras 3; run it where Keras and PyTorch are installed.

KERAS_BACKEND=torch python tests/golden/make_keras.py
"""

import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import networks
import numpy as np

HERE = Path(__file__).parent


def everything():
    """All numbers by name."""
    found = {"version": np.array(keras.__version__)}
    for name, (loss, y_true, y_pred) in networks.losses(keras).items():
        found[f"loss/{name}"] = np.array(loss(y_true, y_pred).cpu())
        if name in ("mse", "scce"):
            found[f"loss/{name}/weighted"] = np.array(loss(y_true, y_pred, np.arange(6.0)).cpu())
    for name, (metric, y_true, y_pred) in networks.metrics(keras).items():
        metric.update_state(y_true[:5], y_pred[:5])
        metric.update_state(y_true[5:], y_pred[5:], sample_weight=np.array([1.0, 2.0, 0.0, 3.0]))
        found[f"metric/{name}"] = np.array(metric.result().cpu())
    for name, (layer, x) in networks.layers(keras).items():
        layer.build(x.shape)
        if name != "dropout":  # its weight is Keras' seed
            networks.settle(layer)
        found[f"layer/{name}"] = layer(x).detach().cpu().numpy()
    for name, optimizer in networks.optimizers(keras).items():
        for i, values in enumerate(networks.five_steps(keras, optimizer)):
            found[f"optimizer/{name}/{i}"] = values
    for name in networks.TRAININGS:
        found.update({f"training/{name}/{key}": value for key, value in networks.train(keras, name).items()})
    return found


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
    numbers = everything()
    for saved in ("classifier", "two_by_two"):
        numbers.update(saved_model(saved))
    np.savez_compressed(HERE / "keras.npz", **numbers)
