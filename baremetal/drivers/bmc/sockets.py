"""The UDP sockets of all lines: which line sends on which, and whose datagram has come in."""

import selectors
import socket
from collections.abc import Callable, Iterator
from typing import Final

#: A socket address as getaddrinfo gives it, (host, port, ...), both numeric.
SocketAddress = tuple[str | int, ...]
#: What tells BMCs apart: host and port.
Peer = tuple[str, int]

#: The kernel's usual receive buffer holds about 250 small datagrams; more lines than this on
#: one socket could lose answers that come all at once.
_LINES_PER_SOCKET: Final = 128
_RECEIVE_BUFFER_BYTES: Final = 1 << 20
_MAX_DATAGRAM: Final = 4096
#: Datagrams taken from one socket before looking at the others.
_BATCH: Final = 256


def peer_of(address: SocketAddress) -> Peer:
    """The BMC that a socket address means."""
    return str(address[0]), int(address[1])


class Sockets:
    """UDP sockets, opened as lines need them, watched by one selector (no limit at 1,024)."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self._lines: dict[socket.socket, int] = {}

    def open_line(self, address: SocketAddress) -> tuple[socket.socket, Callable[[bytes], str]]:
        """The socket of a new line to `address`, and the function that sends on it.

        That function returns what the local network said against it, or an empty string: for
        the far end, a datagram that cannot leave and one that gets lost are the same.
        """
        family = socket.AF_INET6 if len(address) > 2 else socket.AF_INET
        channel = self._with_room(family)
        self._lines[channel] += 1
        sendto = channel.sendto

        def send(datagram: bytes) -> str:
            try:
                sendto(datagram, address)
            except OSError as error:
                return error.strerror or str(error)
            return ""

        return channel, send

    def close_line(self, channel: socket.socket) -> None:
        """One line less on this socket."""
        self._lines[channel] -= 1

    def close(self) -> None:
        """Close all sockets and the selector."""
        for channel in self._lines:
            channel.close()
        self.selector.close()

    def _with_room(self, family: socket.AddressFamily) -> socket.socket:
        for channel, lines in self._lines.items():
            if channel.family == family and lines < _LINES_PER_SOCKET:
                return channel
        channel = socket.socket(family, socket.SOCK_DGRAM)
        channel.setblocking(False)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        self._lines[channel] = 0
        self.selector.register(channel, selectors.EVENT_READ)
        return channel


def datagrams(channel: socket.socket) -> Iterator[tuple[bytes, Peer]]:
    """What has arrived, with its sender; ends when there is no more for now."""
    for _ in range(_BATCH):
        try:
            datagram, address = channel.recvfrom(_MAX_DATAGRAM)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            continue  # an error that an earlier datagram left behind, such as "unreachable"
        yield datagram, (address[0], address[1])
