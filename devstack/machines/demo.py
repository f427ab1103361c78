"""``make demo-rack``: two real virtual machines from enrolment to the prompt of their image."""

import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from baremetal.domain.errors import BaremetalError
from devstack.daemon import DaemonFailedError
from devstack.machines import small_os
from devstack.machines.description import RackDescription, Shape
from devstack.machines.provisioning import Provisioning, ProvisioningFailedError
from devstack.machines.rack import Rack, RackUnavailableError

_ROOT: Final = Path(__file__).resolve().parents[2]
_HOME: Final = _ROOT / ".demo-rack"
_MACHINES: Final = 2
_MEMORY_MIB: Final = 256
#: Seconds for a leg, on a machine that is busy with other things.
_LIMIT: Final = 900
_LOOK_SECONDS: Final = 0.2
_LEGS: Final = ("manage", "inspect", "provide")


def main() -> int:
    """0 only if every machine booted its image."""
    shutil.rmtree(_HOME, ignore_errors=True)
    _HOME.mkdir()
    booted = 0
    try:
        booted = _run()
    except (
        BaremetalError,
        DaemonFailedError,
        OSError,
        ProvisioningFailedError,
        RackUnavailableError,
        subprocess.SubprocessError,
    ) as error:
        print(f"demo-rack: {error}", file=sys.stderr)
    print(f"rack: {booted} of {_MACHINES} machines booted their image", flush=True)
    return 0 if booted == _MACHINES else 1


def _run() -> int:
    """How many machines said their prompt."""
    begin = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - begin:6.1f} s  {text}", flush=True)

    tell("building the ramdisk and a small operating system")
    ramdisk, image = _HOME / "agent.img", _HOME / "test-os.raw"
    kernel = _built_ramdisk(ramdisk)
    small_os.build(image)
    rack = Rack(_HOME / "rack", RackDescription(_MACHINES, Shape(memory_mib=_MEMORY_MIB)))
    with rack, Provisioning(rack, _HOME / "plane", kernel, ramdisk) as plane:
        names = [machine.name for machine in rack.machines]
        plane.enrol()
        tell(f"enrolled {', '.join(names)}, which are off")
        wait = ("--wait", str(_LIMIT))
        for verb in _LEGS:
            plane.baremetal("node", verb, *names, *wait, seconds=_LIMIT + 60)
            tell(f"{verb}: done")
        checksum = hashlib.sha256(image.read_bytes()).hexdigest()
        what = ("--image", plane.offer(image), "--checksum", checksum)
        plane.baremetal("node", "deploy", *names, *what, *wait, seconds=_LIMIT + 60)
        tell("deploy: done; the machines boot from their disks")
        return sum(_says_prompt(rack.serial_log(machine)) for machine in rack.machines)


def _built_ramdisk(output: Path) -> Path:
    """Build it by the command that people use; the kernel that goes with it."""
    words = ("-m", "baremetal.cmd.ramdisk", "build", "-o", str(output), "--json")
    done = subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, text=True, check=True)
    return Path(json.loads(done.stdout)["kernel"])


def _says_prompt(log: Path) -> bool:
    """Wait for it on the machine's serial line."""
    deadline = time.monotonic() + _LIMIT
    while time.monotonic() < deadline:
        if small_os.PROMPT in log.read_text(errors="replace"):
            return True
        time.sleep(_LOOK_SECONDS)
    return False


if __name__ == "__main__":
    sys.exit(main())
