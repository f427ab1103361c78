"""An ACME machine: a JSON file, which outlives whoever drives it and tells what was done to it.

It may be told to end the process of its driver at the n-th call, once: so tests kill a
conductor in the middle of its work.
"""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from baremetal.domain.errors import DriverError
from baremetal.domain.node import Node
from baremetal.drivers.interfaces import Property

NEW = {
    "power": "power off",
    "boot_device": "disk",
    "persistent": True,
    "ramdisk": False,
    "disk": "",
    "console": False,
    "pin": "1234",
    "calls": [],
    "kill_at": None,
    "kill_when": "before",
}

PROPERTIES = (
    Property("acme_chassis", "File that is the machine.", "/var/lib/acme/1.json", required=True),
    # Its name does not say that it is secret; only this does.
    Property("acme_pin", "Number that opens the chassis.", "1234", required=True, secret=True),
    Property("acme_bay", "Where it is in the rack.", "7", kind="integer", minimum=1, maximum=48),
)


def make_machine(path: Path, **differences: Any) -> None:
    """Build a machine, switched off."""
    path.write_text(json.dumps({**NEW, **differences}))


def read_machine(path: Path) -> dict[str, Any]:
    """The machine as it is now."""
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        found: dict[str, Any] = json.load(file)
    return found


@contextmanager
def opened(node: Node, call: str) -> Iterator[dict[str, Any]]:
    """The machine, to be looked at and changed by one call.

    :raises DriverError: it is not there, or the PIN is wrong.
    """
    path = Path(str(node.driver_info["acme_chassis"]))
    try:
        file = path.open("r+")
    except OSError as error:
        raise DriverError(f"No ACME chassis answers at {path}: {error.strerror}.") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        machine = json.load(file)
        if str(node.driver_info["acme_pin"]) != machine["pin"]:
            raise DriverError(f"The ACME chassis at {path} refuses the PIN of node {node.title}.")
        machine["calls"].append(call)
        kill = machine["kill_when"] if len(machine["calls"]) == machine["kill_at"] else None
        if kill == "before":
            _write(file, machine)
            die()
        yield machine
        _write(file, machine)
        if kill == "after":
            die()


def die() -> None:
    """End this process as ``kill -9`` would."""
    os.kill(os.getpid(), signal.SIGKILL)


def _write(file: Any, machine: dict[str, Any]) -> None:
    file.seek(0)
    file.truncate()
    json.dump(machine, file)
    file.flush()
