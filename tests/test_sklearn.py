"""Models as scikit-learn's estimators: its own checks, searches, cross-validation, pipelines, models of one's own."""

import copy
import pickle
import sys

import numpy as np
import pytest
from sklearn import metrics, model_selection
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator, check_sample_weight_equivalence_on_dense_data

import fastnn
from fastnn import callbacks, config, layers, losses, optimizers
from fastnn.compat.wrappers import KerasClassifier
from fastnn.datasets import houses, iris
from fastnn.sklearn import Classifier, Regressor

WEIGHTS = "check_sample_weight_equivalence_on_dense_data"
X = np.random.default_rng(1).normal(size=(60, 3)).astype("float32")
WORDS = np.where(X[:, 0] > 0, "right", "left")
NUMBERS = X @ np.array([1.0, -0.5, 0.25])
FOLDS = model_selection.KFold(3, shuffle=True, random_state=0)
LOSSES = {None: "mse", "sigmoid": "binary_crossentropy", "softmax": "sparse_categorical_crossentropy"}


def build(meta, units=8, rate=0.02, activation="tanh"):
    hidden = layers.Dense(units, activation)
    head = layers.Dense(meta["n_outputs"], meta["output_activation"])
    model = fastnn.Sequential([fastnn.Input(meta["input_shape"]), hidden, head])
    model.compile(optimizers.Adam(rate), LOSSES[meta["output_activation"]])
    return model


def stack(outputs, activation, loss=None):
    model = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(outputs, activation)])
    if loss is not None:
        model.compile(optimizers.Adam(0.05), loss)
    return model


class Straight(fastnn.Model):
    """A model written as a call, whose weights only data tell."""

    def __init__(self):
        super().__init__()
        self.head = layers.Dense(1, "sigmoid")

    def call(self, x):
        return self.head(x)


# ---------------------------------------------------------------- what scikit-learn asks of estimators


@pytest.mark.filterwarnings("ignore")  # the checks provoke warnings, and look for those that they want
@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param(Classifier(), marks=pytest.mark.full),
        Regressor(),
        pytest.param(Classifier(build, epochs=60), marks=pytest.mark.full),
        pytest.param(Regressor(build, epochs=60), marks=pytest.mark.full),
    ],
    ids=["classifier", "regressor", "classifier of one's own", "regressor of one's own"],
)
def test_the_checks_of_scikit_learn(estimator):
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    status = {result["check_name"]: result["status"] for result in results}
    assert len(status) > 45
    # float32 rounds other sums differently, in the seventh digit; that check allows less: see the next test
    own = set() if estimator.build_model is None else {"check_no_attributes_set_in_init"}  # they are the function's
    assert {name for name, word in status.items() if word == "failed"} <= {WEIGHTS, *own}
    assert {name for name, word in status.items() if word == "skipped"} <= {"check_array_api_input"}


@pytest.mark.parametrize("estimator", [Classifier(), Regressor()], ids=repr)
def test_a_weight_of_two_is_a_sample_that_comes_twice(estimator, monkeypatch):
    monkeypatch.setitem(config._state, "floatx", "float64")
    check_sample_weight_equivalence_on_dense_data(type(estimator).__name__, estimator)


def test_arguments_of_the_function_are_parameters():
    classifier = Classifier(build, units=5, epochs=3)
    assert {"units": 5, "rate": 0.02, "epochs": 3, "activation": "relu"}.items() <= classifier.get_params().items()
    assert clone(classifier).set_params(rate=0.5).get_params()["rate"] == 0.5
    assert "units=5" in repr(classifier)
    fitted = clone(classifier).fit(X, WORDS)
    assert fitted.model_.layers[0].units == 5
    assert fitted.model_.layers[0].activation.__name__ == "relu"  # the estimator has a parameter of this name
    assert classifier.set_params(build_model=None).get_params().keys() == Classifier().get_params().keys()


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Classifier(epoch=3), TypeError, "'epoch'; did you mean 'epochs'"),
        (lambda: Classifier(build, unitz=3), TypeError, "'unitz'; did you mean 'units'"),
        (lambda: Classifier(build).set_params(unitz=3), ValueError, "Invalid parameter 'unitz'"),
        (lambda: Classifier(lambda score: None).fit(X, WORDS), ValueError, "another name.* 'score'"),
        (lambda: Classifier(stack).fit(X, WORDS), ValueError, "build_model's argument 'outputs'"),
        (lambda: Classifier(lambda: 3).fit(X, WORDS), ValueError, "a function that returns one. Received: 3"),
        (lambda: Classifier(3).fit(X, WORDS), ValueError, "Expected a model, or a function"),
        (lambda: Classifier(stack(3, "softmax")).fit(X, WORDS), ValueError, r"\(None, 1\) or \(None, 2\)"),
        (lambda: Regressor(stack(2, None)).fit(X, NUMBERS), ValueError, r"of shape \(None, 1\). Received"),
        (lambda: Classifier(build, learning_rate=0.1).fit(X, WORDS), ValueError, "learning_rate with a model that is"),
        (lambda: Classifier(build, hidden=(3,)).fit(X, WORDS), ValueError, "hidden with no build_model"),
        (lambda: Classifier(epochs=-1).fit(X, WORDS), ValueError, "epochs=-1"),
        (lambda: Classifier(validation_split=5).fit(X, WORDS), ValueError, "below 1. Received: 5"),
        (lambda: Classifier(batch_size=0).fit(X, WORDS), ValueError, "batch_size=0"),
        (lambda: Classifier(optimizer="adma").fit(X, WORDS), ValueError, "'adma'; did you mean"),
        (lambda: Classifier().fit(X, WORDS, epochs=3), TypeError, r"^Classifier.fit.* Classifier\(epochs=3\) or "),
        (lambda: Regressor().partial_fit(X, NUMBERS, verbose=1), TypeError, r"^Regressor.partial_fit.*\(verbose=1\)"),
        (lambda: Classifier().fit(X, WORDS, sample_weights=3), TypeError, "Classifier.fit.*'sample_weight'"),
        (lambda: Classifier().predict(X), NotFittedError, "not fitted"),
        (lambda: Classifier().fit(X, ["a"] * 60), ValueError, "two classes or more"),
        (lambda: Classifier().fit(X.astype(float) * 1e300, WORDS), ValueError, "too large for dtype"),
        (lambda: Regressor().fit(X, NUMBERS * 1e300), ValueError, "y contains infinity"),
        (lambda: Classifier().fit(X, WORDS, sample_weight=-np.ones(60)), ValueError, "weights of 0 or more"),
        (lambda: Classifier().fit(X, WORDS, sample_weight=np.zeros(60)), ValueError, "not all 0|at least one non-zero"),
        (lambda: Classifier(class_weight="balanced").partial_fit(X, WORDS), ValueError, "as a dict"),
        (lambda: Classifier(epochs=1).partial_fit(X, WORDS).partial_fit(X, ["up"] * 60), ValueError, r"\['up'\]"),
        (lambda: Regressor(epochs=1).partial_fit(X, NUMBERS).partial_fit(X, X), ValueError, r"y of shape \(60,\)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()


def test_a_fit_that_fails_leaves_no_model_of_other_data():
    classifier = Classifier(epochs=1).fit(X, WORDS)
    with pytest.raises(ValueError, match="two classes"):
        classifier.fit(X, ["a"] * 60)
    with pytest.raises(NotFittedError):
        classifier.predict(X)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("fastnn.sklearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r'fastnn.sklearn needs sklearn: pip install "fastnn\[sklearn\]"'):
        import fastnn.sklearn  # noqa: F401


# ---------------------------------------------------------------- searches, folds, pipelines


def test_a_search_over_a_pipeline():
    x, y = iris.load_data()
    pipeline = make_pipeline(StandardScaler(), Classifier(build, epochs=30, random_state=0))
    assert model_selection.cross_val_score(pipeline, x, y, cv=FOLDS).min() > 0.9
    grid = {"classifier__units": [1, 8], "classifier__epochs": [1, 30]}
    search = model_selection.GridSearchCV(pipeline, grid, cv=FOLDS).fit(x, y)
    assert search.best_params_ == {"classifier__units": 8, "classifier__epochs": 30}
    assert search.score(x, y) > 0.95
    assert "Classifier" in search.best_estimator_._repr_html_()


def test_a_random_search_for_a_regressor():
    x, y = houses.load_data(200)
    choices = {"hidden": [4, (16,)], "learning_rate": [1e-6, 0.01], "optimizer": ["adam", "rmsprop"]}
    search = model_selection.RandomizedSearchCV(
        Regressor(epochs=15, random_state=0), choices, n_iter=6, cv=FOLDS, random_state=0
    ).fit(x, y)
    assert search.best_params_["learning_rate"] == 0.01
    assert search.best_score_ > 0.3


def test_older_wrappers_are_searched_too():
    def classify(units=1):
        return build({"n_outputs": 2, "input_shape": (3,), "output_activation": "softmax"}, units)

    wrapper = KerasClassifier(build_fn=classify, epochs=20, batch_size=10, verbose=0)
    grid = {"units": [4], "epochs": [1, 20]}
    search = model_selection.GridSearchCV(wrapper, grid, cv=FOLDS).fit(X, (X[:, 0] > 0).astype(int))
    assert search.best_params_["epochs"] == 20
    lazily = fastnn.Sequential([layers.Dense(2, "softmax")])
    lazily.compile("adam", "categorical_crossentropy")
    assert set(KerasClassifier(model=lazily).fit(X, WORDS).predict(X)) <= {"left", "right"}


def test_a_search_over_sizes_as_numpy_has_them():
    search = model_selection.GridSearchCV(Classifier(epochs=1), {"hidden": np.arange(4, 6)}, cv=FOLDS).fit(X, WORDS)
    assert search.best_estimator_.model_.layers[0].units in (4, 5)


@pytest.mark.parametrize(
    ("hidden", "units"),
    [(np.int64(64), [64]), (7, [7]), (np.array([3, 2]), [3, 2]), ([np.uint8(5)], [5]), ((), []), (range(2, 4), [2, 3])],
    ids=repr,
)
def test_sizes_are_whole_numbers_of_any_type(hidden, units):
    layers_of = Regressor(hidden=hidden, epochs=1).fit(X, NUMBERS).model_.layers
    assert [layer.units for layer in layers_of[:-1]] == units


@pytest.mark.parametrize(
    "hidden", ["64", b"64", 8.0, None, (8, 2.5), [8, "4"], True, 0, (4, -1), np.array([1.5]), {4}], ids=repr
)
def test_other_sizes_are_refused_at_fit(hidden):
    classifier = Classifier(hidden=hidden)
    with pytest.raises(ValueError, match=r"Expected hidden as a whole number of 1 or more.* Received: hidden="):
        classifier.fit(X, WORDS)


def test_several_labels_by_an_estimator_for_each():
    y = (X[:, :2] > 0).astype(int)
    several = MultiOutputClassifier(Classifier(learning_rate=0.02, epochs=30, random_state=0)).fit(X, y)
    assert (several.predict(X) == y).mean() > 0.9


# ---------------------------------------------------------------- models of one's own


@pytest.mark.parametrize(
    "model",
    [
        stack(1, "sigmoid", "binary_crossentropy"),
        stack(2, "softmax", "sparse_categorical_crossentropy"),
        stack(2, "softmax", "categorical_crossentropy"),
        stack(2, None, losses.CategoricalCrossentropy(from_logits=True)),
        stack(1, None, losses.BinaryCrossentropy(from_logits=True)),
        stack(2, "softmax", lambda y, p: fastnn.ops.mean(fastnn.ops.square(y - p), axis=-1)),
    ],
    ids=["sigmoid", "numbers", "one-hot", "logits", "one logit", "own loss"],
)
def test_outputs_and_losses_of_every_kind(model):
    before = copy.deepcopy(model.get_weights())
    classifier = Classifier(model, epochs=40).fit(X, WORDS)
    assert classifier.score(X, WORDS) > 0.9
    shares = classifier.predict_proba(X)
    assert shares.shape == (60, 2)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("model", [lambda: stack(2, "softmax"), Straight, stack(1, "sigmoid")])
def test_what_is_not_compiled_is_compiled(model):
    rate = optimizers.schedules.ExponentialDecay(0.1, 100, 0.5)
    classifier = Classifier(model, learning_rate=rate, epochs=30, metrics=["accuracy"], random_state=0).fit(X, WORDS)
    assert classifier.score(X, WORDS) > 0.9
    assert classifier.history_["accuracy"][-1] > 0.9


# ---------------------------------------------------------------- what outputs mean

SIDES = np.where(X[:, 0] > 0.5, "c", np.where(X[:, 0] < -0.5, "a", "b"))


def head_of(outputs, activation=None):
    """A build function with this last layer, whatever the estimator would like."""
    return lambda: stack(outputs, activation)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", losses.Hinge(), "categorical_hinge", "mse"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_losses_without_probabilities_decide_by_their_outputs(loss, outputs):
    if (loss, outputs) == ("categorical_hinge", 1):
        with pytest.raises(ValueError, match="shape \\(None, 2\\)"):
            Classifier(head_of(1), loss=loss).fit(X, WORDS)
        return
    classifier = Classifier(head_of(outputs), loss=loss, learning_rate=0.05, epochs=20, random_state=0).fit(X, WORDS)
    found = classifier.model_.predict(X, verbose=0)
    border = 0.5 if loss == "mse" else 0
    right = found[:, 0] > border if outputs == 1 else found[:, 1] > found[:, 0]
    assert np.array_equal(classifier.predict(X), np.where(right, "right", "left"))
    assert np.array_equal(classifier.decision_function(X) > 0, right)
    assert not hasattr(classifier, "predict_proba")
    assert not hasattr(classifier, "predict_log_proba")
    with pytest.raises(AttributeError, match="predict_proba") as caught:
        classifier.predict_proba(X)
    assert "decision_function" in str(caught.value.__cause__)
    assert metrics.get_scorer("roc_auc")(classifier, X, WORDS) > 0.95


def test_margins_near_the_border_count_by_their_sign():
    model = stack(1, None, "hinge")
    model.set_weights([np.eye(3, 1), np.zeros(1)])
    still = Classifier(model, epochs=1, class_weight={"left": 1e-9, "right": 1e-9}).fit(X, WORDS)
    still.model_.set_weights(model.get_weights())
    assert still.score(X, WORDS) == 1  # outputs from 0 to 0.5 were "left" at a border of 0.5


def test_several_classes_by_their_margins():
    for loss in ("categorical_hinge", "hinge"):
        classifier = Classifier(hidden=(8,), loss=loss, learning_rate=0.03, epochs=40, random_state=0).fit(X, SIDES)
        assert not hasattr(classifier, "predict_proba")
        assert classifier.decision_function(X).shape == (60, 3)
        assert classifier.model_.predict(X, verbose=0).min() < 0  # the perceptron's head is linear for such losses
        assert classifier.score(X, SIDES) > 0.85
    assert not hasattr(Classifier(loss="hinge"), "predict_proba")
    assert hasattr(Classifier(), "predict_proba")
    assert not hasattr(Classifier(), "decision_function")


@pytest.mark.parametrize(("outputs", "y"), [(1, WORDS), (2, WORDS), (3, SIDES)])
def test_linear_outputs_are_logits_if_no_loss_is_given(outputs, y):
    classifier = Classifier(head_of(outputs), learning_rate=0.1, epochs=30, random_state=0).fit(X, y)
    found = classifier.model_.predict(X, verbose=0)
    shares = classifier.predict_proba(X)
    wanted = fastnn.ops.sigmoid(found) if outputs == 1 else fastnn.ops.softmax(found)
    np.testing.assert_allclose(shares[:, -1], np.asarray(wanted)[:, -1], rtol=1e-5)
    assert classifier.model_.loss.get_config()["from_logits"] is True
    assert classifier.score(X, y) > 0.8
    assert np.array_equal(classifier.predict_log_proba(X), np.log(shares))
    assert not hasattr(classifier, "decision_function")


@pytest.mark.parametrize(
    ("model", "loss", "words"),
    [
        (head_of(1), "binary_crossentropy", "activation='sigmoid', a cross-entropy with from_logits=True"),
        (head_of(2), "sparse_categorical_crossentropy", "activation='softmax'.*Received: outputs of <op dense"),
        (stack(2, None, "kl_divergence"), None, "activation='softmax'"),
        (stack(1, "sigmoid", "categorical_crossentropy"), None, "an output per class.*Received: one output"),
    ],
)
def test_cross_entropy_of_what_is_no_probability_is_refused(model, loss, words):
    with pytest.raises(ValueError, match=words):
        Classifier(model, loss=loss, epochs=1).fit(X, WORDS)


def test_probabilities_lie_between_0_and_1():
    several = Classifier(stack(3, "sigmoid", "binary_crossentropy"), epochs=2).fit(X, SIDES)
    np.testing.assert_allclose(several.predict_proba(X).sum(1), 1, rtol=1e-6)
    logits = losses.BinaryCrossentropy(from_logits=True)
    assert Classifier(loss=logits, epochs=1).fit(X, WORDS).model_.layers[-1].activation.__name__ == "linear"
    with pytest.raises(ValueError, match=r"outputs from 0 to 1.*Received: outputs from -"):
        Classifier(head_of(1, "tanh"), epochs=1).fit(X, WORDS).predict_proba(X)
    sure = Classifier(stack(1, "hard_sigmoid", "mse"), epochs=1).fit(X, WORDS)
    assert sure.predict_log_proba(X * 1000).min() == -np.inf


def test_what_outputs_mean_goes_into_pickles():
    classifier = Classifier(loss="hinge", epochs=1).fit(X, WORDS)
    loaded = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(loaded.decision_function(X), classifier.decision_function(X))


def test_older_wrappers_take_the_sign_of_margins():
    model = stack(1, None, "hinge")
    model.set_weights([np.eye(3, 1), np.zeros(1)])
    wrapper = KerasClassifier(model=model, epochs=1).fit(X, WORDS)
    wrapper.model.set_weights(model.get_weights())
    assert wrapper.score(X, WORDS) == 1


# ---------------------------------------------------------------- data of other shapes


def test_images():
    x = np.zeros((40, 6, 6, 1), "uint8")
    y = np.arange(40) % 2
    x[y == 1, :3] = 255

    def convolve(meta):
        kernels = layers.Conv2D(4, 3, activation="relu")
        head = layers.Dense(meta["n_outputs"], meta["output_activation"])
        return fastnn.Sequential(
            [fastnn.Input(meta["input_shape"]), layers.Rescaling(1 / 255), kernels, layers.Flatten(), head]
        )

    classifier = Classifier(convolve, learning_rate=0.02, epochs=20, random_state=0).fit(x, y)
    assert classifier.score(x, y) == 1
    with pytest.raises(ValueError, match="dim 4"):
        Classifier().fit(x, y)


def test_numbers_of_words_stay_whole():
    words = np.array([[16_777_217, 1], [16_777_216, 2]] * 20)  # alike in float32
    y = [0, 1] * 20

    def embed(meta):
        same = layers.Lambda(lambda x: fastnn.ops.cast(x % 2, "float32"))
        return fastnn.Sequential([fastnn.Input((2,), dtype="int32"), same, layers.Dense(1, "sigmoid")])

    assert Classifier(embed, learning_rate=0.2, epochs=30, random_state=0).fit(words, y).score(words, y) == 1


# ---------------------------------------------------------------- training


def test_random_state_repeats_and_leaves_the_process_alone():
    classifier = Classifier(epochs=2, random_state=3)
    config.set_random_seed(5)
    expected = (config.next_seed(), np.random.rand(), float(fastnn.random.uniform(())))
    config.set_random_seed(5)
    first = classifier.fit(X, WORDS).predict_proba(X)
    assert (config.next_seed(), np.random.rand(), float(fastnn.random.uniform(()))) == expected
    assert np.array_equal(clone(classifier).fit(X, WORDS).predict_proba(X), first)
    assert not np.array_equal(clone(classifier).set_params(random_state=4).fit(X, WORDS).predict_proba(X), first)
    source = np.random.RandomState(0)
    one, two = (Classifier(epochs=2, random_state=source).fit(X, WORDS).predict_proba(X) for _ in range(2))
    assert not np.array_equal(one, two)


def test_dropout_repeats_too():
    def drop(meta):
        return fastnn.Sequential([fastnn.Input((3,)), layers.Dropout(0.5), layers.Dense(1)])

    regressor = Regressor(drop, epochs=2, random_state=3)
    assert np.array_equal(regressor.fit(X, NUMBERS).predict(X), regressor.fit(X, NUMBERS).predict(X))


def test_training_goes_on():
    warm = Regressor(epochs=4, warm_start=True, random_state=0).fit(X, NUMBERS)
    model, start = warm.model_, warm.history_["loss"]
    assert warm.fit(X, NUMBERS).history_["loss"][0] < start[0]
    assert warm.model_ is model
    assert int(model.optimizer.iterations) == 16
    parts = Classifier(random_state=0)
    for _ in range(100):
        for rows in np.split(np.arange(60), 3):
            parts.partial_fit(X[rows], WORDS[rows], classes=["right", "left", "nowhere"])
    assert parts.classes_.tolist() == ["left", "nowhere", "right"]
    assert parts.score(X, WORDS) > 0.9


def test_validation_and_callbacks():
    stop = callbacks.EarlyStopping(patience=0, min_delta=10)
    y = np.sort(WORDS)  # the last ones are all of a class
    classifier = Classifier(validation_split=0.2, callbacks=[stop], metrics=["accuracy"], random_state=0).fit(X, y)
    assert {"val_loss", "val_accuracy"} < classifier.history_.keys()
    assert len(classifier.history_["loss"]) == 2
    weighted = Regressor(validation_split=0.2, epochs=2).fit(X, NUMBERS, sample_weight=np.arange(60))
    assert len(weighted.history_["val_loss"]) == 2


def test_weights_of_classes_by_label():
    one_sided = Classifier(class_weight={"left": 0, "right": 1}, epochs=30, random_state=0).fit(X, WORDS)
    assert set(one_sided.predict(X)) == {"right"}
    config.set_random_seed(1)
    balanced = Classifier(class_weight="balanced", epochs=5, random_state=0).fit(X, WORDS)
    share = (WORDS == "left").mean()
    by_hand = Classifier(epochs=5, random_state=0).fit(
        X, WORDS, np.where(WORDS == "left", 0.5 / share, 0.5 / (1 - share))
    )
    np.testing.assert_allclose(balanced.predict_proba(X), by_hand.predict_proba(X), rtol=1e-4)


def test_targets_keep_their_shape():
    both = np.stack([NUMBERS, -NUMBERS], axis=1)
    for y, shape in ((NUMBERS, (60,)), (NUMBERS[:, None], (60, 1)), (both, (60, 2))):
        regressor = Regressor(learning_rate=0.02, epochs=40, random_state=0).fit(X, y)
        assert regressor.predict(X).shape == shape
        assert regressor.score(X, y) > 0.9


def test_columns_have_names():
    import pandas

    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    classifier = Classifier(epochs=1).fit(frame, WORDS)
    assert classifier.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame[["b", "a", "c"]])
