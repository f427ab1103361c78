"""An initramfs archive: cpio in the format newc, as the kernel's initramfs/buffer-format has it.

The same tree gives the same bytes: entries are sorted, times are zero, owners are root, inodes are
numbered from 1.
"""

import stat
from dataclasses import dataclass
from typing import Final

_MAGIC: Final = "070701"
_TRAILER: Final = "TRAILER!!!"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, directory, link or device; `mode` has its type."""

    mode: int
    data: bytes = b""
    #: Major and minor, of a device.
    device: tuple[int, int] = (0, 0)


class Tree:
    """What is to be in the archive, by path without a leading slash."""

    def __init__(self) -> None:
        """Empty."""
        self._entries: dict[str, Entry] = {}

    def __contains__(self, path: str) -> bool:
        return path.lstrip("/") in self._entries

    def file(self, path: str, data: bytes, *, executable: bool = False) -> None:
        """A file, and the directories that lead to it."""
        self._put(path, Entry(stat.S_IFREG | (0o755 if executable else 0o644), data))

    def directory(self, path: str) -> None:
        """A directory, and those that lead to it."""
        self._put(path, Entry(stat.S_IFDIR | 0o755))

    def link(self, path: str, target: str) -> None:
        """A symbolic link."""
        self._put(path, Entry(stat.S_IFLNK | 0o777, target.encode()))

    def console(self, path: str) -> None:
        """The console's device, without which nobody hears init."""
        self._put(path, Entry(stat.S_IFCHR | 0o600, device=(5, 1)))

    def packed(self) -> bytes:
        """The archive."""
        parts = [
            _packed(number, path, self._entries[path])
            for number, path in enumerate(sorted(self._entries), start=1)
        ]
        parts.append(_packed(0, _TRAILER, Entry(0)))
        return b"".join(parts)

    def _put(self, path: str, entry: Entry) -> None:
        path = path.strip("/")
        parent = path.rpartition("/")[0]
        if parent and parent not in self._entries:
            self.directory(parent)
        self._entries[path] = entry


def _packed(inode: int, path: str, entry: Entry) -> bytes:
    name = path.encode() + b"\x00"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (
        *(inode, entry.mode, 0, 0, links, 0, len(entry.data)),
        *(0, 0, *entry.device, len(name), 0),
    )
    header = _MAGIC.encode() + b"".join(b"%08X" % field for field in fields)
    return _aligned(header + name) + _aligned(entry.data)


def _aligned(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
