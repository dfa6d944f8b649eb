"""What may become of a good file: bytes that are wrong, and parts that are well formed and mean harm."""

import contextlib
import copy
import io
import json
import struct
import warnings
import zipfile

import h5py
import numpy as np

import fastnn

NUMBERS = (0, -1, 1, 2, 3, 255, 2**31 - 1, 2**31, 2**32, 2**62, 2**63, 10**9, 10**12, 10**40, 0.5, -0.0, 1e-320, 1e308)
NOT_FINITE = (float("nan"), float("inf"), float("-inf"))
TEXTS = (
    "", "\0", "a/../../b", "/etc/hostname", "../x", "http://127.0.0.1:9/x", "file:///etc/hostname", "\ud800", "é" * 300,
    "relu", "Dense", "Sequential", "float32", "object", "O", "__class__", "__import__('os')", "None", "x" * 70_000,
)  # fmt: skip
CODE = (
    {"module": "os", "class_name": "system", "config": {"command": "touch evil"}, "registered_name": None},
    {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"},
    {"module": "fastnn.utils", "class_name": "function", "config": "get_file", "registered_name": "get_file"},
    {"module": "keras.utils", "class_name": "get_file", "config": {"origin": "http://127.0.0.1:9/"}},
    {"class_name": "__lambda__", "config": {"code": "4wAAAAA=", "defaults": None, "closure": None}},
    {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "l", "function": ["4wAAAAA=", None, None]}},
    {"class_name": "__tuple__", "items": [1, {"class_name": "__slice__", "config": ["a", {}, []]}]},
    {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}},
    {"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": "O"}},
    {"class_name": "DTypePolicy", "config": {"name": 7}},
    {
        "module": "keras.src.saving.serialization_lib",
        "class_name": "function",
        "config": "enable_unsafe_deserialization",
    },
)
ROOMS = (
    fastnn.layers,
    fastnn.initializers,
    fastnn.losses,
    fastnn.metrics,
    fastnn.optimizers,
    fastnn.optimizers.schedules,
)
CLASSES = sorted({name for room in ROOMS for name in dir(room) if name[0].isupper()})
WORDS = struct.pack("<8Q", 0, 1, 2**16, 2**31 - 1, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)


def hostile(rng, depth=0):
    """A value that a reader may not expect."""
    choice = rng.randrange(9)
    if choice < 3:
        return rng.choice(NUMBERS)
    if choice == 3:
        return rng.choice(NOT_FINITE)
    if choice == 4:
        return rng.choice(TEXTS)
    if choice == 5:
        return rng.choice((None, True, False, [], {}))
    if choice == 6:
        return copy.deepcopy(rng.choice(CODE))  # it may be changed, too
    if depth > 2:
        return []
    inner = [hostile(rng, depth + 1) for _ in range(rng.randrange(1, 4))]
    return inner if choice == 7 else dict(zip(("class_name", "config", "name"), inner, strict=False))


# ---------------------------------------------------------------- bytes


def of_bytes(content, rng, other):
    """A file with wrong bytes."""
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        content = rng.choice((flipped, flipped, cut, without, twice, swapped, overwritten, spliced))(
            content, rng, other
        )
    return content


def flipped(content, rng, _):
    wrong = bytearray(content or b"\0")
    wrong[rng.randrange(len(wrong))] ^= 1 << rng.randrange(8)
    return bytes(wrong)


def piece(content, rng):
    start = rng.randrange(len(content) + 1)
    return start, min(len(content), start + rng.choice((1, 2, 8, 64, 1024)))


def cut(content, rng, _):
    return content[: rng.randrange(len(content) + 1)]


def without(content, rng, _):
    start, end = piece(content, rng)
    return content[:start] + content[end:]


def twice(content, rng, _):
    start, end = piece(content, rng)
    return content[:end] + content[start:end] * rng.choice((1, 2, 100)) + content[end:]


def swapped(content, rng, _):
    (a, b), (c, d) = sorted((piece(content, rng), piece(content, rng)))
    return content[:a] + content[c:d] + content[max(b, a) : c] + content[a:b] + content[d:] if b <= c else content


def overwritten(content, rng, _):
    start, size = rng.randrange(len(content) + 1), rng.choice((1, 2, 4, 8))
    at = 8 * rng.randrange(8)
    return content[:start] + WORDS[at : at + size] + content[start + size :]


def spliced(content, rng, other):
    start, end = piece(other, rng)
    at = rng.randrange(len(content) + 1)
    return content[:at] + other[start:end] + content[at:]


# ---------------------------------------------------------------- JSON


def of_json(text, rng):
    """JSON with values that nobody expects, one to four of them."""
    tree = json.loads(text)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        change(tree, rng)
    said = json.dumps(tree)
    if rng.random() < 0.02:
        said = said.replace("null", rng.choice(('{"a":' * 99999 + "1", "[" * 99999, "1" + "0" * 5000, '"\\u0000"')), 1)
    return said.encode()


def holders(tree):
    """All lists and tables of a tree that are not empty."""
    found, waiting = [], [tree]
    while waiting:
        here = waiting.pop()
        if isinstance(here, (dict, list)) and here:
            found.append(here)
            waiting.extend(here.values() if isinstance(here, dict) else here)
    return found


def change(tree, rng):
    """One change of a tree in place."""
    places = holders(tree)
    if not places:
        return
    place = rng.choice(places)
    key = rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
    what = rng.randrange(8)
    if what == 0:
        del place[key]
    elif what == 1:
        source = rng.choice(places)
        place[key] = json.loads(json.dumps(rng.choice(list(source.values()) if isinstance(source, dict) else source)))
    elif what == 2 and isinstance(place, dict):
        place[rng.choice(TEXTS)] = hostile(rng)
    elif what == 2:
        place.insert(key, hostile(rng))
    elif what == 4 and isinstance(place, dict) and "class_name" in place:
        place["class_name"] = rng.choice(CLASSES)
    elif what == 3 and isinstance(place[key], int):
        place[key] += rng.choice((-1, 1, 7, -place[key]))
    else:
        place[key] = hostile(rng)


# ---------------------------------------------------------------- archives


def of_zip(content, rng, other, members):
    """An archive with parts changed by their endings, or with other names, flags and sizes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    at = rng.randrange(len(parts))
    name, part = parts[at]
    what = rng.randrange(12)
    if what == 0:
        parts.append((name, part))
    elif what == 1:
        parts[at] = (rng.choice(("../evil", "/tmp/evil", name.upper(), name + "\0", "x/" + name)), part)
    elif what == 2:
        del parts[at]
    elif what == 3:
        parts[at] = (name, bytes(rng.choice((0, 10, 70 << 20) if rng.random() < 0.1 else (0, 10))))
    elif what == 4:
        parts[at] = (name, of_bytes(part, rng, other))
    else:
        ending = name[name.rfind(".") :]
        parts[at] = (name, members[ending](part, rng) if ending in members else of_bytes(part, rng, other))
    packed = rng.choice((zipfile.ZIP_STORED,) * 3 + (zipfile.ZIP_DEFLATED,)) if what != 3 else zipfile.ZIP_DEFLATED
    found = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(found, "w", packed) as archive:
        warnings.simplefilter("ignore")  # of a name that is there twice
        for name, part in parts:
            archive.writestr(name, part)
    return wrong_entry(found.getvalue(), rng) if rng.random() < 0.2 else found.getvalue()


def wrong_entry(content, rng):
    """An archive whose directory says something else than it holds: flags, sizes, places."""
    at = content.rfind(b"PK\1\2", 0, rng.randrange(len(content) // 2, len(content) + 1))
    field, size = rng.choice(((8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4)))
    value = rng.choice((0, 1, 2, 255, 2**16 - 1, 2**31, 2**32 - 1)) % 256**size
    place = at + field
    return content if at < 0 else content[:place] + value.to_bytes(size, "little") + content[place + size :]


# ---------------------------------------------------------------- HDF5


def redirected(content, rng, _):
    """An HDF5 file in which places name other places than before: circles, among others."""
    words = np.frombuffer(content[: len(content) // 8 * 8], "<u8").copy()
    places = np.flatnonzero((words > 0) & (words < len(content)))
    for _ in range(rng.choice((1, 1, 2, 4))):
        at, other = rng.choice(places), rng.choice(places)
        words[at] = rng.choice((words[other], 8 * at, words[at] + 8, words[at] - 8))
    return words.tobytes() + content[len(words) * 8 :]


def of_hdf5(content, rng):
    """An HDF5 file, as well formed as before, with entries that nobody expects."""
    stream = io.BytesIO(content)
    with h5py.File(stream, "r+") as h5:
        for _ in range(rng.choice((1, 1, 2))):
            everything = [h5]
            h5.visititems(lambda _, item, found=everything: found.append(item))
            place = rng.choice(everything)
            with contextlib.suppress(ValueError, TypeError, OSError, RuntimeError, KeyError):
                rng.choice((change_attribute, change_attribute, change_entry))(h5, place, rng)
    return stream.getvalue()


def change_attribute(h5, place, rng):
    """Another value under an attribute's name."""
    holder = place if len(place.attrs) and rng.random() < 0.7 else h5
    name = rng.choice(list(holder.attrs) or ["layer_names"])
    old = holder.attrs.get(name)
    text = old if isinstance(old, str) else bytes(old).decode() if isinstance(old, bytes) else ""
    values = (
        rng.choice(NUMBERS[:10]), np.zeros((0, 3)), np.ones((2, 2), "f2"), h5.ref, h5py.Empty("S4"), b"\xff\xfe",
        np.array([b"dense", b"a/../b", b""]), "{}", "[]", "[" * 9999, np.zeros(3, "V5"), "x" * 60_000,
        np.array(["a"] * 3, h5py.string_dtype()), np.array([h5.ref], h5py.ref_dtype), np.void(b"12"),
    )  # fmt: skip
    json_like = text.startswith("{") and rng.random() < 0.7
    value = of_json(text, rng) if json_like else rng.choice(values)
    del holder.attrs[name]
    holder.attrs[name] = value


def change_entry(h5, place, rng):
    """Something else under a name: other numbers, links, or nothing."""
    group = place if isinstance(place, h5py.Group) else place.parent
    if not len(group):
        return
    name = rng.choice(list(group))
    what = rng.randrange(9)
    old = group[name]
    shape = old.shape if isinstance(old, h5py.Dataset) else (2, 3)
    del group[name]
    if what == 0:
        group.create_dataset(name, data=np.ones((*shape, 2), "f4"))
    elif what == 1:
        group.create_dataset(name, shape=(10**9, 10**4), dtype="f4", chunks=(100, 100))
    elif what == 2:
        group[name] = h5py.ExternalLink("/etc/hostname", "/")
    elif what == 3:
        group[name] = h5py.SoftLink(rng.choice((f"{group.name}/{name}", "/", "/nowhere")))
    elif what == 4:
        group[name] = rng.choice((h5, group))
    elif what == 5:
        group.create_dataset(name, shape, "f4", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)])
    elif what == 6:
        layout = h5py.VirtualLayout(shape=shape, dtype="f4")
        layout[...] = h5py.VirtualSource("/etc/hostname", "x", shape=shape)
        group.create_virtual_dataset(name, layout)
    elif what == 7:
        kinds = ("c8", "S3", "f2", "f8", "i8", "u1", "?", ">f4", [("a", "f4")], h5py.ref_dtype, h5py.string_dtype())
        group.create_dataset(name, shape, rng.choice(kinds))


# ---------------------------------------------------------------- text


def of_text(content, rng, other):
    """A text with other words and lines."""
    lines = content.decode("utf-8", "surrogateescape").splitlines()
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(lines) + 1)
        mine = lines[at] if at < len(lines) else ""
        words = mine.split(" ")
        new = str(rng.choice((hostile(rng), rng.choice(NUMBERS), rng.choice(SIGNS), "9" * 5000)))
        words[rng.randrange(len(words))] = new
        theirs = rng.choice(other.decode("utf-8", "surrogateescape").splitlines() or [""])
        lines[at : at + rng.randrange(2)] = rng.choice(
            ([" ".join(words)], [mine, mine], [theirs], [new], [f"{mine}{new}"])
        )
    return "\n".join(lines).encode("utf-8", "surrogatepass")


SIGNS = (
    "{x[0, 0]}",
    "---",
    ":",
    "{",
    "'",
    '"',
    ",",
    ";",
    "\t",
    "\r",
    "(" * 300,
    "[" * 9000,
    "-" * 5000,
    "1e999",
    "{loss}",
)


# ---------------------------------------------------------------- arrays


HEADERS = (
    ("<f4", "O"), ("<f4", "<f8"), ("<f4", "<U9"), ("<f4", "V8"), ("<f4", "m8"), ("<f4", "<f2"), ("False", "True"),
    ("(", "(99999999999, "), ("(", "(-1, "), ("(", "(" * 500), ("}", "'a': 1}"), ("'", "\0"),
)  # fmt: skip


def of_npy(content, rng):
    """An array whose header says something else."""
    end = content.find(b"\n") + 1
    header = content[10:end].decode("latin1")
    old, new = rng.choice(HEADERS)
    said = header.replace(old, new, 1).encode("latin1")
    return content[:8] + len(said).to_bytes(2, "little") + said + content[end:]
