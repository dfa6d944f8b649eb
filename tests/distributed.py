"""What processes do that test_distribute starts: `mpiexec -n 2 python -m tests.distributed CASE FOLDER`.

Every case prints one line of JSON in the first process.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

import fastnn
from fastnn import layers
from fastnn.distribute import DataParallel, DistributionError

FOLDER = Path(*sys.argv[2:3])


def digits(count=205):
    (x, y), _ = fastnn.datasets.digits.load_data()
    return x[:count, ..., None] / np.float32(16), y[:count]


def network(seed=3, loss="sparse_categorical_crossentropy"):
    """Convolution, normalization over the batch, dropout by element and channel, penalty, clipping of all gradients."""
    fastnn.utils.set_random_seed(seed)
    model = fastnn.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(5, 3, use_bias=False),  # a bias before normalization has a gradient of 0, up to rounding
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.SpatialDropout2D(0.2),
            layers.Flatten(),
            layers.Dense(7, activation="tanh", kernel_regularizer="l2"),
            layers.Dropout(0.5),
            layers.GaussianNoise(0.1),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(fastnn.optimizers.Adam(0.01, global_clipnorm=1.0), loss, metrics=["accuracy"])
    return model


def values(model):
    return np.concatenate([v.numpy().ravel() for v in model.variables_of_training()])


def equal(parallel):
    """Training together against training alone, with an uneven last batch."""
    x, y = digits()
    weights = np.linspace(0.5, 2, len(x))
    options = {"batch_size": 50, "epochs": 3, "verbose": 0, "sample_weight": weights, "validation_split": 0.2}
    history = parallel.fit(x, y, **options).history
    scores = parallel.evaluate(x, y, batch_size=64, verbose=0)
    alone = network()
    expected = alone.fit(x, y, **options).history
    held = {key: (history[key], expected[key]) for key in expected}
    held["score"] = (scores, alone.evaluate(x, y, verbose=0))
    held["predictions"] = (parallel.predict(x, verbose=0), alone.predict(x, verbose=0))
    held["one"] = (parallel.predict(x[:1], verbose=0), alone.predict(x[:1], verbose=0))
    differences = {key: float(np.abs(np.subtract(a, b)).max()) for key, (a, b) in held.items()}
    listed = str(parallel.step_list(x, y, 50)).count(" = all_reduce(")
    return {"weights": float(np.abs(values(parallel.model) - values(alone)).max()), **differences, "listed": listed}


def masked(parallel):
    """Batch normalization behind a mask that leaves another number of steps to every process."""

    def model():
        fastnn.utils.set_random_seed(4)
        normalized = [layers.BatchNormalization(momentum=0.5), layers.BatchNormalization(synchronized=True)]
        made = fastnn.Sequential([layers.Input((6, 2)), layers.Masking(), *normalized, layers.GRU(3), layers.Dense(1)])
        made.compile(fastnn.optimizers.SGD(0.1), "mse")
        return made

    numbers = np.random.default_rng(5)
    x, y = numbers.normal(size=(31, 6, 2)).astype(np.float32), numbers.normal(size=(31, 1)).astype(np.float32)
    x[numbers.random((31, 6)) < 0.3] = 0
    together = DataParallel(model())
    together.fit(x, y, batch_size=10, epochs=3, verbose=0)
    alone = model()
    alone.fit(x, y, batch_size=10, epochs=3, verbose=0)
    return {"steps": float(x.any(-1).mean()), "weights": float(np.abs(values(together.model) - values(alone)).max())}


def first(parallel):
    """Every process begins with a seed of its own; the first one's weights and seeds count."""
    x, y = digits(43)
    parallel.fit(x, y, batch_size=8, epochs=2, verbose=0)
    alone = network()
    alone.fit(x, y, batch_size=8, epochs=2, verbose=0)
    return {"weights": float(np.abs(values(parallel.model) - values(alone)).max())}


def states(parallel):
    """What batch normalization remembers is the same everywhere; callbacks print and write once."""
    x, y = digits(90)
    seen = []
    callbacks = [
        fastnn.callbacks.CSVLogger(FOLDER / "log.csv"),
        fastnn.callbacks.ModelCheckpoint(FOLDER / "{epoch}-{batch}.keras", save_freq=2),
        fastnn.callbacks.EarlyStopping(monitor="loss", patience=0, min_delta=10),
        fastnn.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["loss"])),
    ]
    parallel.fit(x, y, batch_size=32, epochs=5, verbose=2, callbacks=callbacks)
    parallel.save(FOLDER / "whole.keras")
    everywhere = parallel.comm.allgather((values(parallel.model).tobytes(), seen, len(parallel.model.history.epoch)))
    files = sorted(path.name for path in FOLDER.iterdir())
    return {
        "same": len(set(map(str, everywhere))) == 1,
        "epochs": everywhere[0][2],
        "batches": len(seen),
        "files": files,
    }


def restored(parallel):
    """A run that was backed up goes on, though only the first process reads the files."""
    x, y = digits(60)
    backup = fastnn.callbacks.BackupAndRestore(FOLDER / "backup", delete_checkpoint=False)
    options = {"batch_size": 20, "verbose": 0}
    parallel.fit(x, y, epochs=2, callbacks=[backup], **options)
    again = DataParallel(network())  # the seeds of layers are not in the files
    history = again.fit(x, y, epochs=4, callbacks=[backup], **options)
    alone = network()
    alone.fit(x, y, epochs=4, **options)
    return {"epochs": history.epoch, "weights": float(np.abs(values(again.model) - values(alone)).max())}


def refused(parallel):
    """Errors before training are errors in every process, and training goes on afterwards."""
    x, y = digits(40)
    odd = parallel.rank == 1
    attempts = {
        "data": lambda: parallel.fit(x + odd, y, verbose=0),
        "settings": lambda: parallel.fit(x, y, batch_size=4 + odd, verbose=0),
        "length": lambda: parallel.fit(x, y[: 30 if odd else 40], verbose=0),
        "generator": lambda: parallel.fit(iter([(x, y)]), verbose=0),
        "sum": lambda: DataParallel(network(loss=fastnn.losses.SparseCategoricalCrossentropy(reduction="sum"))).fit(
            x, y
        ),
        "save": lambda: parallel.save(FOLDER / "nowhere" / "deep" / "model.h5"),
    }
    found = {}
    for name, attempt in attempts.items():
        try:
            attempt()
            message = "nothing"
        except (ValueError, OSError, DistributionError) as error:
            message = f"{type(error).__name__}: {error}"
        found[name] = parallel.comm.allgather(message)
    parallel.fit(x, y, verbose=0)
    return found


def dying(parallel):
    """One process ends in the middle of training, in one way or another."""
    how = sys.argv[3]

    def end(epoch, logs):
        if epoch == 3 and parallel.rank == parallel.size - 1:
            {"kill": lambda: os.kill(os.getpid(), 9), "exit": lambda: sys.exit(0), "error": lambda: 1 / 0}[how]()

    x, y = digits(60)
    if how == "early" and parallel.rank == 1:
        raise RuntimeError("before training")
    callbacks = [
        fastnn.callbacks.ModelCheckpoint(FOLDER / "model.keras"),
        fastnn.callbacks.LambdaCallback(on_epoch_end=end),
    ]
    parallel.fit(x, y, epochs=10_000, verbose=0, callbacks=callbacks)
    return {}


CASES = {case.__name__: case for case in (equal, masked, first, states, restored, refused, dying)}


def main():
    case = sys.argv[1]
    process = DataParallel(network()).rank
    parallel = DataParallel(network(seed=3 + process * (case == "first")))
    result = CASES[case](parallel)
    if parallel.rank == 0:
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
