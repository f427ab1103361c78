"""What writers of parts share: pieces in order are gathered, whole parts come in any order."""

from abc import abstractmethod

from baremetal.domain.errors import NotSupported
from baremetal.stores.contract import Bytes, Writer


class PartWriter(Writer):
    """An object whose parts, all of `step` bytes but the last, are put by number, from 0."""

    def __init__(self, what: str, step: int, *, resumed: bool) -> None:
        """Speak of the object as `what`."""
        self.what = what
        self.step = step
        #: number -> ETag and length
        self.parts: dict[int, tuple[str, int]] = {}
        self.buffer = bytearray()
        #: Where pieces in order go on; after a resume, wherever the first one says.
        self._next: int | None = None if resumed else 0

    @abstractmethod
    def put_part(self, number: int, data: Bytes) -> str:
        """Store a part; its ETag."""

    def write(self, position: int, data: Bytes) -> None:
        aligned = position % self.step == 0
        if aligned and (len(data) == self.step or self._next not in (None, position)):
            self._put(position, data)
            if position == self._next:
                self._next += len(data)
            return
        if self._next is None and aligned:
            self._next = position
        if self._next is None or position != self._next + len(self.buffer):
            raise NotSupported(
                f"{self.what}: pieces go in order, or are whole parts of {self.step} bytes; "
                f"{position} is neither."
            )
        view = memoryview(data)
        while view:
            room = self.step - len(self.buffer)
            self.buffer += view[:room]
            view = view[room:]
            if len(self.buffer) == self.step:
                self.flush()

    def _put(self, position: int, data: Bytes) -> None:
        number = position // self.step
        self.parts[number] = (self.put_part(number, data), len(data))

    def flush(self) -> None:
        """Put what was gathered, as a part; only the last may be short."""
        if not self.buffer:
            return
        data, self.buffer = self.buffer, bytearray()
        start = self._next or 0
        self._put(start, data)
        self._next = start + len(data)

    @property
    def stored(self) -> int:
        """Bytes of all parts."""
        return sum(length for _, length in self.parts.values())

    def skip(self, position: int, length: int) -> None:
        """Zeros, since there are no holes here."""
        zeros = memoryview(bytes(min(length, self.step)))
        while length > 0:
            # Up to the next part's beginning first: from there on, parts are whole.
            step = min(length, len(zeros), self.step - position % self.step)
            self.write(position, zeros[:step])
            position, length = position + step, length - step

    def close(self) -> None:
        self._ended = True
