"""Files fetched once and kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastnn import config


def get_file(
    fname: str | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: Any = None,
    force_download: bool = False,
) -> str:
    """The path of a file that is downloaded at the first call.

    Args:
        fname: Its name in the cache; the last part of the address by default.
        origin: The address.
        untar: The same as extract.
        md5_hash: Older spelling of file_hash, for MD5.
        file_hash: SHA-256 or MD5 of the file, checked.
        cache_subdir: Folder within the cache.
        hash_algorithm: 'auto', 'sha256' or 'md5'; the hash's length says which.
        extract: Whether to unpack a .zip or .tar file; the path is then that of the folder.
        archive_format: Ignored: the file says what it is.
        cache_dir: The cache; `~/.fastnn` (or FASTNN_HOME) by default.
        force_download: Whether to download again.

    Raises:
        ValueError: without an address, or for a file with another hash, or an archive that leads out of its folder.
        OSError: if the download fails.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> n = (folder / "words.txt").write_text("one two")
        >>> path = get_file(origin=(folder / "words.txt").as_uri(), cache_dir=folder)
        >>> pathlib.Path(path).read_text()
        'one two'
    """
    import pooch

    if origin is None:
        raise ValueError("Expected origin, the address of the file. Received: origin=None")
    folder = Path(cache_dir or config.home()) / cache_subdir
    name = fname or origin.rstrip("/").rsplit("/", 1)[-1]
    if Path(name).name != name:
        raise ValueError(f"Expected fname to be a name without folders. Received: fname={name!r}")
    given = file_hash or md5_hash
    known = None if given is None else f"{'md5' if len(given) == 32 else 'sha256'}:{given}"
    target = folder / name
    if force_download:
        target.unlink(missing_ok=True)
    if origin.startswith("file:"):
        fetch_local(origin, target, known)
    else:
        pooch.retrieve(origin, known, fname=name, path=folder)
    return str(unpacked(target) if extract or untar else target)


def fetch_local(origin: str, target: Path, known: str | None) -> None:
    """Copy a file of this machine into the cache."""
    import shutil
    from urllib.parse import urlparse
    from urllib.request import url2pathname

    import pooch

    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(target.name + ".part")
    shutil.copyfile(url2pathname(urlparse(origin).path), aside)
    if known is not None and not pooch.hashes.hash_matches(str(aside), known):
        aside.unlink()
        raise ValueError(f"Expected a file of hash {known} at {origin}. Received: another one")
    aside.replace(target)


def unpacked(archive: Path) -> Path:
    """The folder with the content of an archive, next to it.

    Raises:
        ValueError: for a file that is no archive, or one with members outside of the folder.
    """
    import tarfile
    import zipfile

    folder = archive.with_name(archive.name + "_extracted")
    if folder.exists():
        return folder
    aside = archive.with_name(folder.name + ".part")
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as content:
            check_members(content.namelist(), archive, aside)
            content.extractall(aside)
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as content:
            members = content.getmembers()
            check_members([m.name for m in members], archive, aside)
            if not all(m.isfile() or m.isdir() for m in members):
                raise ValueError(f"Expected files and folders alone in '{archive}'. Received: links or devices")
            content.extractall(aside)
    else:
        raise ValueError(f"Expected a .zip or .tar file. Received: '{archive}'")
    aside.rename(folder)
    return folder


def check_members(names: list[str], archive: Path, folder: Path) -> None:
    """Refuse members that would be written elsewhere."""
    inside = folder.resolve()
    for name in names:
        if not (folder / name).resolve().is_relative_to(inside):
            raise ValueError(f"Expected members within the folder of '{archive}'. Received: {name!r}")
