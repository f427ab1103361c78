"""Bodies of requests that come in pieces: those of images."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from baremetal.api.body import is_chunked, length_of
from baremetal.domain.errors import InvalidInput

#: Servers whose bodies raise an error where the sender went away amid chunks.
_TELLING: Final = ("cheroot.", "eventlet.")
_PIECE: Final = 1 << 18
#: The largest chunk that is taken: Cheroot reads each as a whole.
_MOST_OF_A_CHUNK: Final = 8 << 20


class Upload:
    """A body that comes in pieces, however long it is."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        """Read from the request of `environ`."""
        self._stream = environ["wsgi.input"]
        #: Bytes that are to come; None where nobody says.
        self.length: int | None = None
        #: Whether an end that comes too early is told from the right one. Granian does not say
        #: that a body of chunks broke off.
        self.tells_its_end = True
        self._wrong: InvalidInput | None = None
        if not is_chunked(environ):
            try:
                self.length = length_of(environ)
            except InvalidInput as error:
                self._wrong = error
        else:
            self.tells_its_end = type(self._stream).__module__.startswith(_TELLING)
        self._left = self.length
        self._ended = False

    def pieces(self) -> Iterator[bytes]:
        """The bytes, each once.

        :raises InvalidInput: it cannot be read, or ends too early.
        """
        if self._wrong is not None:
            raise self._wrong
        while not self._ended:
            wanted = _PIECE if self._left is None else min(_PIECE, self._left)
            piece = self._next(wanted) if wanted else b""
            if not piece:
                self._ended = True
                if self._left:
                    raise InvalidInput(
                        f"The body ended {self._left} bytes before what Content-Length announces."
                    )
                return
            if self._left is not None:
                self._left -= len(piece)
            yield piece

    def drain(self) -> None:
        """Pass over what nobody wanted, or it would be taken for the next request."""
        try:
            for _ in self.pieces():
                pass
        except InvalidInput:
            # Whoever has sent it is gone.
            self._ended = True

    def _next(self, wanted: int) -> bytes:
        if hasattr(self._stream, "maxlen"):
            self._stream.maxlen = self._stream.bytes_read + _MOST_OF_A_CHUNK
        try:
            piece: bytes = self._stream.read(wanted)
        except Exception as error:
            self._ended = True
            # Each server raises errors of its own.
            raise InvalidInput(f"The request body cannot be read: {error}") from error
        return piece
