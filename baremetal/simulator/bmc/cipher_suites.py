"""Cipher suites 3 and 17: their numbers, keys and seals (IPMI 2.0, 13.28 to 13.32, 22.15.2)."""

import hmac
import os
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from baremetal.simulator.bmc.rmcp import MalformedPacket

_BLOCK = 16
_NEXT_HEADER = 0x07


@dataclass(frozen=True, slots=True)
class CipherSuite:
    """One suite: its number, its algorithms' numbers, and what they come to.

    :ivar code_length: bytes of the integrity check value at a packet's end and in RAKP 4.
    """

    number: int
    authentication: int
    integrity: int
    confidentiality: int
    digest: str
    code_length: int

    @property
    def record(self) -> bytes:
        """The suite as Get Channel Cipher Suites lists it (IPMI 2.0, table 22-18)."""
        return bytes(
            (
                0xC0,
                self.number,
                self.authentication,
                0x40 | self.integrity,
                0x80 | self.confidentiality,
            )
        )

    def mac(self, key: bytes, data: bytes) -> bytes:
        """Return the whole keyed hash of ``data``."""
        return hmac.digest(key, data, self.digest)


SUITE_3 = CipherSuite(3, 0x01, 0x01, 0x01, "sha1", 12)
SUITE_17 = CipherSuite(17, 0x03, 0x04, 0x01, "sha256", 16)
SUITES = (SUITE_3, SUITE_17)


class SessionKeys(NamedTuple):
    """What a session signs (``integrity``) and encrypts (``cipher``) with."""

    suite: CipherSuite
    integrity: bytes
    cipher: bytes

    @classmethod
    def derived(cls, suite: CipherSuite, session_key: bytes) -> "SessionKeys":
        """Return K1 and the AES part of K2, made from the session integrity key."""
        return cls(
            suite,
            suite.mac(session_key, b"\x01" * 20),
            suite.mac(session_key, b"\x02" * 20)[:_BLOCK],
        )

    def verifies(self, signed: bytes, code: bytes) -> bool:
        """Tell whether ``code`` is the authentication code of ``signed``."""
        expected = self.suite.mac(self.integrity, signed)[: self.suite.code_length]
        return hmac.compare_digest(expected, code)

    def sign(self, header: bytes, payload: bytes) -> bytes:
        """Return the packet with its integrity pad and authentication code.

        ``header`` begins with the four bytes of the RMCP header, which are not signed.
        """
        signed = header[4:] + payload
        pad = -(len(signed) + 2) % 4
        signed += b"\xff" * pad + bytes((pad, _NEXT_HEADER))
        return (
            header[:4] + signed + self.suite.mac(self.integrity, signed)[: self.suite.code_length]
        )

    def encrypt(self, payload: bytes) -> bytes:
        """Return the confidentiality header (a fresh vector) and the encrypted payload."""
        pad = -(len(payload) + 1) % _BLOCK
        padded = payload + bytes(range(1, pad + 1)) + bytes((pad,))
        vector = os.urandom(_BLOCK)
        encryptor = Cipher(algorithms.AES(self.cipher), modes.CBC(vector)).encryptor()
        return vector + encryptor.update(padded) + encryptor.finalize()

    def decrypt(self, payload: bytes) -> bytes:
        """Return the payload in the clear.

        :raises MalformedPacket: the length or the padding is wrong.
        """
        if len(payload) < 2 * _BLOCK or len(payload) % _BLOCK:
            raise MalformedPacket
        cipher = Cipher(algorithms.AES(self.cipher), modes.CBC(payload[:_BLOCK]))
        decryptor = cipher.decryptor()
        padded = decryptor.update(payload[_BLOCK:]) + decryptor.finalize()
        pad = padded[-1]
        if pad >= _BLOCK or padded[-1 - pad : -1] != bytes(range(1, pad + 1)):
            raise MalformedPacket
        return padded[: -1 - pad]
