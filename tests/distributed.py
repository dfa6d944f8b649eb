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
    """Batch normalization and losses behind masks that leave another number of steps to every process."""

    def model(loss, outputs, steps):
        fastnn.utils.set_random_seed(4)
        normalized = [layers.BatchNormalization(momentum=0.5), layers.BatchNormalization(synchronized=True)]
        recurrent = layers.GRU(3, return_sequences=steps)
        made = fastnn.Sequential(
            [layers.Input((6, 2)), layers.Masking(), *normalized, recurrent, layers.Dense(outputs, "softmax")]
        )
        made.compile(fastnn.optimizers.SGD(0.1), loss)
        return made

    numbers = np.random.default_rng(5)
    x, y = numbers.normal(size=(31, 6, 2)).astype(np.float32), numbers.integers(0, 3, (31, 6))
    x[numbers.random((31, 6)) < 0.3] = 0
    ignoring = fastnn.losses.SparseCategoricalCrossentropy(ignore_class=0)
    attempts = {
        "normalized": ((ignoring, 3, False), y[:, 0]),
        "steps": (("sparse_categorical_crossentropy", 3, True), y),
        "ignored": ((ignoring, 3, True), y),
    }
    found = {"share": float(x.any(-1).mean())}
    for name, (arguments, targets) in attempts.items():
        together, alone = DataParallel(model(*arguments)), model(*arguments)
        together.fit(x, targets, 10, 3, verbose=0)
        alone.fit(x, targets, 10, 3, verbose=0)
        losses = [p.evaluate(x, targets, 10, verbose=0) for p in (together, alone)]
        found[name] = [float(np.abs(values(together.model) - values(alone)).max()), abs(losses[0] - losses[1])]
    return found


def no_mean(parallel):
    """Models of which the parts of a batch do not give what the whole batch does are refused in every process."""
    numbers = np.random.default_rng(5)
    x, y = numbers.normal(size=(32, 6)).astype(np.float32), (numbers.random((32, 2)) < 0.3).astype(np.float32)

    class Summed(layers.Layer):
        def call(self, t):
            self.add_loss(fastnn.ops.sum(t * t))
            return t

    def root(a, b):
        return fastnn.ops.sqrt(fastnn.ops.mean(fastnn.ops.square(a - b)))

    def tried(loss, *inside):
        fastnn.utils.set_random_seed(4)
        model = fastnn.Sequential([layers.Input((6,)), *inside, layers.Dense(2, "softmax")])
        model.compile("sgd", loss)
        messages = []
        for method in ("fit", "evaluate"):
            try:
                getattr(DataParallel(model), method)(x, y, verbose=0)
                messages.append("nothing")
            except ValueError as error:
                messages.append(str(error))
        return parallel.comm.allgather(messages)

    return {
        "dice": tried("dice"),
        "own": tried(root),
        "added": tried("mse", Summed()),
        "centred": tried("mse", layers.Lambda(lambda t: t - fastnn.ops.mean(t, axis=0))),
        "fine": tried("mse", layers.Dense(3, activity_regularizer="l2"), layers.BatchNormalization()),
    }


def callbacks(parallel):
    """Callbacks of one process only: nothing hangs, and what they change is the same everywhere."""
    x, y = digits(96)
    first = parallel.rank == 0
    seen = []

    class Scores(fastnn.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.model.evaluate(x, y, verbose=0)[0] - np.mean(self.model.evaluate(x, y, 96, verbose=0)[0]))

    class Ends(fastnn.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    def fit(mine, **options):
        history = parallel.fit(x, y, 16, 3, verbose=0, callbacks=mine, **options)
        state = float(parallel.model.optimizer.learning_rate), values(parallel.model).tobytes()
        return len(history.epoch), len(set(map(str, parallel.comm.allgather(state)))) == 1

    slower = fastnn.callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=10, verbose=1)
    stopping = fastnn.callbacks.EarlyStopping("loss", min_delta=10, patience=1, restore_best_weights=True, verbose=1)
    found = {
        "evaluated": fit([Scores()] if first else []),
        "stopped": fit([] if first else [Ends()]),
        "slower": fit([slower] if first else []),
        "restored": fit([stopping] if first else []),
        "printed": fit([fastnn.callbacks.EarlyStopping("loss", min_delta=10, verbose=1)]),
    }
    return {**found, "scores": [float(s) for s in seen], "rate": float(parallel.model.optimizer.learning_rate)}


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
    if odd:
        fastnn.Input((3,))  # the names of layers that are counted differ
    attempts = {
        "data": lambda: parallel.fit(x + odd, y, verbose=0),
        "settings": lambda: parallel.fit(x, y, batch_size=4 + odd, verbose=0),
        "length": lambda: parallel.fit(x, y[: 30 if odd else 40], verbose=0),
        "validation": lambda: parallel.fit(x, y, verbose=0, validation_data=(x, y) if odd else None),
        "weights": lambda: parallel.fit(x, y, verbose=0, class_weight={0: 2.0} if odd else None),
        "unknown": lambda: parallel.fit(x, y, epoch=3),
        "size": lambda: parallel.evaluate(x, y, batch_size=0),
        "epochs": lambda: parallel.fit(x, y, epochs="a"),
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
        except (TypeError, ValueError, OSError, DistributionError) as error:
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


CASES = {case.__name__: case for case in (equal, masked, no_mean, callbacks, first, states, restored, refused, dying)}


def main():
    case = sys.argv[1]
    process = DataParallel(network()).rank
    parallel = DataParallel(network(seed=3 + process * (case == "first")))
    result = CASES[case](parallel)
    if parallel.rank == 0:
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
