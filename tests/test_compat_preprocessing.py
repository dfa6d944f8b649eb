"""Text, sequences and images as older scripts prepare them; estimators around models."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn.compat.preprocessing.image import ImageDataGenerator
from fastnn.compat.preprocessing.sequence import TimeseriesGenerator, make_sampling_table, skipgrams
from fastnn.compat.preprocessing.text import Tokenizer, one_hot, text_to_word_sequence, tokenizer_from_json
from fastnn.compat.wrappers import KerasClassifier, KerasRegressor
from fastnn.utils import array_to_img, img_to_array, load_img, normalize, pad_sequences, save_img

TEXTS = ["The cat sat on the mat.", "The dog ate my homework; the dog!"]


def test_today_s_and_yesterday_s_paths_lead_to_the_same_functions():
    from fastnn.preprocessing import sequence
    from fastnn.preprocessing.sequence import pad_sequences as same

    assert same is pad_sequences is sequence.pad_sequences
    sys.modules.pop("fastnn.preprocessing.text", None)
    with pytest.warns(DeprecationWarning, match="preprocessing.text"):
        from fastnn.preprocessing.text import Tokenizer as Old
    assert Old is Tokenizer


# ---------------------------------------------------------------- text


def test_words_and_their_numbers():
    assert text_to_word_sequence(TEXTS[0]) == ["the", "cat", "sat", "on", "the", "mat"]
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(TEXTS)
    assert tokenizer.word_index == {
        "the": 1, "dog": 2, "cat": 3, "sat": 4, "on": 5, "mat": 6, "ate": 7, "my": 8, "homework": 9,
    }  # fmt: skip
    assert tokenizer.texts_to_sequences(["the mat ate a cat"]) == [[1, 6, 7, 3]]
    assert tokenizer.sequences_to_texts([[1, 3]]) == ["the cat"]
    assert tokenizer.document_count == 2
    assert dict(tokenizer.word_docs)["the"] == 2


def test_unknown_and_rare_words():
    tokenizer = Tokenizer(num_words=4, oov_token="<unknown>")
    tokenizer.fit_on_texts(TEXTS)
    assert tokenizer.word_index["<unknown>"] == 1
    assert tokenizer.texts_to_sequences(["the dog flew home on the cat"]) == [[2, 3, 1, 1, 1, 2, 1]]
    assert Tokenizer(char_level=True).words("Ab") == ["a", "b"]


def test_matrices_of_texts():
    tokenizer = Tokenizer(num_words=4)
    tokenizer.fit_on_texts(TEXTS)
    np.testing.assert_array_equal(tokenizer.texts_to_matrix(TEXTS), [[0, 1, 0, 1], [0, 1, 1, 0]])
    np.testing.assert_array_equal(tokenizer.texts_to_matrix(TEXTS, mode="count"), [[0, 2, 0, 1], [0, 2, 2, 0]])
    shares = tokenizer.texts_to_matrix(TEXTS, mode="freq")
    np.testing.assert_allclose(shares[1], [0, 0.5, 0.5, 0])
    weighed = tokenizer.texts_to_matrix(TEXTS, mode="tfidf")
    assert weighed[0, 1] == pytest.approx((1 + np.log(2)) * np.log(1 + 2 / 3))
    copy = tokenizer_from_json(tokenizer.to_json())
    np.testing.assert_array_equal(copy.texts_to_matrix(TEXTS, mode="tfidf"), weighed)


def test_hashed_words_are_the_same_in_every_run():
    numbers = one_hot("the cat saw the dog", 100)
    assert numbers == [87, 37, 31, 87, 34] or (numbers[0] == numbers[3] and all(1 <= n < 100 for n in numbers))


# ---------------------------------------------------------------- sequences


def test_padding_and_cutting():
    rows = [[1, 2, 3], [4], []]
    assert pad_sequences(rows).tolist() == [[1, 2, 3], [0, 0, 4], [0, 0, 0]]
    assert pad_sequences(rows, maxlen=2).tolist() == [[2, 3], [0, 4], [0, 0]]
    after = pad_sequences(rows, maxlen=2, padding="post", truncating="post", value=-1)
    assert after.tolist() == [[1, 2], [4, -1], [-1, -1]]
    assert pad_sequences([np.ones((2, 3)), np.ones((1, 3))], dtype="float32").shape == (2, 2, 3)


def test_stretches_of_a_series():
    data = np.arange(20).reshape(10, 2)
    batches = TimeseriesGenerator(data, np.arange(10), length=4, sampling_rate=2, batch_size=3)
    assert len(batches) == 2
    x, y = batches[0]
    assert x[:, :, 0].tolist() == [[0, 4], [2, 6], [4, 8]]
    assert y.tolist() == [4, 5, 6]
    assert TimeseriesGenerator(data, np.arange(10), length=2, reverse=True)[0][0][0, :, 0].tolist() == [2, 0]


def test_pairs_of_near_words():
    couples, labels = skipgrams([1, 2, 3], 4, window_size=1, negative_samples=0.0, shuffle=False)
    assert couples == [[1, 2], [2, 1], [2, 3], [3, 2]]
    assert labels == [1] * 4
    more, mixed = skipgrams([1, 2, 3], 4, window_size=1, seed=3)
    assert len(more) == 8
    assert sorted(mixed) == [0] * 4 + [1] * 4
    assert (np.diff(make_sampling_table(50)[1:]) > 0).all()


# ---------------------------------------------------------------- images


def test_arrays_and_images(tmp_path):
    pytest.importorskip("PIL", reason="the images extra (pillow) is not installed")
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 3)).astype("float32")
    save_img(tmp_path / "a.png", pixels, scale=False)
    np.testing.assert_array_equal(img_to_array(load_img(tmp_path / "a.png")), pixels)
    assert img_to_array(load_img(tmp_path / "a.png", "grayscale", (10, 8))).shape == (10, 8, 1)
    assert img_to_array(array_to_img(pixels), "channels_first").shape == (3, 5, 4)
    (tmp_path / "b.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"b\.png"):
        load_img(tmp_path / "b.png")
    np.testing.assert_allclose(normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])


def test_an_image_is_written_aside(tmp_path, monkeypatch):
    """Who stops while a picture is written leaves the one that was there."""
    place, pixels = tmp_path / "a.png", np.full((4, 4, 3), 90.0)
    save_img(place, pixels, scale=False)
    before = place.read_bytes()

    def stop(self, file, **_):
        file.write(b"half") if hasattr(file, "write") else Path(file).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("PIL.Image.Image.save", stop)
        with pytest.raises(KeyboardInterrupt):
            save_img(place, pixels + 9, scale=False)
    assert place.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    stream = io.BytesIO()
    save_img(stream, pixels, scale=False, file_format="png")
    assert stream.getvalue() == before
    save_img(str(tmp_path / "b.any"), pixels, scale=False, file_format="PNG")
    assert (tmp_path / "b.any").read_bytes() == before
    for name in ("a.any", "a"):
        with pytest.raises(ValueError, match="ending of a format"):
            save_img(tmp_path / name, pixels)


def test_images_in_folders(tmp_path):
    pytest.importorskip("PIL", reason="the images extra (pillow) is not installed")
    for k, name in enumerate(("cats", "dogs")):
        (tmp_path / name).mkdir()
        for i in range(3):
            save_img(tmp_path / name / f"{i}.png", np.full((6, 6, 3), 50.0 * (k + 1)), scale=False)
    batches = ImageDataGenerator(rescale=1 / 255).flow_from_directory(
        tmp_path, target_size=(4, 4), batch_size=4, shuffle=False
    )
    x, y = next(batches)
    assert x.shape == (4, 4, 4, 3)
    assert y.argmax(-1).tolist() == [0, 0, 0, 1]
    assert batches.class_indices == {"cats": 0, "dogs": 1}
    with pytest.raises(ValueError, match="images in folders"):
        ImageDataGenerator().flow_from_directory(tmp_path / "cats")


def test_changed_images_train_a_model():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 6, 6, 1)).astype("float32")
    y = (x.mean((1, 2, 3)) > 0).astype("float32")
    generator = ImageDataGenerator(
        rotation_range=10, width_shift_range=0.1, zoom_range=0.1, horizontal_flip=True, featurewise_center=True
    )
    with pytest.raises(ValueError, match="fit"):
        next(generator.flow(x, y))
    generator.fit(x)
    model = fastnn.Sequential([fastnn.Input((6, 6, 1)), fastnn.layers.Flatten(), fastnn.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    history = model.fit(generator.flow(x, y, batch_size=8, seed=1), epochs=2, verbose=0).history
    assert len(history["loss"]) == 2
    assert np.isfinite(history["loss"]).all()


def test_moving_images_by_whole_pixels_and_mirroring_them():
    image = np.zeros((1, 5, 5, 1), "float32")
    image[0, 2, 1] = 1
    flipped = {float(ImageDataGenerator(horizontal_flip=True).random_transform(image[0], s)[2, 3, 0]) for s in range(9)}
    assert flipped == {0.0, 1.0}
    turned = ImageDataGenerator(rotation_range=90)
    assert turned.random_transform(np.ones((5, 5, 1)), 0) == pytest.approx(1.0)
    plain = ImageDataGenerator(rescale=2.0).flow(image, batch_size=1)
    np.testing.assert_array_equal(next(plain), 2 * image)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: pad_sequences([[1]], padding="left"), "padding"),
        (lambda: pad_sequences([1, 2]), "sequences"),
        (lambda: pad_sequences([[1]], maxlen=0), "maxlen"),
        (lambda: one_hot("a", 1), "n to be"),
        (lambda: Tokenizer(num_words="many"), "num_words"),
        (lambda: Tokenizer().sequences_to_matrix([[1]]), "num_words"),
        (lambda: Tokenizer(num_words=3).sequences_to_matrix([[1]], mode="sum"), "mode"),
        (lambda: tokenizer_from_json("{}"), "to_json"),
        (lambda: TimeseriesGenerator([1, 2], [1, 2], length=5), "length=5"),
        (lambda: ImageDataGenerator(fill_mode="mirror"), "fill_mode"),
        (lambda: ImageDataGenerator(zoom_range=1.5), "zoom_range"),
        (lambda: ImageDataGenerator().flow(np.ones((2, 3))), "images of shape"),
        (lambda: ImageDataGenerator().flow(np.ones((2, 3, 3, 1)), [1]), "targets"),
        (lambda: img_to_array(np.ones(3)), "axes"),
        (lambda: KerasClassifier(), "build_fn"),
        (lambda: KerasClassifier(build_fn=build, unitz=3), "units"),
        (lambda: KerasClassifier(build_fn=build).predict([[0.0, 1.0]]), "fitted"),
    ],
)
def test_what_does_not_fit_is_refused(act, message):
    with pytest.raises(ValueError, match=message):
        act()


# ---------------------------------------------------------------- estimators


def build(units=4, classes=2):
    model = fastnn.Sequential([fastnn.Input((2,)), fastnn.layers.Dense(units, "tanh")])
    model.add(fastnn.layers.Dense(classes, "softmax"))
    model.compile(fastnn.optimizers.Adam(0.1), "sparse_categorical_crossentropy")
    return model


def line(units=4):
    model = fastnn.Sequential([fastnn.Input((2,)), fastnn.layers.Dense(units, "tanh"), fastnn.layers.Dense(1)])
    model.compile(fastnn.optimizers.Adam(0.1), "mse")
    return model


X = np.random.default_rng(1).normal(size=(40, 2))


def test_a_classifier_of_words():
    y = np.where(X[:, 0] > 0, "right", "left")
    classifier = KerasClassifier(build_fn=build, units=6, epochs=30, batch_size=10).fit(X, y)
    assert classifier.score(X, y) > 0.9
    assert classifier.classes_.tolist() == ["left", "right"]
    np.testing.assert_allclose(classifier.predict_proba(X).sum(-1), 1, rtol=1e-5)
    assert set(classifier.predict(X)) <= {"left", "right"}


def test_a_regressor_and_its_parameters():
    y = X @ [1.0, -0.5]
    regressor = KerasRegressor(build_fn=line, epochs=60, batch_size=10)
    assert regressor.fit(X, y).score(X, y) > 0.8
    assert regressor.predict(X).shape == (40,)
    assert regressor.get_params()["epochs"] == 60
    assert regressor.set_params(units=9).sk_params["units"] == 9
    copy = type(regressor)(**regressor.get_params())
    assert copy.get_params() == regressor.get_params()


def test_a_compiled_model_is_an_estimator_too():
    y = (X[:, 0] > 0).astype(int)
    model = build()
    before = [w.copy() for w in model.get_weights()]
    KerasClassifier(model=model, epochs=2).fit(X, y)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_scikit_learn_searches_and_validates_them():
    selection = pytest.importorskip("sklearn.model_selection", reason="the sklearn extra is not installed")
    pipeline, preprocessing = (pytest.importorskip(f"sklearn.{n}") for n in ("pipeline", "preprocessing"))
    y = (X[:, 0] > 0).astype(int)
    classifier = KerasClassifier(build_fn=build, epochs=20, batch_size=10, verbose=0)
    assert selection.cross_val_score(classifier, X, y, cv=2).min() > 0.7
    search = selection.GridSearchCV(classifier, {"units": [1, 8], "epochs": [1, 20]}, cv=2).fit(X, y)
    assert search.best_params_["epochs"] == 20
    assert search.best_estimator_.predict(X).shape == (40,)
    whole = pipeline.make_pipeline(preprocessing.StandardScaler(), KerasRegressor(build_fn=line, epochs=40, verbose=0))
    assert whole.fit(100 * X, X @ [1.0, -0.5]).score(100 * X, X @ [1.0, -0.5]) > 0.5
