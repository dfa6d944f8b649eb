"""Image layers that draw numbers, words that are looked up: against Keras where nothing is drawn, and by hand."""

import numpy as np
import pytest

import fastnn
from fastnn import layers
from tests.golden import augmentation

GOLDEN = dict(np.load(augmentation.FILE))
LAYERS = augmentation.layers(fastnn)
IMAGES = augmentation.images()


@pytest.mark.parametrize("name", GOLDEN)
def test_without_chance_as_keras(name):
    found = LAYERS[name](IMAGES, training=True).numpy()
    np.testing.assert_allclose(found, GOLDEN[name], rtol=1e-5, atol=1e-5)


def test_nothing_happens_outside_of_training():
    for name, layer in LAYERS.items():
        np.testing.assert_array_equal(layer(IMAGES).numpy(), IMAGES, err_msg=name)


RANDOM = {
    "flip": lambda **a: layers.RandomFlip(**a),
    "rotation": lambda **a: layers.RandomRotation(0.3, **a),
    "translation": lambda **a: layers.RandomTranslation(0.4, (-0.2, 0.4), **a),
    "zoom": lambda **a: layers.RandomZoom((-0.4, 0.1), (0.0, 0.3), **a),
    "crop": lambda **a: layers.RandomCrop(3, 4, **a),
}


@pytest.mark.parametrize("name", RANDOM)
def test_every_image_in_its_own_way_and_repeatably(name):
    same = np.repeat(IMAGES[:1], 16, axis=0)
    first, second = (RANDOM[name](seed=5) for _ in range(2))
    found = first(same, training=True).numpy()
    assert len(np.unique(found.reshape(16, -1), axis=0)) > 1
    np.testing.assert_array_equal(second(same, training=True).numpy(), found)
    assert not np.array_equal(first(same, training=True).numpy(), found)
    turned = RANDOM[name](seed=5, data_format="channels_first")(same.transpose(0, 3, 1, 2), training=True).numpy()
    np.testing.assert_array_equal(turned.transpose(0, 2, 3, 1), found)
    alone = RANDOM[name](seed=5)(IMAGES[0], training=True).numpy()
    assert alone.shape == found.shape[1:]
    again = type(first).from_config(first.get_config())
    np.testing.assert_array_equal(again(same, training=True).numpy(), found)


def test_flips():
    many = np.repeat(IMAGES[:1], 64, axis=0)
    for mode, axes in (("horizontal", [2]), ("vertical", [1])):
        found = layers.RandomFlip(mode, seed=1)(many, training=True).numpy()
        turned = (found == np.flip(many, axes)).all((1, 2, 3))
        kept = (found == many).all((1, 2, 3))
        assert (turned | kept).all()
        assert 16 < turned.sum() < 48


def test_crops_are_parts():
    found = layers.RandomCrop(3, 4, seed=1)(np.repeat(IMAGES[:1], 30, axis=0), training=True).numpy()
    parts = [IMAGES[0, r : r + 3, c : c + 4] for r in range(3) for c in range(4)]
    seen = {next(k for k, part in enumerate(parts) if np.array_equal(part, image)) for image in found}
    assert len(seen) > 5
    assert layers.RandomCrop(3, 4)(IMAGES).shape == (2, 3, 4, 3)
    assert layers.RandomCrop(9, 9)(IMAGES, training=True).shape == (2, 9, 9, 3)


def test_contrast_and_brightness():
    found = layers.RandomContrast((0.5, 0.0), value_range=(0, 1), seed=2)(IMAGES, training=True).numpy()
    centre = IMAGES.mean((1, 2), keepdims=True)
    factor = (found - centre) / (IMAGES - centre)
    for one in factor:
        np.testing.assert_allclose(one, one[0, 0, 0], rtol=1e-3)
        assert 0.5 <= one[0, 0, 0] <= 1
    assert layers.RandomBrightness(1.0, value_range=(0, 1), seed=1)(IMAGES, training=True).numpy().max() <= 1


def test_a_model_draws_anew_in_every_step_and_steps_as_it_fits():
    def model():
        x = fastnn.Input((5, 7, 3))
        h = layers.RandomRotation(0.2, seed=3)(layers.RandomFlip(seed=4)(x))
        y = layers.Dense(1, kernel_initializer="ones")(layers.Flatten()(h))
        m = fastnn.Model(x, y)
        m.compile(optimizer=fastnn.optimizers.SGD(1e-4), loss="mse")
        return m

    targets = np.zeros((2, 1), "float32")
    fitted, stepped = model(), model()
    losses = fitted.fit(IMAGES, targets, epochs=3, verbose=0, shuffle=False).history["loss"]
    assert len(set(losses)) == 3
    stepper = fastnn.Stepper(stepped, IMAGES, targets, in_place=True)
    stepper.train(3)
    for a, b in zip(fitted.get_weights(), stepped.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.RandomFlip("sideways"), "mode"),
        (lambda: layers.RandomRotation((0.2, 0.1)), "factor"),
        (lambda: layers.RandomRotation("much"), "factor"),
        (lambda: layers.RandomRotation(0.1, fill_mode="mirror"), "fill_mode"),
        (lambda: layers.RandomRotation(0.1, interpolation="cubic"), "interpolation"),
        (lambda: layers.RandomZoom(2.0), "height_factor"),
        (lambda: layers.RandomTranslation(0.1, -3), "width_factor"),
        (lambda: layers.RandomCrop(0, 3), "height"),
        (lambda: layers.RandomContrast(-1), "factor"),
        (lambda: layers.RandomBrightness(0.1, value_range=3j), "value_range"),
        (lambda: layers.RandomFlip()(np.zeros((2, 3))), "rank 3 or 4"),
        (lambda: layers.RandomFlip(seed=-1), "seed"),
    ],
)
def test_wrong_arguments_of_image_layers(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---------------------------------------------------------------- statistics and words


def test_statistics_of_data():
    x = np.random.RandomState(1).normal(3, 2, (40, 3)).astype("float32")
    layer = layers.Normalization()
    layer.adapt(x)
    np.testing.assert_allclose(layer(x).numpy(), (x - x.mean(0)) / x.std(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.mean, x.mean(0, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(layer.variance, x.var(0, keepdims=True), rtol=1e-4)
    batched = layers.Normalization()
    batched.adapt(fastnn.data.Dataset.from_tensor_slices(x).batch(7))
    np.testing.assert_allclose(batched(x).numpy(), layer(x).numpy(), rtol=1e-4, atol=1e-5)
    assert [w.shape for w in layer.weights] == [(3,), (3,), ()]
    bins = layers.Discretization(num_bins=4)
    bins.adapt(x)
    np.testing.assert_allclose(np.bincount(np.ravel(bins(x)))[1:-1] / x.size, 0.25, atol=0.05)
    with pytest.raises(ValueError, match="data to adapt to"):
        layers.Normalization().adapt(iter(()))


def test_look_up_of_strings():
    layer = layers.StringLookup(vocabulary=["a", "b", "c"])
    assert layer([["a", "z"], ["c", "b"]]).numpy().tolist() == [[1, 0], [3, 2]]
    assert layer.get_vocabulary() == ["[UNK]", "a", "b", "c"]
    masked = layers.StringLookup(vocabulary=["a", "b"], mask_token="")
    assert masked(["", "b", "?"]).numpy().tolist() == [0, 3, 1]
    rows = layers.StringLookup(vocabulary=["a", "b", "c"], mask_token="", output_mode="multi_hot")
    assert rows([["a", "z"], ["c", ""]]).numpy().tolist() == [[1, 1, 0, 0], [0, 0, 0, 1]]
    learnt = layers.StringLookup(output_mode="count")
    learnt.adapt(["b", "a", "b", "c", "c"])
    assert learnt.get_vocabulary() == ["[UNK]", "c", "b", "a"]
    assert learnt([["a", "z"], ["c", "c"]]).numpy().tolist() == [[1, 0, 0, 1], [0, 2, 0, 0]]
    back = layers.StringLookup(vocabulary=["a", "b"], invert=True)
    assert back([0, 1, 2]).tolist() == ["[UNK]", "a", "b"]
    weighted = layers.StringLookup(vocabulary=["a", "b"], idf_weights=[0.5, 1.5], output_mode="tf_idf")
    np.testing.assert_allclose(weighted([["a", "a", "z"]]).numpy(), [[1.0, 1.0, 0.0]])
    again = layers.StringLookup.from_config(learnt.get_config())
    assert again.get_vocabulary() == learnt.get_vocabulary()
    with pytest.raises(ValueError, match="words of the vocabulary only"):
        layers.StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"])
    with pytest.raises(ValueError, match="every word of the vocabulary once"):
        layers.StringLookup(vocabulary=["a", "a"])
    with pytest.raises(ValueError, match="a symbolic tensor"):
        layer(fastnn.Input((2,)))
    with pytest.raises(ValueError, match="a call of `adapt`"):
        layers.StringLookup()(["a"])


def test_look_up_of_integers():
    layer = layers.IntegerLookup()
    layer.adapt([5, 5, 7, 7, 7, 1])
    assert layer.get_vocabulary() == [-1, 7, 5, 1]
    assert layer([5, 7, 1, 99]).numpy().tolist() == [2, 1, 3, 0]
    buckets = layers.IntegerLookup(vocabulary=[12, 5], num_oov_indices=2)
    assert buckets([12, 5, 7, 8]).numpy().tolist() == [2, 3, 1, 0]


TEXTS = ["The cat sat on the mat.", "the dog; the END"]


def test_texts():
    layer = layers.TextVectorization()
    layer.adapt(TEXTS)
    assert layer.get_vocabulary() == ["", "[UNK]", "the", "sat", "on", "mat", "end", "dog", "cat"]
    assert layer(["the cat flew", "dog on the mat"]).numpy().tolist() == [[2, 8, 1, 0], [7, 4, 2, 5]]
    pairs = layers.TextVectorization(ngrams=2, output_mode="count", pad_to_max_tokens=True, max_tokens=12)
    pairs.adapt(["a b c", "b c d"])
    assert pairs.get_vocabulary()[:4] == ["[UNK]", "c", "b c", "b"]
    assert pairs(["b c"]).numpy().tolist() == [[0, 1, 1, 1] + [0] * 8]
    letters = layers.TextVectorization(split="character", standardize="lower", output_sequence_length=4)
    letters.adapt(["Ab c", "b c"])
    assert letters(["b", "abcabc"]).numpy().shape == (2, 4)
    own = layers.TextVectorization(standardize=str.upper, split=lambda s: s.split("-"), vocabulary=["A", "B"])
    assert own("b-a-c").numpy().tolist() == [3, 2, 1]
    with pytest.raises(ValueError, match="standardize"):
        layers.TextVectorization(standardize="upper")
    with pytest.raises(ValueError, match="output_sequence_length"):
        layers.TextVectorization(output_mode="count", output_sequence_length=3)
