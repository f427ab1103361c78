"""Digests of one stream, each in a thread of its own."""

import hashlib
import os
from pathlib import Path

import pytest

from baremetal.domain.errors import InvalidInput
from baremetal.motion.hashing import Digests, Hasher, HashThreads, InFile, Mark, Zeros, hasher_of

_DATA = os.urandom(300_000)
_ALGORITHMS = ("md5", "sha512", "blake3", "sha3_256")


def _by_hand(data: bytes) -> dict[str, str]:
    digests = Digests(_ALGORITHMS)
    digests.update(data)
    return digests.hexdigests()


def test_all_digests_are_those_of_all_that_was_fed(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(_DATA)
    hasher = HashThreads(Digests(_ALGORITHMS))
    marked: list[dict[str, str]] = []
    with (tmp_path / "data").open("rb") as file:
        hasher.feed(_DATA)
        hasher.feed(Mark(marked.append))
        hasher.feed(Zeros(1 << 21))
        hasher.feed(InFile(file.fileno(), 100, 1000))
        found = hasher.finish()
    whole = _DATA + bytes(1 << 21) + _DATA[100:1100]
    assert found == _by_hand(whole)
    assert list(found) == list(_ALGORITHMS)
    assert found["sha512"] == hashlib.sha512(whole).hexdigest()
    # Once, and not before all threads have come to it.
    assert marked == [_by_hand(_DATA)]


def test_what_fails_in_a_thread_is_raised(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"short")
    hasher = HashThreads(Digests(("md5", "sha256")))
    with (tmp_path / "data").open("rb") as file:
        hasher.feed(InFile(file.fileno(), 0, 10))
        with pytest.raises(InvalidInput, match="5 bytes too early"):
            hasher.finish()


def test_only_what_is_large_or_unknown_gets_threads() -> None:
    for size, kind in ((4096, Hasher), (1 << 30, HashThreads), (None, HashThreads)):
        hasher = hasher_of(Digests(("sha256",)), size)
        hasher.stop()
        assert type(hasher) is kind
    assert type(hasher_of(Digests(()), None)) is Hasher
