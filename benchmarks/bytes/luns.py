"""qcow2 to raw on an iSCSI LUN: ours beside ``qemu-img convert -m 8 -W``, the same LUN."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from baremetal.motion import Wishes, transfer
from baremetal.stores import DataObject, locate
from baremetal.stores.backends.iscsi import IscsiStore
from devstack.tgt import TgtServer

_MIB = 1 << 20


def _image(folder: Path, mib: int) -> Path:
    disk, image = folder / "disk", folder / "image.qcow2"
    with disk.open("wb") as file:
        for number in range(mib):
            if number % 2:
                file.seek(number * _MIB)
                file.write(os.urandom(_MIB))
        file.truncate(mib * _MIB)
    command = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(disk), str(image)]
    subprocess.run(command, check=True)
    disk.unlink()
    return image


def _theirs(server: TgtServer, image: Path, name: str) -> float:
    target, _, lun = name.rpartition("/")
    where = f"driver=iscsi,transport=tcp,portal=127.0.0.1:{server.port},target={target},lun={lun}"
    where += f",user={server.user},password={server.password}"
    command = ["qemu-img", "convert", "-f", "qcow2", "-n", "-m", "8", "-W", "--target-image-opts"]
    start = time.monotonic()
    subprocess.run([*command, str(image), where], check=True)
    return time.monotonic() - start


def _ours(server: TgtServer, image: Path, name: str, *hashes: str) -> float:
    start = time.monotonic()
    target = DataObject(IscsiStore(server.settings), name)
    transfer(locate(str(image)), target, Wishes(target_format="raw", hashes=hashes))
    return time.monotonic() - start


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = TgtServer(Path(folder))
        server.start()
        try:
            image = _image(Path(folder), args.mib)
            name, _ = server.add_disk(args.mib * _MIB)
            runs = [
                (
                    _theirs(server, image, name),
                    _ours(server, image, name),
                    _ours(server, image, name, "sha256"),
                )
                for _ in range(args.rounds + 1)
            ][1:]
        finally:
            server.stop()
    theirs, ours, hashed = (statistics.median(column) for column in zip(*runs, strict=True))
    found = {
        "load": os.getloadavg()[0],
        "qemu_img": round(theirs, 3),
        "ours": round(ours, 3),
        "ours_sha256": round(hashed, 3),
        "of_qemu_img": round(theirs / ours, 3),
    }
    json.dump(found, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
