"""Files that a boot server hands out: there whole, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from baremetal.domain.errors import InvalidInput
from baremetal.drivers.interfaces.place import BootPlace

#: Beneath the root: a script for each card that shall boot, and kernels and ramdisks.
SCRIPTS: Final = "nodes"
_FILES: Final = "files"
_ANY_SCRIPT: Final = "[!.]*.ipxe"

#: Tells a file from another of the same name that has taken its place: inode, time of change.
Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Offered:
    """What cards find: files named by `file_name`, whatever follows it."""

    scripts: Mapping[Path, Stamp]
    hosts: Mapping[Path, Stamp]


def file_name(mac: str) -> str:
    """Of a card, as iPXE's ``hexhyp`` has it."""
    return mac.lower().replace(":", "-")


def script_path(place: BootPlace, mac: str) -> Path:
    """Where the script for a card is, while it shall boot."""
    return place.root / SCRIPTS / f"{file_name(mac)}.ipxe"


def offer(place: BootPlace, scripts: Mapping[str, str]) -> None:
    """Let cards, by MAC address, boot by these scripts, and DHCP answer them."""
    with place.changing:
        for mac, script in scripts.items():
            write(script_path(place, mac), script)
            if place.dhcp_hosts is not None:
                write(place.dhcp_hosts / file_name(mac), f"{mac}\n")


def withdraw(place: BootPlace, macs: Iterable[str]) -> None:
    """Let cards find nothing any more, and DHCP be silent."""
    with place.changing:
        for mac in macs:
            script_path(place, mac).unlink(missing_ok=True)
            if place.dhcp_hosts is not None:
                # dnsmasq reads what is written, and overlooks what is gone.
                write(place.dhcp_hosts / file_name(mac), f"{mac},ignore\n")


def offered(place: BootPlace) -> Offered:
    """What cards find now."""
    scripts = (place.root / SCRIPTS).glob(_ANY_SCRIPT)
    hosts = place.dhcp_hosts.glob("[!.]*") if place.dhcp_hosts is not None else ()
    return Offered(_stamped(scripts), _stamped(hosts))


def drop(place: BootPlace, paths: Mapping[Path, Stamp]) -> None:
    """Remove what has been there under these names, but nothing that has come in its place."""
    with place.changing:
        for path, stamp in paths.items():
            if _stamped([path]) == {path: stamp}:
                path.unlink()


def drop_versions(place: BootPlace, before: float) -> None:
    """Remove kernels and ramdisks that no script names, and none was given since `before`."""
    folder = place.root / _FILES
    with place.changing:
        found = _stamped(folder.glob("*"))
        old = [path for path, (_, changed) in found.items() if changed < before * 1e9]
        scripts = _scripts(place) if old else ""
        for path in old:
            if path.is_dir():
                shutil.rmtree(path)  # a draft of one who was killed
            elif quote(path.name) not in scripts:
                path.unlink(missing_ok=True)


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


def reachable(place: BootPlace, url: str) -> str:
    """The URL by which machines reach a kernel or ramdisk; a file is put beneath the root.

    :raises InvalidInput: there is no such file, or it is not to be handed out.
    """
    source = local_file(place, url)
    if source is None:
        return url
    found = source.stat()
    # A name of its own for each version, so that none changes while a machine reads it.
    name = f"{found.st_mtime_ns:x}-{found.st_size:x}-{source.name}"
    target = place.root / _FILES / name
    with place.changing:
        is_there = target.exists()
        if is_there:
            os.utime(target)
    if not is_there:
        put(source, target)
    return f"{place.url}/{_FILES}/{quote(name)}"


def local_file(place: BootPlace, url: str) -> Path | None:
    """The file that a URL names, links followed; None where machines fetch it from elsewhere.

    A node may name what lies in certain directories, else anybody who may change a node could
    read any file of this host. What an administrator has configured may be anywhere.

    :raises InvalidInput: there is no such file, or it is not to be handed out.
    """
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        return None
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or "%00" in url:
        raise InvalidInput(f"'{url[:80]}' is no http, https or file URL.")
    source = Path(unquote(parts.path))
    real = Path(os.path.realpath(source))
    configured = url in (place.deploy_kernel, place.deploy_ramdisk)
    if not configured and not any(_is_beneath(real, folder) for folder in place.file_paths):
        raise InvalidInput(
            f"{source} is not beneath a directory of [netboot]file_paths, which machines may be "
            f"handed files from: {', '.join(map(str, place.file_paths)) or 'none'}."
        )
    if not real.is_file():
        raise InvalidInput(f"{source} cannot be booted: there is no such file.")
    return real


def _is_beneath(path: Path, folder: Path) -> bool:
    return path.is_relative_to(os.path.realpath(folder))


def _stamped(paths: Iterable[Path]) -> dict[Path, Stamp]:
    found = {}
    for path in paths:
        with suppress(FileNotFoundError):  # taken away in this moment
            status = path.stat()
            found[path] = (status.st_ino, status.st_mtime_ns)
    return found


def _scripts(place: BootPlace) -> str:
    """The text of all."""
    texts = []
    for path in (place.root / SCRIPTS).glob(_ANY_SCRIPT):
        with suppress(FileNotFoundError):
            texts.append(path.read_text())
    return "".join(texts)
