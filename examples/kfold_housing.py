"""K-fold cross-validation for the price of houses: by hand, then by scikit-learn in one line.

After F. Chollet, Deep Learning with Python, 2nd edition (2021), section 4.3.
"""

import argparse

import numpy as np
from sklearn.model_selection import KFold, cross_val_score

from fastnn import Input, Sequential, layers
from fastnn.datasets import houses
from fastnn.sklearn import Regressor


def build(meta):
    """Two hidden layers and a number without bounds."""
    model = Sequential([
        Input(meta["input_shape"]),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(1),
    ])  # fmt: skip
    model.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
    return model


def by_hand(x, y, folds, epochs):
    """Train one model per fold; the mean error on the fold that is left out, after every epoch."""
    errors = []
    size = len(x) // folds
    for fold in range(folds):
        held = slice(fold * size, (fold + 1) * size)
        x_train, y_train = np.delete(x, held, axis=0), np.delete(y, held, axis=0)
        model = build({"input_shape": x.shape[1:]})
        history = model.fit(
            x_train, y_train, validation_data=(x[held], y[held]), epochs=epochs, batch_size=16, verbose=0
        )
        errors.append(history.history["val_mae"])
        print(f"fold {fold + 1} of {folds}: mean error {100 * errors[-1][-1]:.1f} thousand dollars")
    return np.mean(errors, axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer houses and epochs")
    parser.add_argument("--epochs", type=int, default=None, help="epochs of every training")
    parser.add_argument("--folds", type=int, default=4, help="number of folds")
    options = parser.parse_args()
    epochs = options.epochs or (10 if options.quick else 100)

    x, y = houses.load_data(400 if options.quick else 4000)
    errors = by_hand(x, y, options.folds, epochs)
    best = int(errors.argmin())
    print(f"least mean error: {100 * errors[best]:.1f} thousand dollars after {best + 1} epochs of {epochs}")

    regressor = Regressor(build, epochs=best + 1, batch_size=16, random_state=0)
    scores = cross_val_score(regressor, x, y, cv=KFold(options.folds), scoring="neg_mean_absolute_error")
    print(f"the same by cross_val_score: {-100 * scores.mean():.1f} ± {100 * scores.std():.1f} thousand dollars")


if __name__ == "__main__":
    main()
