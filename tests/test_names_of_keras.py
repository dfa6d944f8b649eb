"""Names of Keras around the models: data from folders and series, files, bars, specifications, and what is absent."""

import importlib
import re
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, layers, models, utils
from fastnn.utils.absent import ABSENT

# ---------------------------------------------------------------- absent names


@pytest.mark.parametrize("package", ABSENT)
def test_absent_names_say_so_and_are_absent(package):
    home = importlib.import_module(f"fastnn.{package}".rstrip("."))
    for name, why in ABSENT[package].items():
        with pytest.raises(AttributeError, match=rf"has no '{name}'") as caught:
            getattr(home, name)
        assert why in str(caught.value)


def test_the_table_has_the_names_of_smaller_packages_too():
    pairs = [(package, name) for package, names in ABSENT.items() for name in names]
    few = {"initializers": ["STFT"], "preprocessing.image": ["smart_resize"], "saving": ["KerasFileEditor"]}
    for package, names in {**few, "random": ["beta", "gamma", "binomial"], "layers": ["SpectralNormalization"]}.items():
        assert {(package, name) for name in names} <= set(pairs)
    assert "not available" not in [why for names in ABSENT.values() for why in names.values()]  # what else, then?


NEAR = [
    (layers, "Densee", "Dense"), (fastnn, "Modell", "Model"), (fastnn.random, "unifrom", "uniform"),
    (fastnn.initializers, "HeUnifrom", "HeUniform"), (fastnn.saving, "load_modell", "load_model"),
    (fastnn.preprocessing.image, "load_imgs", "load_img"),
]  # fmt: skip


@pytest.mark.parametrize(("home", "name", "near"), NEAR)
def test_misspelt_names_are_told_what_is_near(home, name, near):
    with pytest.raises(AttributeError, match=f"did you mean '{near}'"):
        getattr(home, name)


def test_optimizers_of_before_are_those_of_today():
    assert fastnn.optimizers.legacy.Adam is fastnn.optimizers.Adam


def test_every_data_set_loads_data_and_says_where_it_is_from():
    for name in set(fastnn.datasets.__all__) - {"DatasetError", "pairs"}:
        home = getattr(fastnn.datasets, name)
        assert callable(home.load_data), name
        assert home.SOURCE, name


def test_data_sets_that_there_are_not_are_told_what_there_is():
    with pytest.raises(AttributeError, match=r"'kmnist': there are .*, imdb, iris, mnist, "):
        fastnn.datasets.kmnist  # noqa: B018


# ---------------------------------------------------------------- parts and series


def test_a_dataset_is_split():
    left, right = utils.split_dataset((np.arange(10.0), np.arange(10)), left_size=0.7)
    assert [len(left), len(right)] == [7, 3]
    assert [int(y) for _, y in right] == [7, 8, 9]
    left, right = utils.split_dataset(np.arange(10), left_size=2, right_size=3, shuffle=True, seed=1)
    seen = {int(x) for x in left} | {int(x) for x in right}
    assert len(seen) == 5
    assert seen <= set(range(10))


@pytest.mark.parametrize("sizes", [{}, {"left_size": 0}, {"left_size": 8, "right_size": 8}, {"left_size": "half"}])
def test_sizes_that_do_not_fit(sizes):
    with pytest.raises(ValueError, match="Expected"):
        utils.split_dataset(np.arange(10), **sizes)


@pytest.mark.parametrize(
    "given",
    [
        {}, {"sequence_stride": 3}, {"sampling_rate": 2}, {"start_index": 2, "end_index": 9}, {"batch_size": 4},
        {"sequence_stride": 2, "sampling_rate": 3, "batch_size": 2},
    ],
)  # fmt: skip
def test_windows_of_a_series(given):
    data, targets = np.arange(40).reshape(20, 2), np.arange(100, 120)
    settings = {"sequence_stride": 1, "sampling_rate": 1, "start_index": 0, "end_index": 20, "batch_size": 128, **given}
    found = list(utils.timeseries_dataset_from_array(data, targets, 3, **given))
    first, last = settings["start_index"], settings["end_index"]
    starts = range(0, last - first - 2 * settings["sampling_rate"], settings["sequence_stride"])
    assert max(len(x.numpy()) for x, _ in found) <= settings["batch_size"]
    for k, (x, y) in zip(
        starts, ((a, b) for xs, ys in found for a, b in zip(xs.numpy(), ys.numpy(), strict=True)), strict=True
    ):
        np.testing.assert_array_equal(x, data[first + k + settings["sampling_rate"] * np.arange(3)])
        assert y == targets[k]


def test_windows_without_targets_and_without_batches():
    (x,) = utils.timeseries_dataset_from_array(np.arange(4), None, 2)
    assert x.numpy().tolist() == [[0, 1], [1, 2], [2, 3]]
    alone = list(utils.timeseries_dataset_from_array(np.arange(4), None, 3, batch_size=None))
    assert [a.numpy().tolist() for a in alone] == [[0, 1, 2], [1, 2, 3]]


@pytest.mark.parametrize(
    "given", [{"sequence_length": 0}, {"sequence_length": 30}, {"end_index": 99}, {"start_index": -1}]
)
def test_windows_that_do_not_fit(given):
    with pytest.raises(ValueError, match=next(iter(given))):
        utils.timeseries_dataset_from_array(np.arange(20), None, **{"sequence_length": 3, **given})


# ---------------------------------------------------------------- folders


@pytest.fixture
def pictures(tmp_path):
    """Three bright squares and two dark ones, in folders of these names."""
    image = pytest.importorskip("PIL.Image", reason="the images extra (pillow) is not installed")
    for name, value, count in (("dark", 20, 2), ("light", 220, 3)):
        (tmp_path / name).mkdir()
        for k in range(count):
            image.fromarray(np.full((6, 8, 3), value + k, "uint8")).save(tmp_path / name / f"{k}.png")
    return tmp_path


def test_pictures_from_folders(pictures):
    found = utils.image_dataset_from_directory(pictures, image_size=(4, 5), batch_size=2, seed=3)
    assert found.class_names == ["dark", "light"]
    assert len(found) == 3
    pairs = [(x, y) for xs, ys in found for x, y in zip(xs.numpy(), ys.numpy(), strict=True)]
    assert len(pairs) == len(found.file_paths) == 5
    assert all(x.shape == (4, 5, 3) and (x.mean() > 100) == bool(y) for x, y in pairs)
    model = Sequential([Input((4, 5, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    assert np.isfinite(model.fit(found, verbose=0).history["loss"][0])


def test_pictures_are_divided_and_labelled_in_every_mode(pictures):
    given = {"image_size": (2, 2), "validation_split": 0.4, "seed": 1, "color_mode": "grayscale"}
    train, test = utils.image_dataset_from_directory(pictures, subset="both", label_mode="categorical", **given)
    assert [len(d.file_paths) for d in (train, test)] == [3, 2]
    assert set(train.file_paths).isdisjoint(test.file_paths)
    alone = utils.image_dataset_from_directory(pictures, subset="validation", label_mode=None, **given)
    assert alone.file_paths == test.file_paths
    assert next(iter(alone)).shape == (2, 2, 2, 1)
    _, y = next(iter(train))
    assert y.numpy().sum(-1).tolist() == [1, 1, 1]
    single = utils.image_dataset_from_directory(pictures, label_mode="binary", batch_size=None, image_size=(2, 2))
    assert next(iter(single))[1].shape == (1,)


def test_texts_from_folders(tmp_path):
    for name, text in (("bad", "no good"), ("good", "very good")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(text)
    found = utils.text_dataset_from_directory(tmp_path, shuffle=False)
    ((x, y),) = list(found)
    assert x.tolist() == ["no good", "very good"]
    assert y.numpy().tolist() == [0, 1]
    lookup = layers.TextVectorization()
    lookup.adapt(x)
    assert lookup(x).shape == (2, 2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"directory": "nowhere"}, "folder"),
        ({"label_mode": "word"}, "label_mode"),
        ({"subset": "training"}, "validation_split"),
        ({"validation_split": 2.0, "subset": "training"}, "validation_split"),
        ({"class_names": ["x"]}, "class_names"),
        ({"labels": [1]}, "one label"),
        ({"crop_to_aspect_ratio": True}, "crop_to_aspect_ratio"),
    ],
)
def test_folders_that_do_not_fit(pictures, given, words):
    with pytest.raises(ValueError, match=words):
        utils.image_dataset_from_directory(**{"directory": pictures, **given})


def test_misspelt_arguments_are_told_what_is_near(pictures):
    with pytest.raises(TypeError, match=r"image_dataset_from_directory\(\).*'imagesize'; did you mean 'image_size'"):
        utils.image_dataset_from_directory(pictures, imagesize=3)
    with pytest.raises(TypeError, match=r"text_dataset_from_directory\(\).*'max_len'; did you mean 'max_length'"):
        utils.text_dataset_from_directory(pictures, max_len=None)


# ---------------------------------------------------------------- files and bars


def test_files_are_fetched_once_and_checked(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    origin, cache = (tmp_path / "a.txt").as_uri(), tmp_path / "cache"
    right = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    path = utils.get_file("b.txt", origin, file_hash=right, cache_dir=cache)
    assert path == str(cache / "datasets" / "b.txt")
    with pytest.raises(ValueError, match="hash"):
        utils.get_file("c.txt", origin, file_hash="0" * 64, cache_dir=cache)
    assert [p.name for p in (cache / "datasets").iterdir()] == ["b.txt"]
    with pytest.raises(ValueError, match="fname"):
        utils.get_file("../d.txt", origin, cache_dir=cache)
    with pytest.raises(ValueError, match="origin"):
        utils.get_file("d.txt")


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("inside", ["a/b.txt", "../evil.txt"])
def test_archives_are_unpacked_into_their_folder_alone(tmp_path, kind, inside):
    (tmp_path / "b.txt").write_text("content")
    archive = tmp_path / f"all.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            file.write(tmp_path / "b.txt", inside)
    else:
        with tarfile.open(archive, "w") as file:
            file.add(tmp_path / "b.txt", inside)
    get = {"origin": archive.as_uri(), "cache_dir": tmp_path / "cache", "extract": True}
    if inside.startswith(".."):
        with pytest.raises(ValueError, match="evil"):
            utils.get_file(**get)
        assert not list(tmp_path.rglob("evil.txt"))
    else:
        assert (tmp_path / "cache/datasets" / f"all.{kind}/a/b.txt").parts == (
            *Path(utils.get_file(**get)).parts, "a", "b.txt",
        )  # fmt: skip


def test_a_bar_averages_and_shows(capsys):
    bar = utils.Progbar(4, verbose=2, stateful_metrics=["rate"])
    bar.update(1, [("loss", 4.0), ("rate", 0.5)])
    bar.add(3, [("loss", 0.0), ("rate", 0.25)])
    assert re.fullmatch(r"4/4 - 0s - .*/step - loss: 1\.0000 - rate: 0\.2500\n", capsys.readouterr().out)
    bar = utils.Progbar(2, unit_name="file")
    bar.add(1, [("loss", 2.5)])
    bar.add(1, [("loss", 0.5)])
    assert re.fullmatch(r"2/2 - 0s .*/file - loss: 1\.5000\n", capsys.readouterr().out)


# ---------------------------------------------------------------- specifications and layers


@pytest.mark.parametrize(
    ("spec", "shape", "words"),
    [
        ({"ndim": 3}, (2, 4), "3 axes"),
        ({"min_ndim": 3}, (2, 4), "at least 3"),
        ({"max_ndim": 1}, (2, 4), "at most 1"),
        ({"shape": (None, 5)}, (2, 4), r"\(None, 5\)"),
        ({"axes": {-1: 3}}, (2, 4), "length 3"),
        ({"shape": (None, 4, 1), "allow_last_axis_squeeze": True}, (2, 4), None),
        ({"ndim": 2, "axes": {1: 4}}, (2, 4), None),
    ],
)
def test_specifications_of_inputs(spec, shape, words):
    layer = layers.Identity(name="one")
    layer.input_spec = layers.InputSpec(**spec)
    if words is None:
        assert layer(np.ones(shape)).shape == shape
    else:
        with pytest.raises(ValueError, match=rf"'one'.*{words}"):
            layer(np.ones(shape))
        with pytest.raises(ValueError, match=words):
            layer(Input(shape[1:]))


class Scaled(layers.Wrapper):
    """Twice what a layer says."""

    def call(self, x):
        return self.layer(x) * 2.0


def test_wrappers_of_ones_own_are_saved(tmp_path):
    model = Sequential([Input((3,)), Scaled(layers.Dense(2))])
    assert len(model.weights) == 2
    model.save(tmp_path / "scaled.keras")
    twin = models.load_model(tmp_path / "scaled.keras", custom_objects={"Scaled": Scaled})
    np.testing.assert_array_equal(model.predict(np.ones((2, 3)), verbose=0), twin.predict(np.ones((2, 3)), verbose=0))
    with pytest.raises(ValueError, match="layer=3"):
        layers.Wrapper(3)


@pytest.mark.parametrize(
    ("equation", "shape", "given", "words"),
    [
        ("ab,bc", (2, 3), 4, "equation"),
        ("ab,bz->ac", (2, 3), 4, "equation"),
        ("abc,cd->abd", (2, 3), (None, 4), "axes 'abc'"),
        ("ab,bc->ac", (2, 3), (4, 4, 4), "output_shape"),
        ("abc,cd->abd", (2, 3, 5), (7, 4), "as long as"),
    ],
)
def test_equations_that_do_not_fit(equation, shape, given, words):
    with pytest.raises(ValueError, match=words):
        layers.EinsumDense(equation, given)(np.ones(shape, "float32"))


def test_layers_as_json():
    config = layers.serialize(layers.Dense(3, name="three"))
    assert layers.deserialize(config).units == 3


# ---------------------------------------------------------------- models


def test_what_models_tell_of_themselves():
    x = Input((3,), name="three")
    model = Model(x, layers.Dense(2, name="d")(x), name="m")
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(np.ones((2, 3)), np.ones((2, 2)), verbose=0)
    assert (model.path, model.compute_dtype, model.variable_dtype, model.run_eagerly) == (
        "m",
        "float32",
        "float32",
        False,
    )
    assert all(hasattr(v, "assign") for v in model.metrics_variables)
    assert model.compute_output_spec(Input((3,), batch_size=4)).shape == (4, 2)
    assert [t.name for t in utils.get_source_inputs(model.output)] == ["three"]
    assert utils.is_keras_tensor(model.output)
    store = {}
    model.get_layer("d").save_own_variables(store)
    other = layers.Dense(2)
    other.build((None, 3))
    other.load_own_variables(store)
    np.testing.assert_array_equal(other.kernel.numpy(), model.get_layer("d").kernel.numpy())
    with pytest.raises(ValueError, match="2 arrays"):
        other.load_own_variables({})
    with pytest.raises(ValueError, match="Expected a format of 'onnx', 'numpy'"):
        model.export("somewhere", format="tf_saved_model")
    with pytest.raises(NotImplementedError, match="quantize"):
        model.quantize("int8")


def test_data_are_packed_and_unpacked():
    for parts in ((1, None, None), (1, 2, None), (1, 2, 3), ([1], None, None)):
        assert utils.unpack_x_y_sample_weight(utils.pack_x_y_sample_weight(*parts)) == parts
    with pytest.raises(ValueError, match="tuple of 4"):
        utils.unpack_x_y_sample_weight((1, 2, 3, 4))
