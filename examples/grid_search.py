"""A grid search over the hidden layers and the learning rate of a network for iris, with scikit-learn's GridSearchCV.

Fisher's iris flowers; the search is that of scikit-learn's user guide, chapter "Tuning the hyper-parameters".
"""

import argparse

from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastnn import Input, Sequential, layers
from fastnn.datasets import iris
from fastnn.sklearn import Classifier


def build(meta, depth=1, units=16):
    """A network of `depth` hidden layers; both arguments are parameters of the search."""
    model = Sequential([Input(meta["input_shape"])])
    for _ in range(depth):
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(meta["n_outputs"], activation=meta["output_activation"]))
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small grid, few epochs")
    parser.add_argument("--epochs", type=int, default=None, help="epochs of every training")
    parser.add_argument("--jobs", type=int, default=1, help="processes to share the work; -1 for one per processor")
    options = parser.parse_args()
    epochs = options.epochs or (15 if options.quick else 60)

    x, y = iris.load_data()
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, stratify=y, random_state=0)
    grid = {
        "classifier__depth": [1, 2],
        "classifier__units": [2, 16] if options.quick else [2, 4, 16, 64],
        "classifier__learning_rate": [0.01] if options.quick else [0.1, 0.01, 0.001],
    }
    pipeline = make_pipeline(StandardScaler(), Classifier(build, epochs=epochs, random_state=0))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    search = GridSearchCV(pipeline, grid, cv=folds, n_jobs=options.jobs).fit(x_train, y_train)

    results = search.cv_results_
    for place in results["rank_test_score"].argsort()[:5]:
        chosen = {name.removeprefix("classifier__"): value for name, value in results["params"][place].items()}
        print(f"{results['mean_test_score'][place]:.3f} ± {results['std_test_score'][place]:.3f}  {chosen}")
    print(f"the best, on flowers that no fold has seen: {search.score(x_test, y_test):.3f}")


if __name__ == "__main__":
    main()
