"""A conversation with one QEMU over its control socket (QEMU Machine Protocol)."""

import asyncio
import contextlib
import json
import socket
from typing import Any


class QmpError(Exception):
    """QEMU refuses a command, or is gone; the message says what it said."""


class Qmp:
    """Asks one question at a time, and remembers why the guest stopped."""

    def __init__(self) -> None:
        #: Why QEMU ended, in its own words, such as ``guest-reset``; empty while it runs.
        self.ended_by = ""
        self._turn = asyncio.Lock()
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self, connected: socket.socket) -> None:
        """Begin on a socket whose other end QEMU has.

        :raises QmpError: it does not speak.
        """
        reader, self._writer = await asyncio.open_connection(sock=connected)
        self._reading = asyncio.create_task(self._read(reader))
        await self.execute("qmp_capabilities")

    async def execute(self, command: str, **arguments: object) -> Any:
        """What QEMU returns.

        :raises QmpError: it refuses, or is gone.
        """
        async with self._turn:
            if self._writer is None or self._reading is None or self._reading.done():
                raise QmpError("QEMU is gone")
            question = {"execute": command, "arguments": arguments}
            self._writer.write(json.dumps(question).encode() + b"\n")
            answer = await self._answers.get()
        if "return" not in answer:
            raise QmpError(f"{command}: {answer['error']['desc']}")
        return answer["return"]

    async def close(self) -> None:
        """Hang up when QEMU has ended, after its last words have been read."""
        if self._reading is not None:
            await self._reading
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            async for line in reader:
                said = json.loads(line)
                if said.get("event") == "SHUTDOWN":
                    self.ended_by = said["data"]["reason"]
                elif "return" in said or "error" in said:
                    self._answers.put_nowait(said)
        # Nobody is left waiting.
        self._answers.put_nowait({"error": {"desc": "QEMU has ended"}})
