"""Noise layers, which do nothing outside training, and penalties on outputs."""

from tests.golden.case import Case, numbers


def cases(keras):
    """Configurations by name."""
    k = keras.layers
    return {
        "dropout": Case(k.Dropout(0.3, seed=5), numbers(1, 3, 4), random=True),
        "dropout_shape": Case(k.Dropout(0.3, noise_shape=(None, 1, 4), seed=1), numbers(2, 2, 3, 4), random=True),
        "dropout_none": Case(k.Dropout(0.0), numbers(3, 3, 4)),
        "dropout_all": Case(k.Dropout(1), numbers(4, 3, 4), random=True),
        "spatial_1d": Case(k.SpatialDropout1D(0.5, seed=2), numbers(5, 2, 3, 4), random=True),
        "spatial_2d": Case(k.SpatialDropout2D(0.5, "channels_first", seed=3), numbers(6, 2, 3, 4, 5), random=True),
        "gaussian_dropout": Case(k.GaussianDropout(0.4, seed=4), numbers(7, 3, 4), random=True),
        "gaussian_dropout_none": Case(k.GaussianDropout(0.0), numbers(8, 3, 4)),
        "gaussian_noise": Case(k.GaussianNoise(0.2, seed=6), numbers(9, 3, 4), random=True),
        "gaussian_noise_none": Case(k.GaussianNoise(0), numbers(10, 3, 4)),
        "alpha_dropout": Case(k.AlphaDropout(0.3, noise_shape=(3, 1), seed=7), numbers(11, 3, 4), random=True),
        "alpha_dropout_none": Case(k.AlphaDropout(0.0), numbers(12, 3, 4)),
        "activity": Case(k.ActivityRegularization(l1=0.1, l2=0.2), numbers(13, 3, 4)),
    }
