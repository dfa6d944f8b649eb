"""Recurrent layers and their wrappers, with and without masks."""

import numpy as np

from tests.golden.case import Case, numbers

X = numbers(1, 3, 5, 4)
MASK = np.array([[1, 1, 1, 1, 1], [0, 1, 1, 0, 1], [1, 1, 0, 0, 0]], bool)
NOTHING = np.array([[1, 1, 0, 1, 1], [0, 0, 0, 0, 0], [0, 0, 0, 1, 1]], bool)
REGULARIZED = {"kernel_regularizer": "l2", "recurrent_regularizer": "l1", "bias_regularizer": "l2"}
EXEMPT = {
    "SimpleRNN": {"seed", "unroll"},
    "LSTM": {"seed", "unroll", "use_cudnn"},
    "GRU": {"seed", "unroll", "use_cudnn"},
    "RNN": {"unroll"},
    "SimpleRNNCell": {"dropout", "recurrent_dropout", "seed"},
    "LSTMCell": {"dropout", "recurrent_dropout", "seed", "implementation"},
    "GRUCell": {"dropout", "recurrent_dropout", "seed", "implementation"},
    "Bidirectional": {"weights"},
}


def states(seed, count, units, batch=3):
    """Initial states."""
    return [numbers(seed + k, batch, units) for k in range(count)]


def cases(keras):
    """Configurations by name."""
    k = keras.layers
    tensors = keras.ops.convert_to_tensor
    found = {}
    for name, cls, count in (("simple", k.SimpleRNN, 1), ("lstm", k.LSTM, 2), ("gru", k.GRU, 1)):
        start = [tensors(s) for s in states(20, count, 2)]
        found.update({
            f"{name}": Case(cls(2), X),
            f"{name}_sequences": Case(cls(3, return_sequences=True, use_bias=False), X),
            f"{name}_state": Case(cls(2, return_state=True, return_sequences=True), X, initial_state=start),
            f"{name}_backwards": Case(cls(2, go_backwards=True, return_sequences=True), X),
            f"{name}_masked": Case(cls(2, return_sequences=True, return_state=True), X, mask=tensors(MASK)),
            f"{name}_masked_last": Case(cls(2), X, mask=tensors(NOTHING)),
            f"{name}_masked_zero": Case(
                cls(2, return_sequences=True, zero_output_for_mask=True), X, mask=tensors(NOTHING)
            ),
            f"{name}_masked_backwards": Case(cls(2, go_backwards=True, return_sequences=True), X, mask=tensors(MASK)),
            f"{name}_masked_state": Case(
                cls(2, return_sequences=True, return_state=True), X, mask=tensors(NOTHING), initial_state=start
            ),
            f"{name}_stateful": Case(cls(2, stateful=True, return_state=True), X, backend="jax"),
            f"{name}_one_step": Case(cls(3), numbers(5, 2, 1, 4)),
            f"{name}_one_sample": Case(cls(1, return_sequences=True), numbers(6, 1, 4, 2)),
            f"{name}_dropout": Case(cls(2, dropout=0.4, recurrent_dropout=0.3), X, random=True),
            f"{name}_activation": Case(cls(3, activation="relu", return_sequences=True), X),
            f"{name}_composed": Case(cls(3, activation="softmax", return_sequences=True), X, mask=tensors(MASK)),
        })  # fmt: skip
    found.update({
        "lstm_hard": Case(k.LSTM(3, recurrent_activation="hard_sigmoid", return_sequences=True), X),
        "gru_hard": Case(k.GRU(3, recurrent_activation="hard_sigmoid", return_sequences=True), X),
        "lstm_linear": Case(k.LSTM(3, activation="linear", recurrent_activation="tanh"), X),
        "lstm_forget": Case(k.LSTM(3, unit_forget_bias=False), X),
        "gru_before": Case(k.GRU(3, reset_after=False, return_sequences=True), X),
        "gru_before_masked": Case(k.GRU(3, reset_after=False, return_state=True), X, mask=tensors(MASK)),
        "gru_before_no_bias": Case(k.GRU(3, reset_after=False, use_bias=False), X),
        "gru_before_composed": Case(k.GRU(3, reset_after=False, recurrent_activation="softmax"), X),
        "rnn_cell": Case(k.RNN(k.SimpleRNNCell(3, "relu", False), return_sequences=True, go_backwards=True), X),
        "rnn_lstm_cell": Case(
            k.RNN(k.LSTMCell(3, "sigmoid", "tanh", use_bias=False, unit_forget_bias=False), return_state=True), X
        ),
        "rnn_gru_cell": Case(k.RNN(k.GRUCell(3, "relu", "tanh", use_bias=False, reset_after=False)), X),
        "rnn_stack": Case(k.RNN([k.LSTMCell(3), k.GRUCell(2)], return_sequences=True), X, mask=tensors(MASK)),
        "rnn_stack_named": Case(k.RNN(k.StackedRNNCells([k.SimpleRNNCell(3), k.SimpleRNNCell(2)])), X),
        "rnn_stateful": Case(k.RNN(k.GRUCell(2), stateful=True, return_state=True), X, backend="jax"),
        "rnn_zero": Case(
            k.RNN(k.GRUCell(2), zero_output_for_mask=True, return_sequences=True), X, mask=tensors(MASK)
        ),
    })  # fmt: skip
    for mode in ("sum", "mul", "concat", "ave", None):
        found[f"bidirectional_{mode}"] = Case(k.Bidirectional(k.LSTM(2, return_sequences=True), merge_mode=mode), X)
        found[f"bidirectional_last_{mode}"] = Case(k.Bidirectional(k.GRU(2), merge_mode=mode), X, mask=tensors(MASK))
    found.update({
        "bidirectional_masked": Case(
            k.Bidirectional(k.LSTM(2, return_sequences=True), merge_mode="sum"), X, mask=tensors(MASK)
        ),
        "bidirectional_states": Case(
            k.Bidirectional(k.LSTM(2, return_state=True)), X, initial_state=[tensors(s) for s in states(30, 4, 2)]
        ),
        "bidirectional_both": Case(
            k.Bidirectional(k.SimpleRNN(2), backward_layer=k.LSTM(3, go_backwards=True), merge_mode="concat"), X
        ),
        "bidirectional_stateful": Case(
            k.Bidirectional(k.SimpleRNN(2, stateful=True), merge_mode="ave"), X, backend="jax"
        ),
        "time_dense": Case(k.TimeDistributed(k.Dense(3, activation="tanh")), X),
        "time_dense_masked": Case(k.TimeDistributed(k.Dense(3)), X, mask=tensors(MASK)),
        "time_flatten": Case(k.TimeDistributed(k.Flatten()), numbers(7, 2, 3, 2, 4)),
        "time_lstm": Case(k.TimeDistributed(k.LSTM(2)), numbers(8, 2, 3, 4, 2)),
        "repeat": Case(k.RepeatVector(3), numbers(9, 4, 2)),
    })  # fmt: skip
    return found
