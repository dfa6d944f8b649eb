"""What is asked of the public data sets, of Keras to make the golden values and of fastnn to be compared with them."""

import hashlib

import numpy as np

CALLS = {  # by data set: arguments
    "mnist": [{}],
    "fashion_mnist": [{}],
    "cifar10": [{}],
    "cifar100": [{}, {"label_mode": "coarse"}],
    "boston_housing": [{}, {"test_split": 0.45, "seed": 1}, {"test_split": 0}],
    "california_housing": [{}, {"version": "small"}, {"test_split": 0.1, "seed": 7}],
    "imdb": [
        {},
        {"num_words": 20, "skip_top": 5},
        {"maxlen": 6, "seed": 9},
        {"start_char": None, "oov_char": None, "num_words": 50},
        {"start_char": None, "index_from": 0, "skip_top": 2},
        {"start_char": 7, "index_from": 10, "oov_char": 8, "num_words": 300},
        {"maxlen": 4, "start_char": None},  # some parts have texts of one length alone
    ],
    "reuters": [
        {},
        {"num_words": 20, "skip_top": 5, "test_split": 0.5},
        {"maxlen": 6, "seed": 9, "test_split": 0.3},
        {"start_char": None, "oov_char": None, "num_words": 50},
        {"start_char": None, "index_from": 0},
        {"maxlen": 4, "start_char": None, "test_split": 0.6},
    ],
}


def described(array):
    """An array in a few words: type, shape, and its values if they are lists, their hash otherwise."""
    values = np.ascontiguousarray(array)
    if array.dtype == object:
        return [str(array.dtype), list(array.shape), array.tolist()]
    return [str(array.dtype), list(array.shape), hashlib.sha256(values.tobytes()).hexdigest()]


def answers(load_data, arguments):
    """What a set gives for arguments: both parts, described."""
    (x_train, y_train), (x_test, y_test) = load_data(**arguments)
    return [described(array) for array in (x_train, y_train, x_test, y_test)]
