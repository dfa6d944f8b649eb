"""Published networks: the same layers, weights and results as in Keras, and files of weights that go both ways."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import applications, layers
from fastnn.applications import assembling, imagenet_utils
from fastnn.compat.modules import other_libraries
from tests.golden import applications as cases

GOLDEN = Path(__file__).parent / "golden"
ALL = [*cases.SMALL, *(pytest.param(name, marks=pytest.mark.full) for name in cases.LARGE)]


@pytest.fixture(scope="module")
def golden():
    return dict(np.load(GOLDEN / "applications.npz"))


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory):
    """The file of weights that real Keras has written into its .keras file."""
    with zipfile.ZipFile(GOLDEN / "mobilenet.keras") as archive:
        return archive.extract("model.weights.h5", tmp_path_factory.mktemp("weights"))


def near(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def small_net(**arguments):
    network, given = cases.KEPT
    return getattr(applications, network)(**{"weights": None, **given, **arguments})


def predicted(model):
    return model.predict(cases.pictures(cases.KEPT[1]["input_shape"]), verbose=0)


# ---------------------------------------------------------------- as in Keras


@pytest.mark.parametrize("name", ALL)
def test_layers_weights_and_predictions_are_those_of_keras(name, golden):
    network, arguments = cases.CASES[name]
    fastnn.utils.clear_session()
    model = cases.made(applications, network, arguments)
    assert cases.listing(model) == golden[f"{name}/layers"].tolist()
    near(model.predict(cases.pictures(arguments["input_shape"]), verbose=0), golden[f"{name}/outputs"])


@pytest.mark.parametrize(
    ("network", "count"),
    [
        ("ResNet50", 25_636_712), ("MobileNet", 4_253_864),
        *(pytest.param(*x, marks=pytest.mark.full)
          for x in (("InceptionV3", 23_851_784), ("VGG16", 138_357_544), ("VGG19", 143_667_240))),
    ],
)  # fmt: skip
def test_whole_networks_have_so_many_weights(network, count):
    model = getattr(applications, network)(weights=None)
    assert (model.count_params(), model.output_shape) == (count, (None, 1000))
    assert model.layers[-1].get_config()["activation"] == "softmax"


@pytest.mark.parametrize("pooling", [None, "avg", "max"])
def test_features_of_pictures_of_any_size(pooling):
    model = small_net(include_top=False, input_shape=None, pooling=pooling)
    assert model.output_shape == ((None, None, None, 64) if pooling is None else (None, 64))
    found = model.predict(np.zeros((1, 64, 96, 3), np.float32), verbose=0)
    assert found.shape == ((1, 2, 3, 64) if pooling is None else (1, 64))


def test_a_network_goes_on_from_a_tensor():
    x = layers.Input((32, 32, 3), name="bytes")
    model = applications.MobileNet(weights=None, alpha=0.25, input_tensor=layers.Rescaling(1 / 255)(x), classes=4)
    assert model.layers[0].name == "bytes"
    assert model.input_shape == (None, 32, 32, 3)
    assert model.predict(np.zeros((2, 32, 32, 3)), verbose=0).shape == (2, 4)


# ---------------------------------------------------------------- files of weights


@pytest.mark.parametrize("name", ["mobilenet.keras", "mobilenet_published.h5", "weights"])
def test_weights_that_keras_has_written(name, golden, weights_file):
    path = weights_file if name == "weights" else GOLDEN / name
    near(predicted(small_net(weights=path)), golden["kept/outputs"])
    model = small_net()
    assert np.abs(predicted(model) - golden["kept/outputs"]).max() > 0.01
    model.load_weights(path)
    near(predicted(model), golden["kept/outputs"])


def test_a_whole_model_that_keras_has_written(golden):
    near(predicted(fastnn.models.load_model(GOLDEN / "mobilenet.keras")), golden["kept/outputs"])


def test_models_that_scale_pictures_and_end_in_a_model_within(golden, tmp_path):
    fastnn.utils.clear_session()
    made, read = cases.scaled_inside(fastnn), fastnn.models.load_model(GOLDEN / "scaled_inside.keras")
    for name in ("again.keras", "again.h5"):
        read.save(tmp_path / name)
    for model in (made, read, *(fastnn.models.load_model(tmp_path / name) for name in ("again.keras", "again.h5"))):
        for i, found in enumerate(model.predict(cases.bytes_of_pictures(), verbose=0)):
            near(found, golden[f"inside/{i}"])


@pytest.mark.parametrize("ending", ["net.keras", "net.weights.h5", "net.h5"])
def test_saved_and_loaded(ending, tmp_path):
    model = small_net()
    (model.save_weights if "weights" in ending else model.save)(tmp_path / ending)
    np.testing.assert_array_equal(predicted(small_net(weights=tmp_path / ending)), predicted(model))


def test_layers_are_found_by_their_names():
    """A trunk inside another model, with layers in front that the file does not know."""
    path = GOLDEN / "mobilenet_published.h5"
    x = layers.Input((32, 32, 3))
    x = layers.Conv2D(3, 1, name="colours")(x)
    model = small_net(include_top=False, input_tensor=x, input_shape=None, pooling="avg")
    expected = small_net(weights=path)
    with pytest.raises(ValueError, match=r"Expected 2 weights for layer 'colours'.*Received: 1"):
        model.load_weights(path)
    kept = model.get_layer("colours").get_weights()
    model.load_weights(path, by_name=True)
    for layer in model.layers:
        there = (
            kept if layer.name == "colours" else expected.get_layer(layer.name).get_weights() if layer.weights else []
        )
        assert all(np.array_equal(a, b) for a, b in zip(layer.get_weights(), there, strict=True))


@pytest.mark.parametrize("kind", ["older", "newer"])
def test_another_number_of_classes_is_passed_over_if_asked_for(kind, weights_file):
    path = GOLDEN / "mobilenet_published.h5" if kind == "older" else weights_file
    model, whole = small_net(classes=5), small_net(weights=path)
    before = model.get_layer("conv_preds").get_weights()
    with pytest.raises(ValueError, match=r"Expected 'conv_preds/kernel' of shape \(1, 1, 64, 5\)"):
        model.load_weights(path)
    with pytest.warns(UserWarning, match="Passed over: Expected 'conv_preds/"):
        model.load_weights(path, skip_mismatch=True)
    for a, b in zip(before, model.get_layer("conv_preds").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for name in ("conv1", "conv_dw_13", "conv_pw_13_bn"):
        for a, b in zip(model.get_layer(name).get_weights(), whole.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


# ---------------------------------------------------------------- published weights, served from a folder


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A function that serves a file in place of the published one of that name."""
    monkeypatch.setenv("FASTNN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(assembling, "SITE", (tmp_path / "site").as_uri() + "/")

    def serve(path, folder, name):
        (tmp_path / "site" / folder).mkdir(parents=True)
        shutil.copyfile(path, tmp_path / "site" / folder / name)

    return serve


def test_published_weights_are_downloaded(published, tmp_path):
    whole = applications.MobileNet((128, 128, 3), alpha=0.25, weights=None, include_top=False)
    whole.save(tmp_path / "weights.h5")
    published(tmp_path / "weights.h5", "mobilenet", "mobilenet_2_5_128_tf_no_top.h5")
    model = applications.MobileNet((128, 128, 3), alpha=0.25, include_top=False)
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [p.name for p in (tmp_path / "home" / "models").iterdir()] == ["mobilenet_2_5_128_tf_no_top.h5"]


def test_published_weights_with_another_hash_are_refused(published):
    published(GOLDEN / "mobilenet_published.h5", "vgg16", "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5")
    with pytest.raises(ValueError, match="6d6bbae143d832006294945121d1f1fc"):
        applications.VGG16(include_top=False)


def test_weights_for_other_sizes_are_those_for_224(published):
    with pytest.warns(UserWarning, match="those for 224 are taken"), pytest.raises(OSError, match="2_5_224_tf_no_top"):
        applications.MobileNet((40, 40, 3), alpha=0.25, include_top=False)


# ---------------------------------------------------------------- arguments that do not fit


@pytest.mark.parametrize(
    ("network", "given", "message"),
    [
        ("VGG16", {"classes": 10}, "Expected classes=1000 with weights='imagenet'.*Received: classes=10"),
        ("VGG19", {"weights": "imagnet"}, "Expected weights to be None.*Received: weights='imagnet'"),
        ("VGG16", {"weights": 3}, "Received: weights=3"),
        ("VGG16", {"input_shape": (200, 200, 3)}, r"Expected input_shape=\(224, 224, 3\).*Received"),
        ("InceptionV3", {"input_shape": (224, 224, 3)}, r"Expected input_shape=\(299, 299, 3\).*Received"),
        ("VGG16", {"input_shape": (64, 64, 1), "include_top": False}, "Expected 3 channels"),
        ("ResNet50", {"input_shape": (31, 32, 3), "weights": None}, "Expected pictures of at least 32 x 32"),
        ("InceptionV3", {"input_shape": (75, 74, 3), "weights": None}, "Expected pictures of at least 75 x 75"),
        ("ResNet50", {"input_shape": (None, 32, 3), "weights": None}, "Expected a fixed input_shape"),
        ("ResNet50", {"input_shape": (32, 32), "weights": None}, r"Expected input_shape to be \(height"),
        ("MobileNet", {"input_shape": 32, "weights": None}, r"Expected input_shape to be \(height"),
        ("MobileNet", {"input_shape": (32.0, 32, 3), "weights": None}, r"Expected input_shape to be \(height"),
        ("MobileNet", {"weights": None, "include_top": False, "pooling": "mean"}, "Expected pooling"),
        ("MobileNet", {"weights": None, "input_tensor": np.zeros((1, 32, 32, 3))}, "Expected input_tensor"),
        ("MobileNet", {"alpha": 0.3}, r"Expected depth_multiplier=1 and alpha to be one of \(0.25"),
        ("MobileNet", {"depth_multiplier": 2}, "Received: depth_multiplier=2"),
        ("MobileNet", {"alpha": "wide", "weights": None}, "Expected alpha"),
        ("MobileNet", {"alpha": float("inf"), "weights": None}, "Expected alpha"),
        ("ResNet50", {"classifier_activation": "relu"}, "Expected classifier_activation to be None or 'softmax'"),
        ("ResNet50", {"classes": 0, "weights": None, "input_shape": (32, 32, 3)}, "classes|units"),
    ],
)
def test_arguments_that_do_not_fit(network, given, message):
    with pytest.raises(ValueError, match=message):
        getattr(applications, network)(**given)


def test_unusual_numbers_of_channels_are_told_of():
    with pytest.warns(UserWarning, match="Expected 1 or 3 channels"):
        small_net(input_shape=(32, 32, 5))


def test_layouts_other_than_channels_last_are_refused():
    fastnn.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match="Expected image_data_format 'channels_last'"):
            small_net()
    finally:
        fastnn.config.set_image_data_format("channels_last")


def test_a_file_of_another_network_is_refused():
    with pytest.raises(ValueError, match="Expected 13 layers with weights"):
        applications.VGG16(False, GOLDEN / "mobilenet_published.h5", input_shape=(32, 32, 3))


# ---------------------------------------------------------------- pictures in, names of classes out

PIXEL = {  # of red 10, green 100, blue 200
    "caffe": (200 - 103.939, 100 - 116.779, 10 - 123.68),
    "tf": (10 / 127.5 - 1, 100 / 127.5 - 1, 200 / 127.5 - 1),
    "torch": ((10 / 255 - 0.485) / 0.229, (100 / 255 - 0.456) / 0.224, (200 / 255 - 0.406) / 0.225),
}


@pytest.mark.parametrize("kind", ["float32", "float64", "uint8", "tensor", "symbolic"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("mode", imagenet_utils.MODES)
def test_pixels_are_scaled(mode, data_format, kind):
    x = np.broadcast_to(np.array([10, 100, 200]), (2, 4, 5, 3))
    expected = np.broadcast_to(np.array(PIXEL[mode]), x.shape)
    if data_format == "channels_first":
        x, expected = np.moveaxis(x, -1, 1), np.moveaxis(expected, -1, 1)
    x = x.astype(kind if kind[-1].isdigit() else "float32")
    if kind == "symbolic":
        symbol = layers.Input(x.shape[1:])
        model = fastnn.Model(symbol, imagenet_utils.preprocess_input(symbol, data_format, mode))
        found = model.predict(x, verbose=0)
    else:
        given = fastnn.Tensor(x) if kind == "tensor" else x
        found = imagenet_utils.preprocess_input(given, data_format, mode)
        assert isinstance(found, type(given))
        assert str(found.dtype) == (kind if kind == "float64" else "float32")
        alone = imagenet_utils.preprocess_input(given[0], data_format, mode)
        np.testing.assert_allclose(np.asarray(alone), expected[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5, atol=1e-5)


def test_each_network_has_its_scaling_and_leaves_what_is_given():
    x = np.full((1, 1, 1, 3), (10, 100, 200), np.float32)
    for module, mode in [("vgg16", "caffe"), ("vgg19", "caffe"), ("resnet", "caffe"), ("resnet50", "caffe"),
                         ("inception_v3", "tf"), ("mobilenet", "tf")]:  # fmt: skip
        found = getattr(applications, module).preprocess_input(x)
        np.testing.assert_allclose(found[0, 0, 0], PIXEL[mode], rtol=1e-5)
    np.testing.assert_array_equal(x[0, 0, 0], (10, 100, 200))


@pytest.mark.parametrize(
    ("shape", "given", "message"),
    [
        ((2, 2, 3), {"mode": "theano"}, "Expected mode to be one of"),
        ((2, 2, 3), {"data_format": "last"}, "Expected data_format to be one of"),
        ((2, 2, 4), {}, r"Expected pictures with 3 channels \(channels_last\)"),
        ((2, 3), {"mode": "tf"}, "Expected pictures"),
        ((2, 2, 3), {"data_format": "channels_first"}, r"3 channels \(channels_first\)"),
    ],
)
def test_pictures_that_cannot_be_scaled(shape, given, message):
    with pytest.raises(ValueError, match=message):
        imagenet_utils.preprocess_input(np.zeros(shape), **given)


def test_predictions_are_told_by_name(tmp_path, monkeypatch):
    names = tmp_path / "index.json"
    names.write_text(json.dumps({str(i): [f"n{i:08}", f"thing_{i}"] for i in range(1000)}))
    known = {"origin": names.as_uri(), "file_hash": hashlib.md5(names.read_bytes()).hexdigest()}
    monkeypatch.setattr(imagenet_utils, "CLASS_INDEX", {"fname": "imagenet_class_index.json", **known})
    monkeypatch.setenv("FASTNN_HOME", str(tmp_path / "home"))
    chances = np.zeros((2, 1000), np.float32)
    chances[0, [3, 5, 999]] = 0.2, 0.5, 0.3
    chances[1, 7] = 1
    found = applications.vgg16.decode_predictions(chances, top=3)
    assert [x[:2] for x in found[0]] == [
        ("n00000005", "thing_5"), ("n00000999", "thing_999"), ("n00000003", "thing_3"),
    ]  # fmt: skip
    assert [x[2] for x in found[0]] == [np.float32(x) for x in (0.5, 0.3, 0.2)]
    assert found[1][0] == ("n00000007", "thing_7", 1.0)
    assert [len(x) for x in applications.mobilenet.decode_predictions(fastnn.Tensor(chances))] == [5, 5]


@pytest.mark.parametrize("shape", [(1000,), (1, 999), (1, 1, 1000)])
def test_predictions_of_other_shapes(shape):
    with pytest.raises(ValueError, match=r"Expected predictions of shape \(samples, 1000\)"):
        imagenet_utils.decode_predictions(np.zeros(shape))


@pytest.mark.parametrize("top", [0, 1.5, True])
def test_tops_that_are_no_counts(top):
    with pytest.raises(ValueError, match="Expected top"):
        imagenet_utils.decode_predictions(np.zeros((1, 1000)), top)


# ---------------------------------------------------------------- going on with a trained network


def test_features_of_several_layers():
    vgg = applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    names = ["block1_conv2", "block3_conv3", "block5_pool"]
    x = cases.pictures((32, 32, 3))
    found = fastnn.Model(vgg.input, [vgg.get_layer(name).output for name in names]).predict(x, verbose=0)
    assert [f.shape for f in found] == [(2, 32, 32, 64), (2, 8, 8, 256), (2, 1, 1, 512)]
    np.testing.assert_allclose(found[-1], vgg.predict(x, verbose=0), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("nested", [True, False])
def test_a_frozen_trunk_keeps_weights_and_statistics_and_runs_as_in_inference(nested):
    trunk = small_net(weights=GOLDEN / "mobilenet_published.h5")
    trunk = fastnn.Model(trunk.input, trunk.get_layer("conv_pw_13_relu").output, name="trunk")
    trunk.trainable = False
    x = layers.Input((32, 32, 3))
    features = layers.GlobalAveragePooling2D()(trunk(x) if nested else trunk.output)
    model = fastnn.Model(x if nested else trunk.input, layers.Dense(2, name="head")(features))
    model.compile(fastnn.optimizers.SGD(0.5), "mse")
    before, head = trunk.get_weights(), model.get_layer("head").get_weights()
    pictures = cases.pictures((32, 32, 3))
    assert [w.path for w in model.trainable_weights] == ["head/kernel", "head/bias"]
    in_training = np.asarray(trunk(pictures, training=True))
    np.testing.assert_allclose(in_training, trunk.predict(pictures, verbose=0), rtol=1e-4, atol=1e-6)
    model.fit(pictures, np.ones((2, 2)), epochs=2, verbose=0)
    for a, b in zip(before, trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(head[0], model.get_layer("head").get_weights()[0])


def test_fine_tuning_changes_the_last_block_alone():
    model = small_net(weights=GOLDEN / "mobilenet_published.h5")
    for layer in model.layers:
        layer.trainable = layer.name.startswith(("conv_pw_13", "conv_preds"))
    before = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(cases.pictures((32, 32, 3)), np.array([1, 4]), epochs=1, verbose=0)
    changed = {n for n, kept in before.items() if not all(map(np.array_equal, kept, model.get_layer(n).get_weights()))}
    assert changed == {"conv_pw_13", "conv_pw_13_bn", "conv_preds"}


def test_fine_tuning_leads_where_it_leads_in_keras(golden):
    assert np.abs(golden["tuned/outputs"] - golden["kept/outputs"]).max() > 0.1
    near(cases.tuned(fastnn), golden["tuned/outputs"])


def test_names_and_paths_of_keras():
    with other_libraries():
        import keras
        from tensorflow.keras.applications import VGG16
        from tensorflow.keras.applications.inception_v3 import InceptionV3, preprocess_input
        from tensorflow.keras.applications.resnet50 import ResNet50, decode_predictions
        from tensorflow.python.keras.applications.mobilenet import MobileNet
    assert VGG16 is applications.vgg16.VGG16 is keras.applications.VGG16
    assert ResNet50 is applications.resnet.ResNet50
    assert InceptionV3 is applications.InceptionV3
    assert MobileNet is applications.MobileNet
    assert preprocess_input is imagenet_utils.preprocess_input_tf
    assert decode_predictions is imagenet_utils.decode_predictions


def test_networks_that_are_not_here_say_which_are():
    with pytest.raises(AttributeError, match="no 'MobileNetV2': of the published networks there are VGG16"):
        applications.MobileNetV2  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean 'ResNet50'"):
        applications.Resnet50  # noqa: B018
    assert "input_tensor: Symbolic pictures" in applications.VGG16.__doc__
