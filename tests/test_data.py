"""Datasets give what they promise, pass after pass, and models train on them, on sequences and on generators."""

import numpy as np
import pytest

import fastnn
from fastnn.data import Dataset

X = np.arange(20, dtype="float32").reshape(10, 2)
Y = np.arange(10, dtype="float32")[:, None]


def rows(dataset):
    return [np.asarray(e).tolist() for e in dataset]


def test_slices_of_nests_are_elements_of_the_same_nest():
    element = next(iter(Dataset.from_tensor_slices(({"a": X, "b": Y}, Y))))
    assert list(element[0]) == ["a", "b"]
    np.testing.assert_array_equal(element[0]["a"], X[0])
    np.testing.assert_array_equal(element[1].numpy(), Y[0])


def test_batches_and_their_number():
    dataset = Dataset.from_tensor_slices(X)
    assert [len(b) for b in dataset.batch(4)] == [4, 4, 2]
    assert len(dataset.batch(4)) == 3
    assert [len(b) for b in dataset.batch(4, drop_remainder=True)] == [4, 4]
    assert len(dataset.batch(4, drop_remainder=True)) == 2
    np.testing.assert_array_equal(np.concatenate([b.numpy() for b in dataset.batch(3)]), X)


def test_map_filter_take_skip_repeat_concatenate_enumerate_zip():
    numbers = Dataset.range(5)
    assert rows(numbers.map(lambda n: n * 2)) == [0, 2, 4, 6, 8]
    assert rows(numbers.filter(lambda n: int(n) % 2 == 0)) == [0, 2, 4]
    assert rows(numbers.take(2)) == [0, 1]
    assert rows(numbers.skip(3)) == [3, 4]
    assert rows(numbers.repeat(2)) == [0, 1, 2, 3, 4] * 2
    assert rows(numbers.concatenate(Dataset.range(2))) == [0, 1, 2, 3, 4, 0, 1]
    assert [(int(i), int(e)) for i, e in Dataset.range(7, 9).enumerate()] == [(0, 7), (1, 8)]
    assert [(int(a), int(b)) for a, b in Dataset.zip(numbers, Dataset.range(10, 13))] == [(0, 10), (1, 11), (2, 12)]
    assert [len(d) for d in (numbers.take(2), numbers.skip(3), numbers.repeat(2), numbers.prefetch(1))] == [2, 2, 10, 5]
    assert rows(Dataset.from_tensor_slices(X).batch(4).unbatch()) == X.tolist()


def test_endless_and_unknown_lengths():
    assert rows(Dataset.range(2).repeat().take(5)) == [0, 1, 0, 1, 0]
    assert Dataset.range(2).repeat().cardinality() == -1
    assert Dataset.range(5).filter(lambda n: True).cardinality() == -2
    with pytest.raises(TypeError, match="known length"):
        len(Dataset.range(5).filter(lambda n: True))


@pytest.mark.parametrize("buffer", [1, 3, 10, 100])
def test_shuffle_keeps_all_elements_and_is_repeatable(buffer):
    fastnn.utils.set_random_seed(4)
    first = Dataset.range(10).shuffle(buffer, seed=1)
    one, two = rows(first), rows(first)
    assert sorted(one) == sorted(two) == list(range(10))
    assert (one != two) == (buffer > 1)
    assert rows(Dataset.range(10).shuffle(buffer, seed=1)) == one
    fixed = Dataset.range(10).shuffle(buffer, seed=1, reshuffle_each_iteration=False)
    assert rows(fixed) == rows(fixed)
    assert all(place >= value - buffer for place, value in enumerate(one))


def test_shuffled_batches_taken_at_once_hold_rows_that_belong_together():
    for x, y in Dataset.from_tensor_slices((X, Y)).shuffle(10, seed=2).batch(3):
        np.testing.assert_array_equal(x.numpy()[:, :1], 2 * y.numpy())


def test_cache_and_generators():
    calls = []

    def generate():
        calls.append(1)
        yield from ((x, y) for x, y in zip(X, Y, strict=True))

    cached = Dataset.from_generator(generate).cache()
    assert len(list(cached)) == len(list(cached)) == 10
    assert len(calls) == 1
    np.testing.assert_array_equal(next(Dataset.from_generator(generate).as_numpy_iterator())[0], X[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dataset.from_tensor_slices((X, Y[:3])), "same number of rows"),
        (lambda: Dataset.from_tensor_slices(3.0), "same number of rows"),
        (lambda: Dataset.range(3).batch(0), "batch_size"),
        (lambda: Dataset.range(3).shuffle(-1), "buffer_size"),
        (lambda: list(Dataset.from_generator(lambda: iter([np.ones(2), np.ones(3)])).batch(2)), "one shape"),
        (lambda: Dataset.from_generator(iter([1])), "function"),
        (lambda: Dataset.range(3).cache("file"), "file name"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


# ---------------------------------------------------------------- training on them


def model():
    fastnn.utils.set_random_seed(0)
    found = fastnn.Sequential([fastnn.Input((2,)), fastnn.layers.Dense(3, "tanh"), fastnn.layers.Dense(1)])
    found.compile(fastnn.optimizers.SGD(0.01), "mse", metrics=["mae"])
    return found


def same(a, b):
    assert a.keys() == b.keys()
    for key, values in a.items():
        np.testing.assert_allclose(values, b[key], rtol=1e-6)


class Batches(fastnn.utils.PyDataset):
    ended = 0

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return X[4 * index : 4 * index + 4], Y[4 * index : 4 * index + 4]

    def on_epoch_end(self):
        self.ended += 1


def test_datasets_sequences_and_generators_train_like_arrays():
    expected = model().fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y)).history
    dataset = Dataset.from_tensor_slices((X, Y)).batch(4)
    same(model().fit(dataset, epochs=3, verbose=0, validation_data=dataset).history, expected)
    endless = dataset.repeat()
    same(model().fit(endless, steps_per_epoch=3, epochs=3, verbose=0, validation_data=(X, Y)).history, expected)
    batches = Batches()
    same(model().fit(batches, epochs=3, verbose=0, shuffle=False, validation_data=Batches()).history, expected)
    assert batches.ended == 3
    forever = ((x, y) for _ in range(99) for x, y in dataset)
    same(model().fit(forever, steps_per_epoch=3, epochs=3, verbose=0, validation_data=(X, Y)).history, expected)


def test_evaluate_and_predict_on_datasets():
    network = model()
    dataset = Dataset.from_tensor_slices((X, Y)).batch(4)
    np.testing.assert_allclose(network.evaluate(dataset, verbose=0), network.evaluate(X, Y, verbose=0), rtol=1e-6)
    np.testing.assert_allclose(network.predict(dataset, verbose=0), network.predict(X, verbose=0), rtol=1e-6)
    np.testing.assert_allclose(network.predict(Batches(), verbose=0), network.predict(X, verbose=0), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": iter([(X, Y)]), "steps_per_epoch": 2}, "Expected 2 batches for epoch 1. Received: 1"),
        ({"x": iter([(X, Y)]), "epochs": 2}, "Expected 1 batch for epoch 2. Received: 0"),
        ({"x": iter([X])}, "Expected batches"),
        ({"x": iter([(X, Y, Y, Y)])}, "tuple of 4"),
        ({"x": iter([(X, Y[:3])])}, "same number of samples"),
        ({"x": Batches(), "y": Y}, "no y"),
        ({"x": Batches(), "sample_weight": Y}, "no sample_weight"),
        ({"x": Batches(), "validation_split": 0.5}, "no validation_split"),
        ({"x": Dataset.from_tensor_slices((X, Y)).batch(2).repeat()}, "endless"),
        ({"x": Batches(), "steps_per_epoch": 0}, "steps"),
    ],
)
def test_streams_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        model().fit(**arguments, verbose=0)


def test_windows_of_a_series():
    series = Dataset.range(6).window(3, shift=2, drop_remainder=True).flat_map(lambda w: w.batch(3))
    pairs = [(x.numpy().tolist(), y.numpy().tolist()) for x, y in series.map(lambda w: (w[:-1], w[-1:]))]
    assert pairs == [([0, 1], [2]), ([2, 3], [4])]
    assert [len(w) for w in Dataset.range(4).window(3)] == [3, 1]
    assert [[int(e) for e in w] for w in Dataset.range(5).window(2, shift=1, stride=2, drop_remainder=True)] == [
        [0, 2],
        [1, 3],
        [2, 4],
    ]
    assert int(Dataset.range(5).reduce(0, lambda total, e: total + e)) == 10
    with pytest.raises(ValueError, match="size"):
        Dataset.range(3).window(0)


def test_shards_are_dealt_out():
    numbers = Dataset.range(7)
    shards = [numbers.shard(3, k) for k in range(3)]
    assert [rows(s) for s in shards] == [[0, 3, 6], [1, 4], [2, 5]]
    assert [len(s) for s in shards] == [3, 2, 2]
    assert rows(numbers.repeat().shard(2, 1).take(2)) == [1, 3]
    for count, index in ((3, 3), (3, -1), (0, 0), (2, 0.5)):
        with pytest.raises(ValueError, match="Expected"):
            numbers.shard(count, index)


def test_numbers_of_a_dataset_are_numbers_of_numpy():
    assert [type(n) for n in Dataset.range(2).as_numpy_iterator()] == [np.int64, np.int64]
    assert next(Dataset.range(4).batch(2).as_numpy_iterator()).tolist() == [0, 1]
