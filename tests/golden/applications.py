"""Published networks for the golden file, small enough for it: what they are called with, their weights, pictures."""

import numpy as np

PERIOD = 65521  # a prime, so that no exchange of axes gives the same weights again
SMALL = {  # name → network, arguments
    "vgg16": ("VGG16", {"include_top": False, "input_shape": (32, 32, 3), "pooling": "avg"}),
    "resnet50": ("ResNet50", {"input_shape": (64, 64, 3), "classes": 7}),
    "inception": ("InceptionV3", {"include_top": False, "input_shape": (75, 75, 3), "pooling": "avg"}),
    "mobilenet": ("MobileNet", {"input_shape": (32, 32, 3), "classes": 7}),
    "narrow": ("MobileNet", {"input_shape": (40, 32, 3), "alpha": 0.0625, "include_top": False, "pooling": "max"}),
    "deeper": (
        "MobileNet",
        {"input_shape": (33, 47, 1), "alpha": 0.25, "depth_multiplier": 2, "classes": 3, "classifier_activation": None},
    ),
}
LARGE = {
    "vgg16_top": ("VGG16", {"input_shape": (32, 32, 3), "classes": 7}),
    "vgg19": ("VGG19", {"include_top": False, "input_shape": (64, 32, 3)}),
    "vgg19_top": ("VGG19", {"input_shape": (32, 32, 3), "classes": 7, "classifier_activation": None}),
    "resnet50_max": ("ResNet50", {"include_top": False, "input_shape": (70, 65, 3), "pooling": "max"}),
    "inception_top": ("InceptionV3", {"input_shape": (76, 81, 3), "classes": 7}),
}
CASES = {**SMALL, **LARGE}
KEPT = ("MobileNet", {"input_shape": (32, 32, 3), "alpha": 0.0625, "classes": 7})  # this one's weights are files


def made(applications, network, arguments):
    """The network with the weights of a formula."""
    model = getattr(applications, network)(weights=None, **arguments)
    fill(model)
    return model


def fill(model):
    """Give a network weights that depend on the places of layer and weight alone, and keep numbers near 1."""
    base = np.random.RandomState(0).uniform(-1, 1, PERIOD).astype(np.float32)
    for place, layer in enumerate(model.layers):
        shapes = [tuple(w.shape) for w in layer.weights]
        numbers = [np.resize(np.roll(base, 97 * place + 31 * i), s) for i, s in enumerate(shapes)]
        if shapes:
            layer.set_weights([scaled(n, i, len(shapes), layer) for i, n in enumerate(numbers)])


def scaled(numbers, i, count, layer):
    """Kernels as He would draw them; what batch normalization keeps, near its usual values."""
    if type(layer).__name__ == "BatchNormalization":
        near_1 = i in (count - 1, *((0,) if count == 4 else ()))  # the variance, and the scale if there is one
        return 1 + numbers * 0.2 if near_1 else numbers * 0.02
    if numbers.ndim < 2:
        return numbers * 0.1
    inputs = numbers.size / numbers.shape[-1]
    if "Depthwise" in type(layer).__name__:
        inputs = 2.5  # not 9: where pictures have become small, most of a window is padding
    return numbers * np.float32(np.sqrt(6 / inputs))


def tuned(keras):
    """The kept network, trained on with its early layers frozen, batch normalization among them: what it predicts."""
    network, arguments = KEPT
    model = made(keras.applications, network, {**arguments, "dropout": 0.0})
    for layer in model.layers:
        layer.trainable = layer.name.startswith(("conv_dw_12", "conv_pw_12", "conv_pw_13", "conv_preds"))
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
    x = pictures(arguments["input_shape"])
    model.fit(x, np.array([1, 4]), epochs=3, verbose=0)
    return model.predict(x, verbose=0)


def scaled_inside(keras):
    """A model that scales its pictures itself, in two ways, and ends in a model within, called twice."""
    layers, image = keras.layers, keras.layers.Input((4, 5, 3), dtype="uint8")
    within = layers.Input((4, 5, 3))
    features = keras.Model(within, layers.Conv2D(2, 3, name="conv")(within), name="features")
    fill(features)
    x = keras.ops.cast(image, "float32")
    ways = [getattr(keras.applications, name).preprocess_input(x) for name in ("vgg16", "mobilenet")]
    return keras.Model(image, [features(way) for way in ways])


def bytes_of_pictures():
    """Two pictures, from 0 to 255."""
    return np.random.RandomState(2).randint(0, 256, (2, 4, 5, 3)).astype(np.uint8)


def pictures(shape):
    """Two pictures, from -1 to 1: random pixels, and a slope that is steeper across than down."""
    noise = np.random.RandomState(1).uniform(-1, 1, shape)
    down, across, channels = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    return np.stack([noise, (down + 2 * across + channels) / 4]).astype(np.float32)


def listing(model):
    """Name, class and shapes of the weights of each layer, one line each."""
    return [
        " ".join([layer.name, type(layer).__name__, *("x".join(map(str, w.shape)) for w in layer.weights)])
        for layer in model.layers
    ]
