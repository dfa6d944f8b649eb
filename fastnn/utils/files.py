"""Files fetched once and kept, and archives unpacked next to them."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from fastnn import config
from fastnn.datasets.archives import read_out, reading, refuse_elsewhere, refuse_growth, refuse_outside
from fastnn.datasets.download import alone, fetch

ALGORITHMS = {32: "md5", 64: "sha256"}  # by the length of the hash
FORMATS = ("tar", "zip")
LARGEST_GROWTH = 1000  # times an archive's size; sets of data grow about twentyfold
NEVER_REFUSED = 100 * 2**20  # bytes of content that any archive may have


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """The path of a file, or of an archive's content, that is downloaded at the first call.

    Args:
        fname: Its name in the cache; the last part of the address by default. With extract, a name without a dot is
            that of the folder, and the archive is kept as `<fname>_archive`; for a name with one, the folder is the
            part before the dot and `_extracted`.
        origin: The address: `https:`, `http:`, `ftp:` or `file:`.
        untar: The same as extract for a .tar file.
        md5_hash: Older spelling of file_hash, for MD5.
        file_hash: SHA-256 or MD5 of the file, checked; a file in the cache with another one is downloaded anew.
        cache_subdir: Folder within the cache, or a folder of its own if it is absolute.
        hash_algorithm: 'auto', 'sha256' or 'md5'; 'auto' goes by the hash's length.
        extract: Whether to unpack a .zip or .tar file (also .tar.gz, .tar.bz2, .tar.xz); the path is then that of the
            folder.
        archive_format: 'tar', 'zip', a list of both, or 'auto' for both.
        cache_dir: The cache; `~/.fastnn` (or FASTNN_HOME) by default.
        force_download: Whether to download again.

    Raises:
        ValueError: without an address, or with a name, hash or format that is none.
        DatasetError: (an OSError and a ValueError) if the download fails or has another hash, or for an archive that
            is damaged or leads out of its folder.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> n = (folder / "words.txt").write_text("one two")
        >>> path = get_file(origin=(folder / "words.txt").as_uri(), cache_dir=folder)
        >>> pathlib.Path(path).read_text()
        'one two'
    """
    if origin is None:
        raise ValueError("Expected origin, the address of the file. Received: origin=None")
    folder = Path(cache_dir or config.home()).expanduser() / cache_subdir
    known = known_hash(file_hash, hash_algorithm) or known_hash(md5_hash, "md5")
    if not (extract or untar):
        return str(fetch(origin, folder / checked_name(fname, origin), known, force_download))
    formats = checked_formats("tar" if untar else archive_format)
    archive, content = (folder / name for name in archive_names(fname, origin))
    fetch(origin, archive, known, force_download)
    return str(unpacked(archive, content, formats))


def checked_name(fname: str | os.PathLike[str] | None, origin: str) -> str:
    """The file's name in the cache.

    Raises:
        ValueError: It is a path, or the address has none.

    Example:
        >>> checked_name(None, "https://a.org/b/c.txt?download=1")
        'c.txt'
    """
    name = os.fspath(fname) if fname else unquote(PurePosixPath(urlsplit(origin).path).name)
    if not name or name in (".", "..") or Path(name).name != name:
        raise ValueError(f"Expected fname to be a name without folders. Received: fname={fname!r}, origin={origin!r}")
    return name


def archive_names(fname: str | os.PathLike[str] | None, origin: str) -> tuple[str, str]:
    """What an archive and the folder of its content are called in the cache, as in Keras.

    Example:
        >>> archive_names("flowers.tar.gz", "https://a.org/b.tgz"), archive_names("flowers", "https://a.org/b.tgz")
        (('flowers.tar.gz', 'flowers_extracted'), ('flowers_archive', 'flowers'))
        >>> archive_names(None, "https://a.org/b.tgz")
        ('b.tgz_archive', 'b.tgz')
    """
    name = checked_name(fname, origin)
    if fname and "." in name:
        return name, name[: name.find(".")] + "_extracted"
    return f"{name}_archive", name


def known_hash(digest: str | None, algorithm: str) -> str | None:
    """A hash after its algorithm and a colon.

    Raises:
        ValueError: It is none of that algorithm.

    Example:
        >>> known_hash("731C5ac602752760c8e48fbffcf8c3b8", "auto")
        'md5:731c5ac602752760c8e48fbffcf8c3b8'
    """
    if algorithm not in ("auto", *ALGORITHMS.values()):
        raise ValueError(
            f"Expected hash_algorithm to be 'auto', 'md5' or 'sha256'. Received: hash_algorithm={algorithm!r}"
        )
    if digest is None:
        return None
    of_length = ALGORITHMS.get(len(digest))
    if of_length is None or algorithm not in ("auto", of_length) or set(digest.lower()) - set("0123456789abcdef"):
        raise ValueError(
            f"Expected a hash of 32 (md5) or 64 (sha256) hexadecimal digits. Received: {digest!r} for {algorithm!r}"
        )
    return f"{of_length}:{digest.lower()}"


def checked_formats(archive_format: Any) -> tuple[str, ...]:
    """The formats to try.

    Raises:
        ValueError: One is no format.
    """
    formats = FORMATS if archive_format == "auto" else archive_format
    formats = (formats,) if isinstance(formats, str) else tuple(formats or ())
    if not formats or not set(formats) <= set(FORMATS):
        raise ValueError(f"Expected archive_format to be 'auto', 'tar' or 'zip'. Received: {archive_format!r}")
    return formats


def unpacked(archive: Path, folder: Path, formats: tuple[str, ...] = FORMATS) -> Path:
    """The folder with the content of an archive; unpacked aside, and again only if the archive is a newer one.

    Raises:
        DatasetError: for a file that is no archive, a damaged one, or one with members outside of the folder.
    """
    with reading(f"a .{' or .'.join(formats)} file with files and folders alone at {archive}"), alone(folder):
        if folder.is_dir() and folder.stat().st_mtime_ns >= archive.stat().st_mtime_ns:
            return folder
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name[:100]}.") as aside:
            content = Path(aside, "content")
            content.mkdir()
            unpack(archive, content, formats)
            os.utime(content)
            if folder.exists():
                folder.rename(Path(aside, "before"))
            content.rename(folder)
    return folder


def unpack(archive: Path, folder: Path, formats: tuple[str, ...]) -> None:
    """Write the files of an archive into a folder, after a look at where all of them go and how large they are."""
    import tarfile

    if "tar" in formats and tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            size, largest = 0, largest_content(archive, folder)
            for member in tar:
                refuse_elsewhere(member)
                member.mode = 0o755 if member.isdir() else 0o644
                size += member.size + tarfile.BLOCKSIZE
                refuse_growth("the content", size, largest)
            safe: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(folder, **safe)
            read_out(tar.fileobj)
    elif "zip" in formats and zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for name in zipped.namelist():
                refuse_outside(name)
            size = sum(member.file_size for member in zipped.infolist())
            refuse_growth("the content", size, largest_content(archive, folder))
            zipped.extractall(folder)
    else:
        raise ValueError("another kind of file")


def largest_content(archive: Path, folder: Path) -> int:
    """How many bytes an archive may unpack to: no more than the disk holds, or than anybody would pack so small."""
    growth = max(LARGEST_GROWTH * archive.stat().st_size, NEVER_REFUSED)
    return min(growth, shutil.disk_usage(folder).free)
