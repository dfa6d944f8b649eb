"""Optimizers and schedules in many configurations, written once for Keras and fastnn; five steps of each."""

import numpy as np

from tests.golden.case import numbers


def cases(keras):
    """Optimizers by name."""
    k, s = keras.optimizers, keras.optimizers.schedules
    a = {"name": "a"}
    return {
        "sgd": k.SGD(0.1, **a),
        "sgd_decay": k.SGD(0.1, weight_decay=0.3),
        "momentum": k.SGD(0.1, momentum=0.9),
        "nesterov": k.SGD(0.1, momentum=0.9, nesterov=True, clipvalue=0.4),
        "rmsprop": k.RMSprop(0.01, epsilon=1e-3, **a),
        "rmsprop_momentum": k.RMSprop(0.01, rho=0.8, momentum=0.5, weight_decay=0.1),
        "rmsprop_centered": k.RMSprop(0.01, centered=True, global_clipnorm=1.5),
        "adam": k.Adam(0.01, **a),
        "adam_slow": k.Adam(0.01, beta_1=0.5, beta_2=0.9, epsilon=0.1, clipnorm=0.7),
        "adam_amsgrad": k.Adam(0.05, beta_2=0.3, amsgrad=True),
        "adamw": k.AdamW(0.05, weight_decay=0.2, beta_1=0.8, **a),
        "adamw_amsgrad": k.AdamW(0.05, beta_2=0.3, epsilon=0.01, amsgrad=True),
        "adagrad": k.Adagrad(0.1, initial_accumulator_value=0.3, epsilon=0.01, **a),
        "adagrad_clip": k.Adagrad(0.1, global_clipnorm=0.9, weight_decay=0.1),
        "adadelta": k.Adadelta(1.0, rho=0.8, epsilon=0.01, **a),
        "adadelta_clip": k.Adadelta(0.7, clipvalue=0.3),
        "adamax": k.Adamax(0.05, beta_1=0.8, beta_2=0.9, epsilon=0.01, **a),
        "adamax_decay": k.Adamax(0.05, weight_decay=0.1, clipnorm=0.5),
        "nadam": k.Nadam(0.05, beta_1=0.8, beta_2=0.9, epsilon=0.01, **a),
        "nadam_plain": k.Nadam(0.05, weight_decay=0.1),
        "lion": k.Lion(0.05, beta_1=0.8, beta_2=0.9, **a),
        "lion_decay": k.Lion(0.05, weight_decay=0.1),
        "lamb": k.Lamb(0.05, beta_1=0.8, beta_2=0.9, epsilon=0.01, **a),
        "lamb_plain": k.Lamb(0.02, weight_decay=0.1, gradient_accumulation_steps=2),
        "ftrl": k.Ftrl(
            0.3,
            learning_rate_power=-0.7,
            initial_accumulator_value=0.2,
            l1_regularization_strength=0.1,
            l2_regularization_strength=0.2,
            l2_shrinkage_regularization_strength=0.3,
            beta=0.1,
            **a,
        ),
        "ftrl_plain": k.Ftrl(0.1),
        "average": k.SGD(0.1, momentum=0.5, use_ema=True, ema_momentum=0.7),
        "average_put_in": k.Adam(0.05, use_ema=True, ema_momentum=0.6, ema_overwrite_frequency=2),
        "accumulated": k.Adam(0.05, gradient_accumulation_steps=2, weight_decay=0.1, clipnorm=0.5),
        "accumulated_nadam": k.Nadam(0.05, gradient_accumulation_steps=2, use_ema=True, ema_overwrite_frequency=1),
        "scaled": k.SGD(0.1, loss_scale_factor=4.0),
        "scheduled": k.SGD(s.ExponentialDecay(0.5, 2, 0.5)),
        "scheduled_adam": k.Adam(s.PiecewiseConstantDecay([1, 3], [0.3, 0.1, 0.02]), weight_decay=0.1),
    }


def schedules(keras):
    """Schedules by name."""
    s = keras.optimizers.schedules
    return {
        "exponential": s.ExponentialDecay(0.5, decay_steps=7, decay_rate=0.6, name="a"),
        "exponential_stairs": s.ExponentialDecay(0.5, decay_steps=7, decay_rate=0.6, staircase=True),
        "inverse": s.InverseTimeDecay(0.5, decay_steps=7, decay_rate=0.6, name="a"),
        "inverse_stairs": s.InverseTimeDecay(0.5, decay_steps=7, decay_rate=0.6, staircase=True),
        "piecewise": s.PiecewiseConstantDecay([3, 9], [0.5, 0.1, 0.02], name="a"),
        "polynomial": s.PolynomialDecay(0.5, decay_steps=9, end_learning_rate=0.1, power=2.0, name="a"),
        "polynomial_cycle": s.PolynomialDecay(0.5, decay_steps=4, power=0.5, cycle=True),
        "cosine": s.CosineDecay(0.5, decay_steps=9, alpha=0.1, name="a"),
        "cosine_warm": s.CosineDecay(0.1, decay_steps=9, warmup_target=0.7, warmup_steps=4),
        "restarts": s.CosineDecayRestarts(0.5, first_decay_steps=4, alpha=0.1, name="a"),
        "restarts_equal": s.CosineDecayRestarts(0.5, first_decay_steps=4, t_mul=1.0, m_mul=0.6),
        "restarts_odd": s.CosineDecayRestarts(0.5, first_decay_steps=3, t_mul=1.3),
        "restarts_longer": s.CosineDecayRestarts(0.5, first_decay_steps=3, t_mul=1.5, m_mul=0.8),
    }


STEPS = (0, 1, 3, 4, 6, 9, 10, 17, 25)


def five_steps(keras, optimizer):
    """Two weights after each of five updates with given gradients."""
    variables = [keras.Variable(numbers(31, 3, 4)), keras.Variable(numbers(32, 5))]
    tensor = getattr(keras.ops, "convert_to_tensor", np.asarray)
    found = []
    for step in range(5):
        grads = [tensor(numbers(40 + step, 3, 4)), tensor(numbers(50 + step, 5))]
        optimizer.apply_gradients(zip(grads, variables, strict=True))
        found += [np.array(v) for v in variables]
    return found


def constraints(keras):
    """Constraints by name."""
    c = keras.constraints
    return {
        "max_norm": c.MaxNorm(1.2, axis=0),
        "max_norm_rows": c.MaxNorm(max_value=0.7, axis=1),
        "non_neg": c.NonNeg(),
        "unit_norm": c.UnitNorm(axis=1),
        "min_max_norm": c.MinMaxNorm(min_value=0.8, max_value=1.1, rate=0.6, axis=[0, 1]),
    }
