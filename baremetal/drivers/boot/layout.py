"""Files that a boot server hands out: there whole, or not at all."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from baremetal.domain.errors import InvalidInput
from baremetal.drivers.interfaces.place import BootPlace

#: Beneath the root: a script for each card that shall boot, and kernels and ramdisks.
SCRIPTS: Final = "nodes"
_FILES: Final = "files"


def file_name(mac: str) -> str:
    """Of a card, as iPXE's ``hexhyp`` has it."""
    return mac.lower().replace(":", "-")


def script_path(place: BootPlace, mac: str) -> Path:
    """Where the script for a card is, while it shall boot."""
    return place.root / SCRIPTS / f"{file_name(mac)}.ipxe"


def write(path: Path, text: str) -> None:
    """Put a small file there, in one moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Nobody serves or reads names that begin with a dot.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "w") as out:
            out.write(text)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def put(source: Path, target: Path) -> None:
    """Put a copy there, in one moment."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".draft-") as scratch:
        draft = Path(scratch) / target.name
        shutil.copyfile(source, draft)
        draft.chmod(0o644)
        draft.replace(target)


def remove(path: Path) -> None:
    """Take it away, if it is there."""
    path.unlink(missing_ok=True)


def reachable(place: BootPlace, url: str) -> str:
    """The URL by which machines reach a kernel or ramdisk; a file is put beneath the root.

    :raises InvalidInput: there is no such file.
    """
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        return url
    source = Path(unquote(parts.path))
    try:
        found = source.stat()
    except OSError as error:
        raise InvalidInput(f"{source} cannot be booted: {error.strerror}.") from error
    # A name of its own for each version, so that none changes while a machine reads it.
    name = f"{found.st_mtime_ns:x}-{found.st_size:x}-{source.name}"
    target = place.root / _FILES / name
    if not target.exists():
        put(source, target)
    return f"{place.url}/{_FILES}/{name}"
