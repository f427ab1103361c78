"""A console for tests: the other half of RMCP+, with every byte open to mischief."""

import hashlib
import hmac
import os
import struct
from collections.abc import Callable
from typing import Self

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from baremetal.simulator.bmc.boot_options import BootOptions
from baremetal.simulator.bmc.chassis import Identity, PowerAction, SerialLine, WrongState
from baremetal.simulator.bmc.handshake import Account
from baremetal.simulator.bmc.server import Bmc, BmcSettings

GUID = bytes(range(16))
ALGORITHMS = {3: (1, 1, 1), 17: (3, 4, 1)}
PEER = ("192.0.2.1", 40000)


class FakeTime:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class SwitchChassis:
    """A chassis that is nothing but a power switch and remembers what was asked of it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.powered_on = False
        self.boot_options = BootOptions(now)
        self.identity = Identity(GUID, "Maker", "Model", "SERIAL1", "52:54:00:00:00:01")
        self.actions: list[PowerAction] = []
        self.serial: SerialLine | None = None
        self.media = None

    def control(self, action: PowerAction) -> None:
        if action is PowerAction.CYCLE and not self.powered_on:
            raise WrongState
        self.actions.append(action)
        self.powered_on = action is not PowerAction.OFF


def build_bmc(now: Callable[[], float], max_sessions: int = 4) -> tuple[Bmc, SwitchChassis]:
    chassis = SwitchChassis(now)
    account = Account(b"admin", b"secret")
    return Bmc(chassis, BmcSettings(account, "192.0.2.7", max_sessions), now), chassis


class Console:
    """One session, or the attempt at one."""

    def __init__(
        self, bmc: Bmc, suite: int = 17, username: bytes = b"admin", password: bytes = b"secret"
    ) -> None:
        self.bmc = bmc
        self.suite = suite
        self.username = username
        self.password = password
        self.digest = hashlib.sha256 if suite == 17 else hashlib.sha1
        self.code_length = 16 if suite == 17 else 12
        self.console_id = int.from_bytes(os.urandom(4), "little")
        self.random = os.urandom(16)
        self.role = 0x14
        self.session_id = 0
        self.sequence = 0
        self.message_sequence = 0
        self.k1 = self.aes_key = b""

    def mac(self, key: bytes, data: bytes) -> bytes:
        return hmac.new(key, data, self.digest).digest()

    def send(self, datagram: bytes) -> bytes | None:
        return self.bmc.answer(datagram, PEER)

    def handshake(self, payload_type: int, payload: bytes) -> bytes | None:
        """Return the payload of the answer to a handshake message."""
        header = struct.pack("<BBIIH", 6, payload_type, 0, 0, len(payload))
        answer = self.send(b"\x06\x00\xff\x07" + header + payload)
        return None if answer is None else answer[16:]

    def open_request(self, tag: int = 1) -> bytes:
        a, i, c = ALGORITHMS.get(self.suite, (0, 0, 0))
        proposals = bytes(
            (0, 0, 0, 8, a, 0, 0, 0, 1, 0, 0, 8, i, 0, 0, 0, 2, 0, 0, 8, c, 0, 0, 0),
        )
        return struct.pack("<BBHI", tag, 0, 0, self.console_id) + proposals

    def claim(self) -> bytes:
        return bytes((self.role, len(self.username))) + self.username

    def rakp_1(self) -> bytes:
        return (
            struct.pack("<BxxxI", 2, self.session_id)
            + self.random
            + bytes((self.role, 0, 0, len(self.username)))
            + self.username
        )

    def rakp_3(self, bmc_random: bytes) -> bytes:
        proof = bmc_random + struct.pack("<I", self.console_id) + self.claim()
        return struct.pack("<BBxxI", 3, 0, self.session_id) + self.mac(self.password, proof)

    def log_in(self, privilege: int = 4) -> Self:
        """Open the session, check all that the BMC proves, and raise the privilege."""
        opened = self.handshake(0x10, self.open_request())
        assert opened is not None
        assert opened[:2] == b"\x01\x00"
        assert struct.unpack_from("<I", opened, 4) == (self.console_id,)
        (self.session_id,) = struct.unpack_from("<I", opened, 8)
        challenge = self.handshake(0x12, self.rakp_1())
        assert challenge is not None
        assert challenge[1] == 0
        bmc_random, guid = challenge[8:24], challenge[24:40]
        proof = struct.pack("<II", self.console_id, self.session_id) + self.random + bmc_random
        assert challenge[40:] == self.mac(self.password, proof + guid + self.claim())
        admission = self.handshake(0x14, self.rakp_3(bmc_random))
        assert admission is not None
        assert admission[1] == 0
        sik = self.mac(self.password, self.random + bmc_random + self.claim())
        check = self.mac(sik, self.random + struct.pack("<I", self.session_id) + guid)
        assert admission[8:] == check[: self.code_length]
        self.k1 = self.mac(sik, b"\x01" * 20)
        self.aes_key = self.mac(sik, b"\x02" * 20)[:16]
        if privilege > 2:
            assert self.command(6, 0x3B, bytes((privilege,))) == (0, bytes((privilege,)))
        return self

    def message(self, netfn: int, command: int, data: bytes = b"") -> bytes:
        """Return the next request, with a sequence number of its own."""
        self.message_sequence = (self.message_sequence + 1) % 64
        head = bytes((0x20, netfn << 2))
        body = bytes((0x81, self.message_sequence << 2, command)) + data
        return head + bytes((-sum(head) & 255,)) + body + bytes((-sum(body) & 255,))

    def packet(self, message: bytes, sequence: int | None = None, payload_type: int = 0) -> bytes:
        """Return the message sealed, under the next or the given session sequence number."""
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        pad = -(len(message) + 1) % 16
        padded = message + bytes(range(1, pad + 1)) + bytes((pad,))
        vector = os.urandom(16)
        encryptor = Cipher(algorithms.AES(self.aes_key), modes.CBC(vector)).encryptor()
        payload = vector + encryptor.update(padded) + encryptor.finalize()
        kind = 0xC0 | payload_type
        signed = struct.pack("<BBIIH", 6, kind, self.session_id, sequence, len(payload)) + payload
        fill = -(len(signed) + 2) % 4
        signed += b"\xff" * fill + bytes((fill, 7))
        return b"\x06\x00\xff\x07" + signed + self.mac(self.k1, signed)[: self.code_length]

    def unseal(self, answer: bytes) -> tuple[int, bytes]:
        """Return completion code and data, after checking that the BMC sealed the answer."""
        message = self.open_payload(answer, 0)
        assert sum(message[:3]) & 255 == 0
        assert sum(message[3:]) & 255 == 0
        return message[6], message[7:-1]

    def open_payload(self, answer: bytes, payload_type: int) -> bytes:
        """Return the payload, after checking that the BMC sealed it."""
        signed, code = answer[4 : -self.code_length], answer[-self.code_length :]
        assert code == self.mac(self.k1, signed)[: self.code_length]
        kind, session_id, _sequence, length = struct.unpack_from("<BIIH", answer, 5)
        assert (kind, session_id) == (0xC0 | payload_type, self.console_id)
        payload = answer[16 : 16 + length]
        decryptor = Cipher(algorithms.AES(self.aes_key), modes.CBC(payload[:16])).decryptor()
        padded = decryptor.update(payload[16:]) + decryptor.finalize()
        return padded[: -1 - padded[-1]]

    def command(self, netfn: int, command: int, data: bytes = b"") -> tuple[int, bytes]:
        """Return completion code and data of one command in the session."""
        answer = self.send(self.packet(self.message(netfn, command, data)))
        assert answer is not None
        return self.unseal(answer)

    def plain_command(self, netfn: int, command: int, data: bytes = b"") -> tuple[int, bytes]:
        """Return completion code and data of one command outside any session."""
        message = self.message(netfn, command, data)
        answer = self.send(
            b"\x06\x00\xff\x07" + struct.pack("<BIIB", 0, 0, 0, len(message)) + message
        )
        assert answer is not None
        return answer[20], answer[21:-1]
