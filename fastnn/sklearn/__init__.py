"""Models as scikit-learn's estimators: cross-validation, searches and pipelines take them like any other.

`Classifier` and `Regressor` without arguments train a perceptron with one hidden layer. Where that is not wanted,
`build_model` is a function that returns a model:

    >>> from fastnn import Input, Sequential, layers
    >>> def build(meta, units=8):
    ...     return Sequential([
    ...         Input(meta["input_shape"]),
    ...         layers.Dense(units, "tanh"),
    ...         layers.Dense(meta["n_outputs"], meta["output_activation"]),
    ...     ])

Its arguments are found by their names: `meta` is a dict of what is known of the data (`input_shape` without the rows,
`n_features_in_`, `n_outputs`, `output_activation`, and `n_classes_` of a classifier); names that the estimator has,
such as `learning_rate`, are the estimator's; all others, here `units`, become parameters of the estimator, which a
search may vary. A model that the function has not compiled is compiled with the estimator's optimizer, learning rate,
loss and metrics. `output_activation` is what targets and loss ask for; None, say, for a hinge loss. Outputs without an
activation are right as well, if no loss is given: they are taken for logits.

K-fold cross-validation, a pipeline and a search over its parameters:

    >>> from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from fastnn.datasets import iris
    >>> from fastnn.sklearn import Classifier
    >>> x, y = iris.load_data()
    >>> classifier = Classifier(build, learning_rate=0.02, epochs=20, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), classifier)
    >>> folds = KFold(3, shuffle=True, random_state=0)
    >>> bool(cross_val_score(pipeline, x, y, cv=folds).mean() > 0.9)
    True
    >>> search = GridSearchCV(pipeline, {"classifier__units": [1, 8]}, cv=folds).fit(x, y)
    >>> search.best_params_
    {'classifier__units': 8}

`n_jobs=-1` spreads a search over processes. Each worker of joblib, Dask or Ray is told its share of the processors by
OMP_NUM_THREADS, which fastnn keeps to unless FASTNN_NUM_THREADS is set. A fitted estimator is pickled with its model as
the content of a `.keras` file.
"""

from fastnn.utils.extras import need

need("sklearn", extra="sklearn", what="fastnn.sklearn")

from fastnn.sklearn.estimators import Classifier, Regressor  # noqa: E402  after the word on what is missing

__all__ = ["Classifier", "Regressor"]
