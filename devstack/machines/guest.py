"""One run of QEMU: from power-on, or a reset, to its end."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from devstack.machines.qmp import Qmp, QmpError
from devstack.machines.serial_port import SerialPort

_RESET = "guest-reset"


class Guest:
    """A process, its control socket, and the relay of its serial port."""

    def __init__(
        self, process: asyncio.subprocess.Process, qmp: Qmp, relay: asyncio.Task[None]
    ) -> None:
        self._process = process
        self._qmp = qmp
        self._relay = relay

    @classmethod
    async def start(
        cls, command: Callable[[int, int], list[str]], port: SerialPort, complaints: Path
    ) -> "Guest":
        """Run it; `command` takes the sockets of serial port and control.

        :raises OSError: there is no such program.
        :raises QmpError: it ends at once; why is in `complaints`.
        """
        serial, its_serial = socket.socketpair()
        control, its_control = socket.socketpair()
        with its_serial, its_control, complaints.open("ab") as log:
            given = (its_serial.fileno(), its_control.fileno())
            process = await asyncio.create_subprocess_exec(
                *command(*given),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=given,
            )
        relay = asyncio.create_task(port.relay(serial))
        guest = cls(process, Qmp(), relay)
        try:
            await guest._qmp.open(control)
        except QmpError:
            guest.kill()
            await guest.ended()
            raise
        return guest

    async def ended(self) -> bool:
        """Return when it has ended: whether the guest wants to be started again."""
        await self._process.wait()
        await self._qmp.close()
        await self._relay
        return self._qmp.ended_by == _RESET

    def kill(self) -> None:
        """Cut its power."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def execute(self, command: str, **arguments: object) -> None:
        """Tell QEMU something.

        :raises QmpError: it refuses, or is gone.
        """
        await self._qmp.execute(command, **arguments)
