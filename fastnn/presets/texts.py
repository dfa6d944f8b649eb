"""Networks for words: multi-hot reviews, newswires, a router of tickets with recurrent layers, a shared embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import layers, models, optimizers, regularizers
from fastnn.datasets import newswires, reviews, tickets
from fastnn.presets.table import Data, Preset, register


def reviews_network() -> Any:
    """16-16-1 on a vector of 0 and 1 for every word, with L2 and dropout."""
    l2 = regularizers.L2(0.001)
    model = models.Sequential(
        [
            layers.Input((len(reviews.WORDS),), name="words"),
            layers.Dense(16, activation="relu", kernel_regularizer=l2, name="hidden1"),
            layers.Dropout(0.5, name="dropout1"),
            layers.Dense(16, activation="relu", kernel_regularizer=l2, name="hidden2"),
            layers.Dropout(0.5, name="dropout2"),
            layers.Dense(1, activation="sigmoid", name="output"),
        ]
    )
    model.compile(optimizer=optimizers.RMSprop(learning_rate=0.003), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def reviews_data() -> Data:
    """One column for every word, and 1 for praise."""
    words, liked = reviews.load_data()
    return reviews.multi_hot(words, len(reviews.WORDS)), liked[:, None].astype("float32")


def newswires_network() -> Any:
    """64-64-46, relu and softmax."""
    model = models.Sequential(
        [
            layers.Input((newswires.WORDS,), name="words"),
            layers.Dense(64, activation="relu", name="hidden1"),
            layers.Dense(64, activation="relu", name="hidden2"),
            layers.Dense(newswires.TOPICS, activation="softmax", name="topic"),
        ]
    )
    model.compile(
        optimizer=optimizers.RMSprop(learning_rate=0.002), loss="categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def newswires_data() -> Data:
    """One column for every word, one for every topic."""
    words, topics = newswires.load_data()
    return reviews.multi_hot(words, newswires.WORDS), np.eye(newswires.TOPICS, dtype=np.float32)[topics]


def ticket_router() -> Any:
    """Title and body through embeddings and LSTMs, beside the tags; priority and department come out."""
    title = layers.Input((tickets.TITLE,), dtype="int32", name="title")
    body = layers.Input((tickets.BODY,), dtype="int32", name="body")
    tags = layers.Input((tickets.TAGS,), name="tags")
    title_words = layers.Embedding(tickets.WORDS, 8, name="title_embedding")(title)
    body_words = layers.Embedding(tickets.WORDS, 8, name="body_embedding")(body)
    title_state = layers.LSTM(16, name="title_lstm")(title_words)
    body_state = layers.LSTM(8, name="body_lstm")(body_words)
    x = layers.concatenate([title_state, body_state, tags], name="concat")
    priority = layers.Dense(1, activation="sigmoid", name="priority")(x)
    department = layers.Dense(len(tickets.DEPARTMENTS), activation="softmax", name="department")(x)
    model = models.Model(inputs=[title, body, tags], outputs=[priority, department])
    model.compile(
        optimizer=optimizers.RMSprop(learning_rate=0.005),
        loss={"priority": "binary_crossentropy", "department": "categorical_crossentropy"},
        loss_weights={"priority": 1.0, "department": 0.2},
    )
    return model


def shared_embedding() -> Any:
    """Two texts through one embedding, averaged, concatenated, 16-1."""
    first = layers.Input((reviews.LENGTH,), dtype="int32", name="text_a")
    second = layers.Input((reviews.LENGTH,), dtype="int32", name="text_b")
    embedding = layers.Embedding(len(reviews.WORDS), 8, name="embedding")
    mean_a = layers.GlobalAveragePooling1D(name="mean_a")(embedding(first))
    mean_b = layers.GlobalAveragePooling1D(name="mean_b")(embedding(second))
    x = layers.concatenate([mean_a, mean_b], name="concat")
    x = layers.Dense(16, activation="relu", name="hidden")(x)
    model = models.Model([first, second], layers.Dense(1, activation="sigmoid", name="same")(x))
    model.compile(optimizer=optimizers.Adam(learning_rate=0.02), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def two_reviews() -> Data:
    """Reviews in pairs, and 1 where both like their film or both do not."""
    words, liked = reviews.load_data(600)
    order = np.random.default_rng(0).permutation(len(words))
    same = liked == liked[order]
    return {"text_a": words, "text_b": words[order]}, same[:, None].astype("float32")


register(
    Preset(
        name="imdb-reviews",
        subject="Texts",
        title="Reviews, multi-hot: 16-16-1 with L2 and dropout",
        description="Liked or not, from which words occur. Generated reviews with a small vocabulary stand for the "
        "10,000 words of the IMDB set. The penalty of L2 is a part of the loss.",
        network=reviews_network,
        data=reviews_data,
        batch_size=32,
        epochs=15,
        goal=0.3,
        shuffle=True,
    )
)
register(
    Preset(
        name="reuters-newswires",
        subject="Texts",
        title="Newswires, multi-hot: 64-64-46, softmax",
        description="46 topics; generated wires stand for the Reuters set. Hidden layers narrower than the number of "
        "topics would lose what tells them apart.",
        network=newswires_network,
        data=newswires_data,
        batch_size=32,
        epochs=10,
        goal=0.5,
        shuffle=True,
    )
)
register(
    Preset(
        name="shared-embedding",
        subject="Texts",
        title="Shared embedding: two texts, one table of words",
        description="Do both reviews agree? Both inputs look their words up in the same table, so its gradient is "
        "the sum of two parts.",
        network=shared_embedding,
        data=two_reviews,
        batch_size=32,
        epochs=50,
        goal=0.1,
        shuffle=True,
    )
)
register(
    Preset(
        name="ticket-router",
        subject="Texts",
        title="Ticket router: embeddings, LSTM 16 and 8, tags; two outputs",
        description="Title, body and 12 tags of a ticket; how urgent, and for which department. The structure of the "
        "course's network (embeddings of 64, LSTMs of 128 and 32 units) with fewer units; losses weighted 1 and 0.2.",
        network=ticket_router,
        data=tickets.load_data,
        batch_size=32,
        epochs=20,
        goal=0.1,
        shuffle=True,
    )
)
