"""The disk that is in an image, and images of a disk: by QEMU, bounded, on one open file."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from baremetal.commands import Said, ask
from baremetal.domain.errors import Unavailable
from baremetal.motion.formats import QEMU_NAMES, Found
from baremetal.motion.meter import Meter
from baremetal.motion.source import Source
from baremetal.stores import Bytes, Extent
from baremetal.stores.abilities import BlockNode
from baremetal.stores.errors import StoreError
from baremetal.stores.qemu import Export, Limits
from baremetal.stores.qemu.export import bounded, image_node, secret_objects

#: What a process that opens an image may take: it is somebody else's image.
_LIMITS = Limits(memory=1 << 30)
#: How long it may take to look at an image, or to convert one, seconds.
_SECONDS = 4 * 3600.0
#: What ``qemu-img check`` ends with: sound, clusters that nobody uses, a format it cannot check.
_SOUND = (0, 3, 63)
#: What ``qemu-img -p`` says.
_PERCENT = re.compile(rb"\(([0-9.]+)/100%\)")


class DiskOf(Source):
    """The bytes of the disk that is in an image; QEMU tells where there are any."""

    random = True
    plain = False

    def __init__(self, export: Export, fd: int, driver: str, digests: dict[str, str]) -> None:
        """Read `export` of the image in an open file; `digests` are those of the image itself."""
        self._export = export
        self._fd = fd
        self._driver = driver
        self._digests = digests
        self.size: int = export.size

    def read(self, start: int, length: int | None) -> Generator[Bytes, None, None]:
        return self._export.read(start, length)

    def extents(self, start: int) -> Iterator[Extent] | None:
        return self._export.extents(start)

    def digests(self) -> dict[str, str]:
        return self._digests

    def convert(self, node: BlockNode, meter: Meter, *, blank: bool = False) -> None:
        """Let QEMU write the disk to a block device, without us; to a `blank` one no zeros.

        :raises StoreError: it cannot, and says why.
        """
        objects, secrets = secret_objects(node)
        command = ["qemu-img", "convert", *objects, "-p", "-f", self._driver, "-n", "-m", "8", "-W"]
        # Else it never tells the device to make it last; nobody who opens it later can.
        command += ["-t", "writeback", *(["--target-is-zero"] if blank else [])]
        command += [
            f"/proc/self/fd/{self._fd}",
            "json:" + json.dumps({"driver": "raw", "file": node.node}),
        ]
        with tempfile.TemporaryFile() as said:
            try:
                process = subprocess.Popen(  # noqa: S603 - no shell
                    bounded(Limits(memory=None), command),
                    pass_fds=(self._fd, *secrets),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=said,
                )
            finally:
                for fd in secrets:
                    os.close(fd)
            with process:
                try:
                    self._follow(process, meter)
                except BaseException:
                    process.kill()
                    raise
            if process.returncode:
                said.seek(0)
                reason = said.read().decode(errors="replace").strip().rpartition("}': ")[2]
                raise StoreError(f"QEMU cannot write it: {reason[-500:]}")

    def _follow(self, process: "subprocess.Popen[bytes]", meter: Meter) -> None:
        done, text, output = 0, b"", process.stdout
        assert output is not None  # noqa: S101 - it is a pipe
        while piece := os.read(output.fileno(), 4096):
            text = (text + piece)[-64:]
            if told := _PERCENT.findall(text):
                now = int(self.size * float(told[-1]) / 100)
                meter.add(max(now - done, 0), moved=False)
                done = max(now, done)
        meter.add(self.size - done, moved=False)


def _check(fd: int, driver: str) -> None:
    """Return if the image is whole: what is cut off would be read as zeros.

    :raises StoreError: it is not.
    """
    done = _run(["qemu-img", "check", "-f", driver, f"/proc/self/fd/{fd}"], fd)
    if done.status not in _SOUND:
        said = (done.err or done.out).strip().splitlines()
        reason = said[0].removeprefix("qemu-img: ") if said else f"status {done.status}"
        raise StoreError(
            f"The {driver} image is broken, or cut off; it was not converted. QEMU says: "
            f"{reason[-300:]}"
        )


def _run(command: list[str], fd: int) -> Said:
    try:
        return ask(bounded(_LIMITS, command), seconds=_SECONDS, files=(fd,))
    except Unavailable as error:
        raise Unavailable(f"{command[0]} {command[1]} does not come to an end.") from error


@contextmanager
def opened(fd: int, found: Found, digests: dict[str, str]) -> Iterator[Source]:
    """The disk in an image that was inspected.

    :raises StoreError: QEMU cannot open it.
    """
    _check(fd, QEMU_NAMES[found.format])
    driver = QEMU_NAMES[found.format]
    with Export(image_node(fd, driver), limits=_LIMITS, files=(fd,)) as export:
        yield DiskOf(export, fd, driver, digests)


@contextmanager
def packed(fd: int, found: Found, scratch: Path) -> Iterator[Path]:
    """A qcow2 image of the disk in an open file; it goes at the end.

    :raises StoreError: QEMU cannot make it.
    """
    driver = QEMU_NAMES.get(found.format, "raw")
    handle, name = tempfile.mkstemp(prefix="baremetal-", suffix=".qcow2", dir=scratch)
    os.close(handle)
    path = Path(name)
    try:
        command = ["qemu-img", "convert", "-f", driver, "-O", "qcow2", "-m", "8", "-W"]
        command += [f"/proc/self/fd/{fd}", str(path)]
        done = _run(command, fd)
        if done.status:
            raise StoreError(f"QEMU cannot convert it: {done.err.strip()[-500:]}")
        yield path
    finally:
        path.unlink(missing_ok=True)
