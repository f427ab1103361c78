"""A machine's serial port, which stays while QEMU comes and goes."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

_MOST_AT_ONCE = 4096


class SerialPort:
    """The other end of the machine's serial line (baremetal.simulator.bmc.chassis.SerialLine)."""

    def __init__(self) -> None:
        self._heard: Callable[[bytes], None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    def listen(self, heard: Callable[[bytes], None]) -> None:
        """Call `heard` with all that the machine says from now on."""
        self._heard = heard

    def leave(self) -> None:
        """Hear no more."""
        self._heard = None

    def write(self, data: bytes) -> None:
        """Type what the machine will read; lost where it is off."""
        if self._writer is not None:
            self._writer.write(data)

    async def relay(self, connected: socket.socket) -> None:
        """Carry what QEMU says on the socket's other end, until it ends."""
        reader, writer = await asyncio.open_connection(sock=connected)
        self._writer = writer
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_MOST_AT_ONCE):
                if self._heard is not None:
                    self._heard(data)
        if self._writer is writer:
            self._writer = None
        writer.close()
