"""Step through a training step as a debugger steps through a program: list it, stop, ask why, and go back.

Source: the same as in the app (`python -m gui --preset xor`), from a script.
"""

import argparse

import numpy as np

import fastnn as keras
from fastnn import layers


def build():
    """2-8-1 on exclusive or, one sample at a time."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            layers.Input((2,), name="x"),
            layers.Dense(8, activation="tanh", name="hidden"),
            layers.Dense(1, activation="sigmoid", name="output"),
        ]
    )
    model.compile(keras.optimizers.SGD(learning_rate=0.5), loss="binary_crossentropy")
    return model


def main():
    """Step, explain, go back, and see that stepping trains exactly as fit does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="no difference here: it takes a moment")
    parser.add_argument("--epochs", type=int, default=2, help="epochs that are stepped and compared with fit")
    args = parser.parse_args()

    x, y = keras.datasets.xor.load_data()
    model = build()
    stepper = keras.Stepper(model, x, y, batch_size=1)  # on a copy of the weights
    print(stepper.listing)

    stepper.goto(len(stepper.steps))  # one training step done, the second sample is next
    step = stepper.run_to("backward")
    print(f"\ntraining steps done: {stepper.training_step}; next is {step.phase} of {step.op.name}")
    print(stepper.explain("hidden.dense", (0, 3)))
    stepper.run_to("update")
    print(stepper.explain("hidden.kernel.grad", (1, 3)))
    position = stepper.position
    stepper.next()
    stepper.back()
    print("\none step on and one back:", stepper.position == position)

    stepper.goto(0)
    stepper.train(args.epochs * len(x))
    model.fit(x, y, batch_size=1, epochs=args.epochs, shuffle=False, verbose=0)
    same = all(np.array_equal(stepper.storage[v], v.value) for v in model.trainable_variables)
    print(f"after {args.epochs} epochs, weights equal to those of fit to the last bit: {same}")


if __name__ == "__main__":
    main()
