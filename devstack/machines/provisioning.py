"""The whole plane within a rack's network, with DHCP and all that machines boot from."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, Self

from devstack.daemon import Daemon
from devstack.machines.description import ADDRESS, BRIDGE
from devstack.machines.rack import Rack

_ROOT: Final = Path(__file__).resolve().parents[2]
#: The network is the rack's own, so no port is taken.
_API_PORT: Final = 6385
_FILES_PORT: Final = 8089
_START_SECONDS: Final = 120.0
_CONFIGURATION: Final = """[conductor]
enabled_hardware_types = ipmi,redfish
agent_report_interval = 2
power_sync_interval = 10
[netboot]
host = {address}
port = {port}
deploy_kernel = file://{kernel}
deploy_ramdisk = file://{ramdisk}
kernel_append_params = console=ttyS0 quiet edd=off
[dhcp]
provider = dnsmasq
interface = {bridge}
range = 172.30.0.100,172.30.0.199
"""


class ProvisioningFailedError(Exception):
    """A command to the plane has failed; the message is what it said."""


class Provisioning:
    """``baremetal up`` in `home`, for the machines of `rack`; use it in a ``with``."""

    def __init__(self, rack: Rack, home: Path, kernel: Path, ramdisk: Path) -> None:
        """Machines boot `kernel` with `ramdisk`."""
        self._rack = rack
        self._home = home
        self._state = home / "state"
        self._boot = (kernel, ramdisk)
        self._daemon = Daemon("plane", home)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._daemon.stop()

    def start(self) -> None:
        """Return when the API answers.

        :raises DaemonFailedError: it does not come up.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        kernel, ramdisk = self._boot
        conf = self._home / "plane.conf"
        conf.write_text(
            _CONFIGURATION.format(
                address=ADDRESS, bridge=BRIDGE, port=_FILES_PORT, kernel=kernel, ramdisk=ramdisk
            )
        )
        options = ("--state-dir", str(self._state), "--config-file", str(conf))
        where = ("--host", ADDRESS, "--port", str(_API_PORT))
        up = [sys.executable, "-m", "baremetal.cmd.main", "up", *options, *where]
        log = self._daemon.log_path
        before = log.stat().st_size if log.exists() else 0
        self._daemon.start([*self._inside, *up], environment=self._environment, cwd=_ROOT)
        self._daemon.wait_for(lambda: b"ready http" in log.read_bytes()[before:], _START_SECONDS)

    def kill(self) -> None:
        """End it as a crash would."""
        self._daemon.kill()

    def log(self) -> str:
        """The last that it said."""
        return self._daemon.log(80)

    def offer(self, image: Path) -> str:
        """The URL by which machines, and nobody else, can read a file."""
        folder = self._state / "netboot" / "images"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, folder / image.name)
        return f"http://{ADDRESS}:{_FILES_PORT}/images/{image.name}"

    def enrol(self, driver: str = "ipmi") -> None:
        """Make nodes of all machines; they boot by iPXE."""
        enrolment = str(self._rack.enrolment(driver))
        self.baremetal("node", "create", enrolment, "--boot-interface", "ipxe")

    def baremetal(self, *words: str, seconds: float = 120.0) -> str:
        """What the command ``baremetal`` prints.

        :raises ProvisioningFailedError: it fails.
        """
        done = subprocess.run(
            [*self._inside, sys.executable, "-m", "baremetal.cmd.main", *words],
            env=self._environment,
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        if done.returncode:
            raise ProvisioningFailedError(
                f"baremetal {' '.join(words)}:\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    @property
    def _inside(self) -> list[str]:
        return ["nsenter", f"--net=/proc/{self._rack.pid}/ns/net"]

    @property
    def _environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        clouds = {
            "OS_CLIENT_CONFIG_FILE": str(self._state / "clouds.yaml"),
            "OS_CLOUD": "baremetal",
        }
        return {**ours, **clouds}
