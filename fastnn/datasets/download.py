"""Files fetched once, checked by their hash and kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from fastnn import config
from fastnn.errors import FastnnError

CHUNK = 2**18  # bytes
PATIENCE = 30  # seconds without a byte until a server counts as gone


class DatasetError(FastnnError, OSError, ValueError):
    """A file of data cannot be fetched or read, or is not what it should be."""


def cache_folder() -> Path:
    """Where downloads are kept: `datasets` in fastnn's folder."""
    return config.home() / "datasets"


def fetch(url: str, place: Path, known: str | None = None, anew: bool = False) -> Path:
    """The file at `place`, downloaded from `url` unless it is there already with the right hash.

    Processes that want the same file at once wait for the first of them. Nothing unfinished is ever at `place`, and
    what is there stays until all of its successor has come and has the right hash.

    Args:
        url: Where the file is: `https:`, `http:`, `ftp:` or `file:`.
        place: Where it is kept.
        known: Its hash after the name of the algorithm and a colon, such as 'sha256:731c…'; None to check nothing.
        anew: Whether to download it even if it is there.

    Raises:
        DatasetError: The download fails, has another hash, or cannot be written.
    """
    try:
        if anew or not is_right(place, known):
            place.parent.mkdir(parents=True, exist_ok=True)
            with alone(place):
                if anew or not is_right(place, known):  # another process may have been faster
                    download(url, place, known)
    except Exception as error:  # what the libraries for the net raise has no common base
        told = f" with {known.replace(':', ' ')}" if known else ""
        raise DatasetError(
            f"expected {place.name} from {url}{told} in {place.parent}, received: {other(place, known)}{error}. "
            f"Without a network, put the {'right ' if place.is_file() else ''}file there yourself.{lost_folder(place)}"
        ) from error
    return place


def other(place: Path, known: str | None) -> str:
    """The beginning of a sentence about a file that is there, but is another one."""
    with suppress(OSError):
        if place.is_file() and known is not None and not is_right(place, known):
            return f"a file there of another hash, {hash_of(place, known).replace(':', ' ')}, and no other: "
    return ""


def lost_folder(place: Path) -> str:
    """A sentence about FASTNN_DATA, if it names a folder that does not exist and a data set is looked for."""
    data = os.environ.get("FASTNN_DATA")
    if not data or Path(data).is_dir() or place.parent != cache_folder():
        return ""
    return f" FASTNN_DATA names a folder that does not exist: {data!r}."


def is_right(place: Path, known: str | None) -> bool:
    """Whether there is a file with that hash."""
    return place.is_file() and (known is None or hash_of(place, known) == known.lower())


def hash_of(file: Path, known: str) -> str:
    """The hash of a file, by the algorithm that a known hash names."""
    import hashlib

    algorithm = known.split(":")[0]
    found = hashlib.new(algorithm, usedforsecurity=False)
    with file.open("rb") as content:
        while chunk := content.read(CHUNK):
            found.update(chunk)
    return f"{algorithm}:{found.hexdigest()}"


def download(url: str, place: Path, known: str | None) -> None:
    """Write the file aside, and put it at its place when it is whole and right."""
    part = place.with_name(f".{place.name}.part")
    try:
        transfer(url, part)
        if known is not None and not is_right(part, known):
            raise ValueError(f"a file of another hash, {hash_of(part, known).replace(':', ' ')}")
        os.replace(part, place)
    finally:
        part.unlink(missing_ok=True)


def transfer(url: str, part: Path) -> None:
    """Copy what is at an address into a file; a bar shows the progress on a terminal."""
    import shutil
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    import pooch
    from tqdm import tqdm

    address = urlsplit(url)
    if address.scheme == "file":
        shutil.copyfile(url2pathname(address.path), part)
    elif address.scheme in ("http", "https"):
        quiet = not sys.stderr.isatty()
        with tqdm(desc=part.name[1:-5], total=1, unit="B", unit_scale=True, disable=quiet) as bar:
            as_it_is = {"Accept-Encoding": "identity"}
            get = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK, timeout=PATIENCE, headers=as_it_is)
            get(url, part, None)
    else:
        pooch.downloaders.choose_downloader(url)(url, part, None)


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Keep other processes from fetching the same file; the lock ends with its process, however that ends."""
    path = place.with_name(f".{place.name}.lock")
    while True:
        with path.open("ab") as file:
            wait_for(file)
            if not is_still(file, path):  # who had the lock before took the file away
                continue
            try:
                yield
            finally:
                with suppress(OSError):  # Windows keeps files that are open
                    path.unlink()
            return


def wait_for(file: IO[bytes]) -> None:
    """Lock a file as soon as nobody else has it locked."""
    if sys.platform == "win32":
        import msvcrt
        import time

        while True:
            with suppress(OSError):  # locked by another process for ten seconds by now
                return msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            time.sleep(0.1)
    import fcntl

    return fcntl.flock(file, fcntl.LOCK_EX)


def is_still(file: IO[bytes], path: Path) -> bool:
    """Whether an open file is the one at a path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
