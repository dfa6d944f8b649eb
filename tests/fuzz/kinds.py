"""Kinds of files: good ones made on the spot, how they go wrong, and how each is read."""

import io
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import fastnn
from fastnn import layers
from fastnn.utils.checkpoints import restore_variables, save_variables
from gui import lesson, own_data, storage
from gui.session import Session
from tests.fuzz.mutations import of_bytes, of_hdf5, of_json, of_npy, of_text, of_zip, redirected
from tests.golden import files as golden

WEIGHTS = (".weights.h5", ".safetensors")
FILES = Path(__file__).parents[1] / "golden" / "files"


@dataclass(frozen=True)
class Kind:
    """Files that are read in one way.

    Args:
        name: For the command line.
        ending: Of a file's name.
        corpus: Good files, made in a folder that is empty.
        load: Reads a file as a user does.
        mutate: A wrong file from a good one, a random generator, and another good one.
    """

    name: str
    ending: str
    corpus: Callable[[Path], list[bytes]] = field(repr=False)
    load: Callable[[Path], object] = field(repr=False)
    mutate: Callable[[bytes, Any, bytes], bytes] = field(repr=False)


def mixed(*changes):
    """One of several ways to go wrong, or wrong bytes."""

    def mutate(content, rng, other):
        return rng.choice((*changes, of_bytes))(content, rng, other)

    return mutate


# ---------------------------------------------------------------- models


@lru_cache
def trained(name):
    """A small model after a little training."""
    model, x, y = golden.MODELS[name](fastnn)
    model.fit(x, y, verbose=0)
    return model


@lru_cache
def many_layers():
    """A model of layers that the golden ones lack, with objects of every kind in its configuration."""
    k = layers
    image = fastnn.Input((8, 8, 2), name="image")
    h = k.Rescaling(1 / 255)(image)
    h = k.SeparableConv2D(3, 3, bias_constraint=fastnn.constraints.MaxNorm(2))(h)
    h = k.GroupNormalization(1)(k.UpSampling2D(2)(k.ZeroPadding2D(1)(h)))
    h = k.SpatialDropout2D(0.1)(k.Conv2DTranspose(2, 2)(h))
    h = k.Cropping2D(1)(k.AveragePooling2D(2)(h))
    h = k.Reshape((-1, 2))(h)
    h = k.Add()([k.MultiHeadAttention(2, 2)(h, h), h])
    h = k.TimeDistributed(k.Dense(2, kernel_initializer=fastnn.initializers.RandomNormal(stddev=0.1)))(h)
    h = k.GlobalAveragePooling1D()(k.LayerNormalization()(h)) * 2.0 + 1.0
    words = fastnn.Input((3,), dtype="int64", name="numbers")
    w = k.CategoryEncoding(5, output_mode="multi_hot")(words)
    h = k.RepeatVector(2)(k.Concatenate()([h, k.Dense(2, k.LeakyReLU(0.1))(w)]))
    h = k.RNN([k.LSTMCell(2), k.GRUCell(2)])(h)
    model = fastnn.Model([image, words], k.Dense(1, kernel_regularizer=fastnn.regularizers.L1L2(0.1, 0.1))(h))
    rate = fastnn.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    metrics = [fastnn.metrics.AUC(num_thresholds=5), "mae", fastnn.metrics.MeanIoU(num_classes=2)]
    model.compile(fastnn.optimizers.Adam(rate, clipnorm=1.0), fastnn.losses.Huber(0.5), metrics=metrics)
    return model


def saved(model, folder, ending):
    """A model's file as bytes."""
    path = folder / f"saved{ending}"
    (model.save_weights if ending in WEIGHTS else model.save)(path)
    content = path.read_bytes()
    path.unlink()
    return content


def models(ending):
    """Files of models of an ending."""

    def corpus(folder):
        ours = [saved(trained(name), folder, ending) for name in golden.MODELS] + [saved(many_layers(), folder, ending)]
        return ours + [p.read_bytes() for p in sorted(FILES.glob(f"*{ending}")) if not p.name.endswith(".weights.h5")]

    return corpus


def weights(folder):
    """Files of weights alone, and of variables by name."""
    model = trained("images")
    save_variables(two_variables(), folder / "x.ckpt")
    variables = (folder / "x.ckpt").read_bytes()
    (folder / "x.ckpt").unlink()
    return [saved(model, folder, ".weights.h5"), saved(model, folder, ".h5"), variables]


def two_variables():
    return [fastnn.Variable(np.ones(shape, "float32"), name=name) for name, shape in (("w", (2, 3)), ("b/0", ()))]


def load_weights(path):
    """Both readers; one of them is for the file."""
    model = golden.MODELS["images"](fastnn)[0]
    if b"variables\0" in path.read_bytes():
        restore_variables(two_variables(), path)
    else:
        model.load_weights(path)


def hdf5(content, rng, other):
    return of_hdf5(content, rng)


def hdf5_within(content, rng):
    return rng.choice((of_hdf5(content, rng), redirected(content, rng, content)))


IN_ARCHIVES = {".json": of_json, ".h5": hdf5_within, ".npy": of_npy}


def archive(content, rng, other):
    return of_zip(content, rng, other, IN_ARCHIVES)


def safetensors(folder):
    """Weights by name, and those of another model."""
    return [saved(trained(name), folder, ".safetensors") for name in ("images", "words")]


def load_safetensors(path):
    """As weights of the model that they are of, by the words in the file."""
    trained("words" if b"embedding" in path.read_bytes() else "images").load_weights(path)


def header_of_safetensors(content, rng, other):
    """Another header, and perhaps another length of it."""
    size = int.from_bytes(content[:8], "little")
    head = of_json(content[8 : 8 + size], rng)
    said = rng.choice((len(head),) * 4 + (0, 2**40, 2**63))
    return said.to_bytes(8, "little") + head + content[8 + size :]


# ---------------------------------------------------------------- sessions, lessons


def sessions(folder):
    """A preset's session and one of an own model."""
    found = []
    for make in (by_preset, by_model):
        session = Session()
        make(session)
        session.goto(len(session.steps) + 3)
        storage.save(session, folder / "s.fastnn")
        found.append((folder / "s.fastnn").read_bytes())
        (folder / "s.fastnn").unlink()
    return found


def by_preset(session):
    session.load("xor")


def by_model(session):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)).astype("float32"), rng.normal(size=(20, 2)).astype("float32")
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(4, "relu"), layers.Dense(2)])
    model.compile("adam", "mse")
    session.load_model(model, x, y, batch_size=8)


def in_session(content, rng, other):
    return of_zip(content, rng, other, {**IN_ARCHIVES, ".keras": archive_within})


def archive_within(content, rng):
    return archive(content, rng, content)


def load_session(path):
    storage.restore(Session(), path)


OWN_LESSON = b"""title: Own
blueprint:
    Input((2,))
    Dense(3, activation="tanh")
    Dense(1)
    compile(SGD(0.1), "mse")
data:
    0 1 | 1
    1 1 | 0
test:
    1 0 | 1
batch: 2
seed: 3

---
title: One
cursor: after forward tanh
select: dense.tanh[0, 0]
sample: 1
show: values
ask: How much?
answer: dense_2.dense[0, 0] at after forward dense_2

The loss is {loss}, **and** `x` {x[0, 0]}.
"""


def lessons(_):
    return [OWN_LESSON, (lesson.FOLDER / "03-gradient-step.txt").read_bytes()]


def load_lesson(path):
    """Read a lesson and go through its steps."""
    found, session = lesson.find(str(path)), Session()
    session.load(found.source(), int(found.keys.get("seed", 0)))
    for stage in found.stages:
        where = lesson.destination(session, stage)
        if where > 1000:  # the app goes there in a thread that can be stopped
            raise ValueError("far away")
        session.goto(where)
        lesson.dress(session, stage)
        lesson.as_html(session, stage.text)
        if "answer" in stage.keys:
            lesson.answer(session, stage)


# ---------------------------------------------------------------- data


def tables(_):
    words = b"height,width,kind\n" + b"".join(b"%d,%.2f,%s\n" % (i, i / 7, (b"cat", b"dog")[i % 2]) for i in range(30))
    numbers = b"\n".join(b"%d;%d,5;%d" % (i, i * i, i % 3) for i in range(20))
    return [words, numbers]


def npz(_):
    """Arrays, as they are and packed."""
    x, y = np.random.default_rng(0).normal(size=(12, 4, 4, 1)).astype("f4"), np.arange(12) % 3
    found = []
    for write in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        write(stream, x=x, y=y)
        found.append(stream.getvalue())
    return found


def pictures(folder):
    """Small pictures in four formats; the folder beside them is the other class."""
    from PIL import Image

    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 7, 3), "uint8"))
    found = []
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"):
        stream = io.BytesIO()
        picture.save(stream, kind)
        found.append(stream.getvalue())
    for name in ("a", "b"):
        (folder / "two" / name).mkdir(parents=True)
        picture.save(folder / "two" / name / "0.png")
    return found


def load_picture(path):
    """The folder of two classes with the picture in one of them."""
    two = path.parent / "two"
    (two / "b" / "1.png").write_bytes(path.read_bytes())
    own_data.read(two, size=(8, 8))


def sizes_of_picture(content, rng, _):
    """A PNG whose header says another size, with the right check sum."""
    if not content.startswith(b"\x89PNG"):
        return of_bytes(content, rng, content)
    import zlib

    size = struct.pack(">2I", rng.choice((0, 1, 7, 2**15, 2**31 - 1)), rng.choice((0, 9, 2**15, 2**31 - 1)))
    head = b"IHDR" + size + content[24:29]
    return content[:12] + head + struct.pack(">I", zlib.crc32(head)) + content[33:]


def load_badly(path):
    """What a reader must not do, by the length of the file: for the test of the fuzzer itself."""
    length = len(path.read_bytes())
    if length == 1:
        os.abort()
    if length == 2:
        raise KeyError("unexpected")
    if length == 3:
        open("/nowhere", "w").close()
    if length == 4:
        raise ValueError
    if length == 5:
        return bytearray(8 << 30)
    if length == 6:
        (path.parent / "left").touch()
    while length == 7:
        pass
    return None


KINDS = {
    kind.name: kind
    for kind in (
        Kind("keras", ".keras", models(".keras"), fastnn.models.load_model, mixed(archive, archive, archive)),
        Kind("h5", ".h5", models(".h5"), fastnn.models.load_model, mixed(hdf5, redirected)),
        Kind("weights", ".h5", weights, load_weights, mixed(hdf5, redirected)),
        Kind("safetensors", ".safetensors", safetensors, load_safetensors, mixed(header_of_safetensors)),
        Kind("session", ".fastnn", sessions, load_session, mixed(in_session, in_session, in_session)),
        Kind("npz", ".npz", npz, own_data.read, mixed(archive)),
        Kind("csv", ".csv", tables, own_data.read, mixed(of_text, of_text)),
        Kind("lesson", ".txt", lessons, load_lesson, mixed(of_text, of_text)),
        Kind("picture", ".png", pictures, load_picture, mixed(sizes_of_picture)),
        Kind("bad reader", "", lambda _: [bytes(9)], load_badly, lambda content, rng, _: bytes(rng.randrange(9))),
    )
}  # fmt: skip
