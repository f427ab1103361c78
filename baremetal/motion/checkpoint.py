"""How far a transfer is, in a file: what goes on after ``kill -9`` begins there."""

import contextlib
import json
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from baremetal.clock import Clock
from baremetal.domain.errors import InvalidInput, NotFound
from baremetal.motion.hashing import Digests, Hasher, Mark
from baremetal.motion.wishes import Notes
from baremetal.stores import DataObject, Stat, Token, Writer

_SECONDS: Final = 1.0
_BYTES: Final = 16 << 20
#: Should the last be spoilt, by a power cut, an earlier one may not be.
_MARKS: Final = 8
#: What parts are verified by where the caller wants no digest himself.
ALGORITHM: Final = "blake3"
_READ: Final = 1 << 20


@dataclass
class Record:
    """What the file says."""

    token: Token
    #: Positions up to which all is written, each with the digests of what is before it.
    marks: list[tuple[int, dict[str, str]]] = field(default_factory=list)


class FileNotes:
    """Notes in a file, which is whole at any moment."""

    def __init__(self, path: Path) -> None:
        """Keep them at `path`."""
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def read(self) -> str | None:
        """The text; None where there is no file."""
        try:
            return self._path.read_text()
        except FileNotFoundError:
            return None

    def write(self, text: str) -> None:
        """Replace it."""
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(fd, "w") as file:
            file.write(text)
        part.replace(self._path)

    def forget(self) -> None:
        """Remove the file; there being none is fine."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()


def notes_at(place: Path | Notes) -> Notes:
    """What a wish for a checkpoint means."""
    return FileNotes(place) if isinstance(place, Path) else place


class Checkpoint:
    """What `notes` say about one source and one target."""

    def __init__(self, notes: Notes, source: DataObject, target: DataObject, stat: Stat) -> None:
        """Speak of this transfer; notes that speak of another one are none of ours."""
        self._notes = notes
        self._about = {
            "source": str(source),
            "validator": stat.validator,
            "size": stat.size,
            "target": str(target),
        }
        self._record: Record | None = None

    def load(self) -> Record | None:
        """What an earlier process has left.

        :raises InvalidInput: the notes are another one's.
        """
        text = self._notes.read()
        if text is None:
            return None
        try:
            said = json.loads(text)
            about: dict[str, Any] = said["about"]
            record = Record(said["token"], [(int(at), digests) for at, digests in said["marks"]])
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(
                f"{self._notes} is no checkpoint of a transfer; give another path, or remove it."
            ) from error
        if about["target"] != self._about["target"]:
            raise InvalidInput(
                f"{self._notes} belongs to a transfer to {about['target']}; give another path, "
                "or remove it."
            )
        self._record = record
        return record

    @property
    def same_source(self) -> bool:
        """Whether what was loaded speaks of the source as it is now."""
        about = json.loads(self._notes.read() or "{}").get("about")
        return bool(about == self._about) and self._about["validator"] is not None

    def save(self, position: int, digests: dict[str, str], token: Token) -> None:
        """Note that all before `position` is written."""
        record = self._record = self._record or Record(token)
        record.token = token
        record.marks = [mark for mark in record.marks if mark[0] < position][1 - _MARKS :]
        record.marks.append((position, digests))
        said = {"about": self._about, "token": token, "marks": record.marks}
        self._notes.write(json.dumps(said))

    def forget(self) -> None:
        """There is nothing to resume any more."""
        self._record = None
        self._notes.forget()


def discard(place: Path | Notes, target: DataObject) -> None:
    """Leave nothing of an interrupted transfer to `target`; there being nothing is fine."""
    notes = notes_at(place)
    text = notes.read()
    if text is None:
        return
    with contextlib.suppress(NotFound):
        target.store.write(target.name, replace=True, resume=json.loads(text)["token"]).abort()
    notes.forget()


class Marker:
    """Sets marks now and then, behind the bytes that they speak of."""

    def __init__(
        self,
        checkpoint: Checkpoint | None,
        writer: Writer,
        hasher: Hasher,
        clock: Clock,
        grain: int = 1,
    ) -> None:
        """Note in `checkpoint`, if there is one, what is a multiple of `grain`."""
        self._grain = grain
        self._checkpoint = checkpoint
        self._writer = writer
        self._hasher = hasher
        self._clock = clock
        self._last, self._at = clock.monotonic(), 0

    def mark(self, position: int) -> None:
        """All before `position` has been written, and given to the hasher."""
        if self._checkpoint is None or position - self._at < _BYTES or position % self._grain:
            return
        if self._clock.monotonic() - self._last >= _SECONDS:
            self.now(position)

    def now(self, position: int) -> None:
        """Note it, due or not."""
        checkpoint = self._checkpoint
        if checkpoint is None or position <= self._at:
            return
        self._last, self._at = self._clock.monotonic(), position
        token = self._writer.checkpoint()
        self._hasher.feed(Mark(lambda digests: checkpoint.save(position, digests, token)))


def verified(
    record: Record,
    algorithms: tuple[str, ...],
    writer: Writer,
    read: Callable[[int, int], Any],
) -> tuple[int, Digests]:
    """How far the writer's bytes are those of the record, and the digests up to there.

    They are read back from the writer where it can; else the source is read again by `read`.
    """
    digests = best = Digests(algorithms)
    at = good = 0
    for position, promised in sorted(record.marks):
        if set(promised) != set(algorithms) or not _feed(digests, at, position, writer, read):
            break
        at = position
        if digests.hexdigests() != promised:
            break
        good, best = position, digests.copy()
    return good, best


def _feed(
    digests: Digests, start: int, end: int, writer: Writer, read: Callable[[int, int], Any]
) -> bool:
    while start < end:
        piece = writer.read_back(start, min(_READ, end - start))
        if piece is None:
            with closing(read(start, end - start)) as pieces:
                for each in pieces:
                    digests.update(each)
                    start += len(each)
            return start == end
        if not piece:
            return False
        digests.update(piece)
        start += len(piece)
    return True
