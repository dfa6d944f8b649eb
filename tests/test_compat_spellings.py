"""Old spellings work, and each says what it is called today."""

import sys
import textwrap

import numpy as np
import pytest

import fastnn
from fastnn import layers
from fastnn.compat.running import run_script

X = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")
Y = np.eye(3, dtype="float32")[np.arange(12) % 3]


def old(name):
    return pytest.warns(DeprecationWarning, match=name)


def classifier(metrics=("accuracy",)):
    fastnn.utils.set_random_seed(0)
    model = fastnn.Sequential([fastnn.Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=list(metrics))
    return model


def test_arguments_of_layers():
    with old("units=..."):
        assert layers.Dense(output_dim=7).units == 7
    with old("units=128"):
        assert layers.Dense(units="128").units == 128
    with old("rate=..."):
        assert layers.Dropout(p=0.25).rate == 0.25
    with old("padding=..."):
        assert layers.Conv2D(3, 2, border_mode="same").padding == "same"
    with old("data_format=..."):
        assert layers.Flatten(dim_ordering="th").data_format == "channels_first"
    with old("strides=..."):
        assert layers.Conv2D(3, 2, subsample=(2, 1)).strides == (2, 1)


def test_convolution_with_rows_and_columns_of_their_own():
    with old("Conv2D"):
        layer = layers.Convolution2D(64, 3, 5)
    assert layer.filters == 64
    assert layer.kernel_size == (3, 5)
    assert isinstance(layer, layers.Conv2D)
    with old("Conv2D"):
        assert layers.Convolution2D(8, (2, 3)).kernel_size == (2, 3)
    with old("kernel_size"):
        assert layers.Conv2D(filters=4, nb_row=2, nb_col=3).kernel_size == (2, 3)


def test_unknown_arguments_stay_errors():
    with pytest.raises(TypeError, match=r"nonsense|units"):
        layers.Dense(nonsense=3)
    with pytest.raises(ValueError, match="units"):
        layers.Dense(units="many")


def test_arguments_of_optimizers():
    with old("learning_rate=..."):
        optimizer = fastnn.optimizers.Adam(lr=0.5)
    assert float(optimizer.learning_rate) == 0.5
    with old("learning_rate"):
        optimizer.lr = 0.25
    with old("learning_rate"):
        assert float(optimizer.lr) == 0.25


def test_fit_with_nb_epoch_and_metrics_third():
    model = classifier()
    with old("epochs=..."):
        assert len(model.fit(X, Y, nb_epoch=2, verbose=0).history["loss"]) == 2
    with old("metrics="):
        model.compile("sgd", "categorical_crossentropy", ["accuracy"])
    assert "accuracy" in model.fit(X, Y, verbose=0).history


def test_history_answers_for_acc():
    history = classifier().fit(X, Y, verbose=0, validation_data=(X, Y)).history
    with old("accuracy"):
        assert history["acc"] == history["accuracy"]
    with old("val_accuracy"):
        assert history["val_acc"] == history["val_accuracy"]
    with pytest.raises(KeyError):
        history["mse"]
    assert "acc" not in history


def test_callbacks_that_ask_for_acc():
    seen = []

    class Watching(fastnn.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(logs.get("acc"))
            assert logs.get("nothing", 3) == 3

    with old("accuracy"):
        classifier().fit(X, Y, verbose=0, callbacks=[Watching()])
    assert 0 <= seen[0] <= 1


def endless():
    while True:
        for k in range(0, 12, 4):
            yield X[k : k + 4], Y[k : k + 4]


def test_fit_generator_counts_samples():
    expected = classifier().fit(X, Y, batch_size=4, shuffle=False, epochs=2, verbose=0).history
    with old("fit"):
        history = classifier().fit_generator(endless(), samples_per_epoch=12, nb_epoch=2, verbose=0).history
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-6)
    with old("fit"):
        validated = classifier().fit_generator(
            endless(), 3, nb_epoch=1, verbose=0, validation_data=endless(), nb_val_samples=8
        )
    assert "val_loss" in validated.history
    with old("evaluate"):
        assert len(classifier().evaluate_generator(endless(), steps=3)) == 2
    with old("predict"):
        assert classifier().predict_generator(endless(), steps=3).shape == (12, 3)


def test_predict_classes_and_proba():
    model = classifier()
    outputs = model.predict(X, verbose=0)
    with old("argmax"):
        np.testing.assert_array_equal(model.predict_classes(X), outputs.argmax(-1))
    with old("predict"):
        np.testing.assert_array_equal(model.predict_proba(X), outputs)
    with pytest.raises(AttributeError, match="predict_nothing"):
        model.predict_nothing(X)


@pytest.mark.parametrize(
    ("path", "name", "today"),
    [
        ("layers.core", "Dropout", "layers"),
        ("layers.convolutional", "MaxPooling2D", "layers"),
        ("layers.merge", "concatenate", "layers"),
        ("utils.np_utils", "to_categorical", "utils"),
        ("callbacks.callbacks", "EarlyStopping", "callbacks"),
        ("optimizers.legacy", "SGD", "optimizers"),
        ("engine.topology", "Layer", "layers"),
    ],
)
def test_old_module_paths(path, name, today):
    sys.modules.pop(f"fastnn.{path}", None)
    spec = getattr(sys.modules[f"fastnn.{today}"], "__spec__", None)
    with old(f"fastnn.{today}"):
        exec(f"from fastnn.{path} import {name} as found", space := {})
    module = sys.modules[f"fastnn.{today}"]
    assert space["found"] is getattr(module, name)
    assert module.__spec__ is spec
    assert module.__name__ == f"fastnn.{today}"


def test_merge_by_word():
    vars(layers).pop("merge", None)  # the old module of that name, if it was imported
    a, b = fastnn.Input((3,)), fastnn.Input((3,))
    with old("concatenate"):
        assert layers.merge([a, b], mode="concat").shape == (None, 6)
    with old("add"):
        assert layers.merge([a, b], mode="sum").shape == (None, 3)
    with old("add"), pytest.raises(ValueError, match="mode"):
        layers.merge([a, b], mode="mix")


# ---------------------------------------------------------------- scripts as they are


def script(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return str(path)


def test_scripts_that_import_keras_or_tensorflow_keras_run_as_they_are(tmp_path, capsys):
    path = script(
        tmp_path,
        """
        import sys
        import keras
        from keras import layers
        from keras.models import Sequential
        from tensorflow.keras.layers import Dense
        from tensorflow import keras as tk
        import tensorflow.keras.backend as K
        assert tk is keras and layers.Dense is Dense
        model = Sequential([keras.Input((2,)), Dense(1)])
        model.compile("sgd", "mse")
        model.fit([[0.0, 1.0]], [[1.0]], verbose=0)
        print(sys.argv[1:], __name__, type(model).__module__, K.epsilon())
        """,
    )
    before = dict(sys.modules)
    run_script(path, ["--fast"])
    assert capsys.readouterr().out == "['--fast'] __main__ fastnn.models.sequential 1e-07\n"
    assert not [n for n in sys.modules if n.split(".")[0] in ("keras", "tensorflow") and n not in before]


def test_a_script_that_fails_leaves_no_aliases(tmp_path):
    with pytest.raises(ZeroDivisionError):
        run_script(script(tmp_path, "import keras\n1 / 0"))
    assert "keras" not in sys.modules or "fastnn" not in (sys.modules["keras"].__file__ or "")


def test_a_missing_script_is_named(tmp_path):
    with pytest.raises(ValueError, match="nowhere"):
        run_script(str(tmp_path / "nowhere.py"))


def test_the_command_line_runs_scripts(tmp_path):
    import subprocess

    path = script(
        tmp_path,
        """
        import sys
        import tensorflow as tf
        from keras.layers import Dense
        x = tf.constant([[1.0, 2.0]])
        print(sys.argv[1:], tf.keras.layers.Dense is Dense, float(tf.reduce_sum(tf.matmul(x, tf.ones((2, 1))))))
        """,
    )
    done = subprocess.run(
        [sys.executable, "-m", "fastnn", "run", path, "--fast", "3"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['--fast', '3'] True 3.0\n"


def test_tensorflow_functions_take_tensorflows_arguments():
    import fastnn.compat.tensorflow as tf

    x = tf.constant([[1.0, 4.0, 2.0], [5.0, 3.0, 0.0]])
    expected = [
        (tf.gather(x, indices=[1]), [[5, 3, 0]]),
        (tf.gather(x, [2, 0], axis=1), [[2, 1], [0, 5]]),
        (tf.argmax(x), [1, 0, 0]),
        (tf.argmax(input=x, axis=1), [1, 0]),
        (tf.transpose(x, perm=[1, 0])[0], [1, 5]),
        (tf.concat(values=[x, x], axis=1)[0], [1, 4, 2, 1, 4, 2]),
        (tf.split(x, [1, -1], axis=1)[1], [[4, 2], [3, 0]]),
        (tf.split(x, num_or_size_splits=3, axis=1)[2], [[2], [0]]),
        (tf.where(x > 3.0), [[0, 1], [1, 0]]),
        (tf.boolean_mask(x, [False, True]), [[5, 3, 0]]),
        (tf.sort(x, direction="DESCENDING")[0], [4, 2, 1]),
        (tf.one_hot([1], depth=2, on_value=5.0, off_value=-1.0), [[-1, 5]]),
        (tf.matmul(x, x, transpose_b=True)[0], [21, 17]),
        (tf.reduce_sum(x, axis=0, name="sum"), [6, 7, 2]),
        (tf.pad(x, [[0, 0], [1, 0]], constant_values=9.0)[:, 0], [9, 9]),
        (tf.clip_by_value(x, 1.0, 3.0)[1], [3, 3, 1]),
        (tf.cumsum(x)[1], [6, 7, 2]),
        (tf.math.confusion_matrix([0, 1, 1], [0, 1, 0]), [[1, 0], [1, 1]]),
        (tf.nn.leaky_relu([-1.0, 1.0], alpha=0.5), [-0.5, 1]),
        (tf.nn.l2_loss([3.0, 4.0]), 12.5),
        (tf.nn.embedding_lookup(x, [[1, 0]])[0, 0], [5, 3, 0]),
        (tf.math.squared_difference(x, 1.0)[0], [0, 9, 1]),
        (tf.range(2, 8, 3), [2, 5]),
        (tf.linalg.matvec(x, [1.0, 0.0, 1.0]), [3, 5]),
    ]
    for found, wanted in expected:
        np.testing.assert_array_equal(found, wanted)
    logits = tf.constant([[2.0, 1.0, 0.1]])
    for row in (
        tf.nn.softmax_cross_entropy_with_logits(labels=[[1.0, 0.0, 0.0]], logits=logits),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0], logits=logits),
    ):
        np.testing.assert_allclose(row, [0.41703], rtol=1e-4)


def test_tensorflow_images_and_random_numbers():
    import fastnn.compat.tensorflow as tf

    grid = tf.reshape([0.0, 1, 0.5, 10, 2, 2.5, 1, -8, 4, 0, 5, 6, 15, 1, 2, 3], [1, 4, 4, 1])
    pooled = tf.nn.max_pool2d(grid, ksize=2, strides=[1, 2, 2, 1], padding="SAME")
    np.testing.assert_array_equal(pooled[0, :, :, 0], [[2.5, 10], [15, 6]])
    kernel = tf.ones([2, 2, 1, 1])
    np.testing.assert_array_equal(tf.nn.conv2d(grid, kernel, 2, "VALID")[0, :, :, 0], [[5.5, 3.5], [20, 16]])
    with pytest.raises(ValueError, match="four like"):
        tf.nn.conv2d(grid, kernel, [2, 2, 2, 1], "VALID")
    tf.random.set_seed(3)
    first = tf.random.normal([2, 3], mean=5.0).numpy()
    tf.random.set_seed(3)
    np.testing.assert_array_equal(tf.random.normal(shape=(2, 3), mean=5.0), first)
    whole = tf.random.uniform([50], minval=2, maxval=5, dtype=tf.int32).numpy()
    assert set(whole) == {2, 3, 4}
    assert whole.dtype == "int32"
    with pytest.raises(TypeError, match="Expected the arguments tensor, shape"):
        tf.reshape(grid, shapes=[4])


def test_tensorflow_modules_hold_variables():
    import fastnn.compat.tensorflow as tf

    class Line(tf.Module):
        def __init__(self):
            super().__init__()
            self.w, self.steps = tf.Variable(2.0), tf.Variable(0, trainable=False)
            self.inner = [tf.keras.layers.Dense(1)]

        @tf.function
        def __call__(self, x):
            return self.w * self.inner[0](x)

    line = Line()
    x = tf.ones((3, 2))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(line(x))
    assert len(line.variables) == 4
    assert len(line.trainable_variables) == 3
    slope, *_ = tape.gradient(loss, line.trainable_variables)
    np.testing.assert_allclose(slope, tf.reduce_sum(line.inner[0].kernel), rtol=1e-6)


def test_tensorflow_1_by_its_path_in_tensorflow_2(tmp_path, capsys):
    text = """
    import tensorflow.compat.v1 as tf
    from keras.layers.wrappers import TimeDistributed
    print(tf.Session().run(tf.constant(2) + 3), TimeDistributed.__name__)
    """
    with pytest.warns(DeprecationWarning, match="keras.layers.wrappers"):
        run_script(script(tmp_path, text))
    assert capsys.readouterr().out == "5 TimeDistributed\n"
