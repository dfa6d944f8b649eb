"""A router of help-desk tickets: title, body and tags in; how urgent, and for which department, out.

Source: Keras' guide to the functional API, Models with multiple inputs and outputs. The tickets are made by formula.
"""

import argparse

import fastnn as keras
from fastnn import layers
from fastnn.datasets import tickets


def build(size, title_units, body_units):
    """Embeddings and an LSTM for each text; the guide has 64, 128 and 32."""
    title = layers.Input((None,), dtype="int32", name="title")
    body = layers.Input((None,), dtype="int32", name="body")
    tags = layers.Input((tickets.TAGS,), name="tags")
    title_state = layers.LSTM(title_units)(layers.Embedding(tickets.WORDS, size)(title))
    body_state = layers.LSTM(body_units)(layers.Embedding(tickets.WORDS, size)(body))
    x = layers.concatenate([title_state, body_state, tags])
    priority = layers.Dense(1, activation="sigmoid", name="priority")(x)
    department = layers.Dense(len(tickets.DEPARTMENTS), activation="softmax", name="department")(x)
    model = keras.Model(inputs=[title, body, tags], outputs=[priority, department])
    model.compile(
        optimizer=keras.optimizers.RMSprop(0.005),
        loss={"priority": "binary_crossentropy", "department": "categorical_crossentropy"},
        loss_weights={"priority": 1.0, "department": 0.2},
        metrics={"priority": "accuracy", "department": "accuracy"},
    )
    return model


def main():
    """Train on generated tickets, test on others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer tickets and units")
    parser.add_argument("--epochs", type=int, default=15)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    samples, sizes = (600, (8, 16, 8)) if args.quick else (4000, (64, 128, 32))
    model = build(*sizes)
    model.fit(*tickets.load_data(samples), batch_size=32, epochs=args.epochs, verbose=2)
    found = model.evaluate(*tickets.load_data(200, seed=1), verbose=0, return_dict=True)
    print(f"urgent or not: {found['priority_accuracy']:.3f}")
    print(f"accuracy {found['department_accuracy']:.3f}")


if __name__ == "__main__":
    main()
