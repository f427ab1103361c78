"""LUNs with CHAP, on tgt; no kernel initiator takes part."""

import hashlib
import os
import random
import socket
import socketserver
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

from baremetal.domain.errors import InvalidInput, Unavailable
from baremetal.motion import Cancelled, Progress, Wishes, transfer
from baremetal.motion import checkpoint as checkpoints
from baremetal.stores import DataObject, locate
from baremetal.stores.backends.iscsi import IscsiStore
from baremetal.stores.conformance import Bench, Case
from baremetal.stores.errors import StoreError, StoreFull
from devstack.tgt import TgtServer
from tests.support.stores import DistantStore

_MIB = 1 << 20


@pytest.fixture(scope="module")
def bench(tgt: TgtServer) -> Bench:
    return Bench(IscsiStore(tgt.settings), only=tgt.add_disk(24 * _MIB)[0])


def test_it_keeps_its_promises(store_case: Case, bench: Bench) -> None:
    store_case(bench)


@pytest.mark.parametrize(
    ("hashes", "strategy"), [((), "qemu convert"), (("sha256",), "parallel ranges")]
)
def test_an_image_arrives_on_a_lun(
    tgt: TgtServer, tmp_path: Path, hashes: tuple[str, ...], strategy: str
) -> None:
    name, behind = tgt.add_disk(32 * _MIB)
    behind.write_bytes(b"old!" * (8 * _MIB))
    disk, image = tmp_path / "disk", tmp_path / "image.qcow2"
    with disk.open("wb") as file:
        file.truncate(30 * _MIB)
        for at in (0, 17 * _MIB):
            file.seek(at)
            file.write(random.Random(at).randbytes(2 * _MIB))
    command = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(disk), str(image)]
    subprocess.run(command, check=True)
    target = locate(f"iscsi://{tgt.user}:{tgt.password}@127.0.0.1:{tgt.port}/{name}")
    told: list[Progress] = []
    promised = hashlib.sha256(image.read_bytes()).hexdigest()
    wishes = Wishes(target_format="raw", hashes=hashes, expected={"sha256": promised})
    done = transfer(locate(str(image)), target, wishes, progress=told.append)
    data = disk.read_bytes()
    assert done.strategy == strategy
    assert told[-1].done == told[-1].total == 30 * _MIB
    assert behind.read_bytes()[: len(data)] == data, "old bytes in the holes are gone"
    if hashes:
        assert done.digests["sha256"] == hashlib.sha256(data).hexdigest()
    assert tgt.password not in str(target) + repr(target) + repr(target.store.settings)
    back = transfer(target, locate(str(tmp_path / "back")), Wishes(concurrency=3))
    assert back.size == 32 * _MIB
    assert (tmp_path / "back").read_bytes()[: len(data)] == data


def test_no_secret_is_in_the_list_of_processes(tgt: TgtServer) -> None:
    store = IscsiStore(tgt.settings)
    name, _ = tgt.add_disk(4 * _MIB)
    with store.open(name) as export:
        assert export.size == 4 * _MIB
        ours = [
            path.read_bytes()
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if path.exists() and b"qemu-nbd" in path.read_bytes()
        ]
        assert any(name.rpartition("/")[0].encode() in line for line in ours)
        assert not any(tgt.password.encode() in line for line in ours)


class Tap:
    """Between us and a portal: keeps the SCSI commands that go by, in order."""

    def __init__(self, port: int) -> None:
        tap = self
        self.commands: list[int] = []

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with socket.create_connection(("127.0.0.1", port)) as portal:
                    back = threading.Thread(target=_pass_on, args=(portal, self.request))
                    back.start()
                    with suppress(OSError):
                        tap._forward(self.request, portal)
                        portal.shutdown(socket.SHUT_WR)
                    back.join()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.portal = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _forward(self, client: socket.socket, portal: socket.socket) -> None:
        # RFC 7143, 11.2: the header tells the lengths of what follows it; 11.3: of a command, the
        # CDB begins at byte 32.
        stream = client.makefile("rb")
        while header := stream.read(48):
            if header[0] & 0x3F == 1:
                self.commands.append(header[32])
            data = int.from_bytes(header[5:8], "big")
            portal.sendall(header + stream.read(header[4] * 4 + (data + 3) // 4 * 4))


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)


@pytest.mark.parametrize("hashes", [(), ("sha256",)], ids=["by QEMU", "by us"])
def test_what_is_told_to_be_written_outlives_a_power_cut(
    tgt: TgtServer, tmp_path: Path, hashes: tuple[str, ...]
) -> None:
    image, (name, _) = tmp_path / "image.qcow2", tgt.add_disk(8 * _MIB)
    (tmp_path / "disk").write_bytes(random.Random(1).randbytes(8 * _MIB))
    command = [
        "qemu-img",
        "convert",
        "-f",
        "raw",
        "-O",
        "qcow2",
        str(tmp_path / "disk"),
        str(image),
    ]
    subprocess.run(command, check=True)
    with Tap(tgt.port) as tap:
        target = DataObject(IscsiStore({**tgt.settings, "portal": tap.portal}), name)
        transfer(locate(str(image)), target, Wishes(target_format="raw", hashes=hashes))
    # SBC-4: WRITE (10), (16); SYNCHRONIZE CACHE (10), (16).
    written = max(at for at, code in enumerate(tap.commands) if code in (0x2A, 0x8A))
    assert any(code in (0x35, 0x91) for code in tap.commands[written:])


@pytest.mark.parametrize("hashes", [(), ("sha256",)], ids=["by QEMU", "by us"])
def test_zeros_are_left_out_on_a_lun_that_has_nothing_else(
    tgt: TgtServer, tmp_path: Path, hashes: tuple[str, ...]
) -> None:
    data = random.Random(2).randbytes(2 * _MIB)
    (tmp_path / "disk").write_bytes(bytes(3 * _MIB) + data + bytes(3 * _MIB))
    image = tmp_path / "image.qcow2"
    command = [
        "qemu-img",
        "convert",
        "-f",
        "raw",
        "-O",
        "qcow2",
        str(tmp_path / "disk"),
        str(image),
    ]
    subprocess.run(command, check=True)
    wishes = Wishes(target_format="raw", hashes=hashes)
    for blank in (False, True):
        name, behind = tgt.add_disk(9 * _MIB)
        behind.write_bytes(b"mark" * (9 * _MIB // 4))
        store = IscsiStore({**tgt.settings, "blank": blank})
        transfer(locate(str(image)), DataObject(store, name), wishes)
        around = b"mark" * (3 * _MIB // 4) if blank else bytes(3 * _MIB)
        assert behind.read_bytes() == around + data + around + b"mark" * (_MIB // 4)


def test_a_wrong_password_is_refused(tgt: TgtServer) -> None:
    name, _ = tgt.add_disk(4 * _MIB)
    wrong = IscsiStore({**tgt.settings, "password": "wrong-wrong-wrong"})
    with pytest.raises(StoreError, match="QEMU cannot open it") as caught:
        wrong.stat(name)
    assert "wrong-wrong" not in str(caught.value)


def test_what_does_not_fit_is_refused(tgt: TgtServer, tmp_path: Path) -> None:
    name, behind = tgt.add_disk(4 * _MIB)
    path = tmp_path / "big"
    path.write_bytes(b"x" * (5 * _MIB))
    target = DataObject(IscsiStore(tgt.settings), name)
    with pytest.raises(StoreFull, match="has 4194304 bytes; 5242880 do not fit"):
        transfer(locate(str(path)), target)
    assert not any(behind.read_bytes())


def test_an_interrupted_copy_goes_on(
    tgt: TgtServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_SECONDS", 0.0)
    name, behind = tgt.add_disk(40 * _MIB)
    path, note, store = tmp_path / "a", tmp_path / "note", DistantStore()
    path.write_bytes(os.urandom(40 * _MIB))
    cancel = threading.Event()
    store.before_piece = lambda at: cancel.set() if at > 30 * _MIB else None
    target = DataObject(IscsiStore(tgt.settings), name)
    wishes = Wishes(checkpoint=note, concurrency=1)
    with pytest.raises(Cancelled):
        transfer(DataObject(store, str(path)), target, wishes, cancel=cancel)
    done = transfer(DataObject(DistantStore(), str(path)), target, wishes)
    assert done.resumed_from >= 16 * _MIB
    assert behind.read_bytes() == path.read_bytes()


def test_a_portal_that_is_away_is_told(tgt: TgtServer) -> None:
    store = IscsiStore({**tgt.settings, "portal": "127.0.0.1:1"})
    with pytest.raises((StoreError, Unavailable), match=r"(?i)connect"):
        store.stat("iqn.2026-01.org.example:disk1/1")
    with pytest.raises(InvalidInput, match="is no LUN; iscsi://host"):
        store.stat("iqn.2026-01.org.example:disk1")
    with pytest.raises(InvalidInput, match="iscsi/portal is missing"):
        IscsiStore({})
