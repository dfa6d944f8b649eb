"""A search by Optuna for depth, units, dropout and learning rate, where poor trials are stopped early.

Trials are sampled by the tree-structured Parzen estimator (Bergstra et al., 2011) and pruned at the median.
"""

import argparse

import optuna

from fastnn import Input, Sequential, callbacks, layers, optimizers, utils
from fastnn.datasets import moons


class OptunaPruning(callbacks.Callback):
    """Tells a trial the accuracy of every epoch, and ends it when others were better by then."""

    def __init__(self, trial, monitor="val_accuracy"):
        super().__init__()
        self.trial, self.monitor = trial, monitor

    def on_epoch_end(self, epoch, logs=None):
        self.trial.report(logs[self.monitor], epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned(f"after epoch {epoch + 1}")


def build(trial):
    """A network whose size and regularization the trial chooses."""
    model = Sequential([Input((2,))])
    rate = trial.suggest_float("dropout", 0.0, 0.5)
    for k in range(trial.suggest_int("depth", 1, 3)):
        model.add(layers.Dense(trial.suggest_int(f"units_{k}", 2, 64, log=True), activation="relu"))
        model.add(layers.Dropout(rate))
    model.add(layers.Dense(1, activation="sigmoid"))
    learning_rate = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    model.compile(optimizers.Adam(learning_rate), "binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few trials of few epochs")
    parser.add_argument("--epochs", type=int, default=None, help="epochs of a trial that is not pruned")
    parser.add_argument("--trials", type=int, default=None, help="number of trials")
    options = parser.parse_args()
    epochs = options.epochs or (10 if options.quick else 60)
    trials = options.trials or (12 if options.quick else 60)

    x, y = moons.load_data(400, noise=0.3, seed=0)
    held_out = moons.load_data(400, noise=0.3, seed=1)

    def accuracy(trial):
        utils.set_random_seed(trial.number)
        model = build(trial)
        history = model.fit(
            x, y, validation_data=held_out, epochs=epochs, callbacks=[OptunaPruning(trial)], verbose=0
        )  # fmt: skip
        return history.history["val_accuracy"][-1]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=epochs // 4)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0), pruner=pruner)
    study.optimize(accuracy, n_trials=trials)

    pruned = sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials)
    print(f"{trials} trials, {pruned} of them stopped early")
    print(f"best accuracy: {study.best_value:.3f} in trial {study.best_trial.number}")
    for name, value in study.best_params.items():
        print(f"    {name:14} {value:.4g}")


if __name__ == "__main__":
    main()
