"""One BMC on its UDP port, with a wire that may be faulty."""

import asyncio
import logging
import random
import socket
from collections.abc import Hashable
from typing import cast

from baremetal.simulator.bmc.serial_over_lan import Later
from baremetal.simulator.bmc.server import Bmc
from baremetal.simulator.faults import NO_BMC_FAULTS, BmcFaults

LOG = logging.getLogger(__name__)

_LONGEST_PACKET = 1500
_LONGEST_GARBAGE = 64

Peer = tuple[str, int] | tuple[str, int, int, int]


class BmcEndpoint:
    """Serves one BMC at one address and port, on the running event loop.

    A bare socket with a reader: a datagram transport would cost each idle BMC more memory.
    """

    __slots__ = ("_address", "_bmc", "_chance", "_faults", "_loop", "_socket")

    def __init__(self, bmc: Bmc, address: str, port: int) -> None:
        self._bmc = bmc
        self._address = (address, port)
        self._faults = NO_BMC_FAULTS
        self._chance: random.Random | None = None
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def break_wire(self, faults: BmcFaults, seed: int) -> None:
        """Let packets be lost, late or spoilt; the same seed spoils the same packets."""
        self._faults = faults
        # A generator costs 2.5 KB, so only those that need one have one.
        needs_chance = faults.drop_packets or faults.garbage
        self._chance = random.Random(seed) if needs_chance else None

    def open(self) -> None:
        """Begin to listen.

        :raises OSError: the address is not local, or the port is taken.
        """
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_DGRAM)
        try:
            listener.setblocking(False)
            listener.bind(self._address)
        except OSError:
            listener.close()
            raise
        self._socket = listener
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(listener, self._readable)
        self._bmc.connect(self)

    @property
    def later(self) -> Later:
        """What calls something some seconds later."""
        return asyncio.get_running_loop().call_later

    def send(self, datagram: bytes, peer: Hashable) -> None:
        """Send what nobody has asked for, over the same wire."""
        if not (self._faults.silent or self._lost()):
            self._send(datagram, cast("Peer", peer))

    def close(self) -> None:
        """Stop listening; answers that are still late are never sent."""
        if self._socket and self._loop:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        self._socket = None

    def _readable(self) -> None:
        if self._socket is None:
            return
        try:
            datagram, peer = self._socket.recvfrom(_LONGEST_PACKET)
        except OSError:
            # Nothing there after all, or the network reports an earlier answer undelivered.
            return
        if self._faults is NO_BMC_FAULTS:
            self._send(self._bmc.answer(datagram, peer), peer)
        else:
            self._faulty_answer(datagram, peer)

    def _faulty_answer(self, datagram: bytes, peer: Peer) -> None:
        if self._faults.silent or self._lost():
            return
        answer = self._garbage() if self._faults.garbage else self._bmc.answer(datagram, peer)
        if answer is None or self._lost():
            return
        if self._faults.slow and self._loop:
            self._loop.call_later(self._faults.slow, self._send, answer, peer)
        else:
            self._send(answer, peer)

    def _lost(self) -> bool:
        return self._chance is not None and self._chance.random() < self._faults.drop_packets

    def _garbage(self) -> bytes | None:
        if self._chance is None:
            return None
        noise = self._chance.randbytes(self._chance.randint(1, _LONGEST_GARBAGE))
        # Half of it looks like IPMI at first sight.
        return b"\x06\x00\xff\x07" + noise if self._chance.random() < 0.5 else noise

    def _send(self, answer: bytes | None, peer: Peer) -> None:
        if answer is None or self._socket is None:
            return
        try:
            self._socket.sendto(answer, peer)
        except OSError as error:
            # UDP promises nothing: the console will ask again.
            LOG.debug("BMC %s:%s lost an answer: %s", *self._address, error)
