"""A rack as a whole: how it comes up, what is known of it, how it goes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Self

from devstack.daemon import Daemon, DaemonFailedError
from devstack.machines import qemu
from devstack.machines.description import BMC_PORT, RackDescription, RackMachine
from devstack.machines.enrolment import enrolment_path, write_enrolments
from devstack.machines.supervisor import READY

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 120.0
_PROGRAMS = {qemu.PROGRAM: "qemu-system-x86 ipxe-qemu", "ip": "iproute2", "ipmitool": "ipmitool"}


class RackUnavailableError(Exception):
    """There can be no rack here, or there is none; the message says what to do."""


class Rack:
    """Machines in `home`. Use it in a ``with``, or `start` and `remove` it."""

    def __init__(self, home: Path, description: RackDescription) -> None:
        self.home = home
        self.description = description
        self._daemon = Daemon("supervisor", home)

    @classmethod
    def found(cls, home: Path) -> Self:
        """The rack that runs there.

        :raises RackUnavailableError: there is none.
        """
        try:
            rack = cls(home, RackDescription.read(home))
        except FileNotFoundError:
            raise RackUnavailableError(f"there is no rack in {home}: devstack/rack up 2") from None
        if not rack._daemon.running:
            raise RackUnavailableError(f"the rack in {home} has ended: devstack/rack down")
        return rack

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    @property
    def pid(self) -> int:
        """Of the supervisor, in whose network all is (`network.enter`)."""
        return self._daemon.pid

    @property
    def machines(self) -> list[RackMachine]:
        """All of them."""
        return list(self.description.machines)

    def enrolment(self, driver: str = "ipmi") -> Path:
        """What `baremetal node create` takes, to know them by that driver."""
        return enrolment_path(self.home, driver)

    def start(self) -> None:
        """Return when all BMCs listen; the machines are off.

        :raises RackUnavailableError: it cannot come up here, or `home` is there already; nothing
            new is left.
        """
        check_host(self.description)
        try:
            self.home.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            raise RackUnavailableError(f"there is something in {self.home} already") from None
        self.description.write(self.home)
        write_enrolments(self.description, self.home)
        module = ("-m", "devstack.machines.supervisor", self.home.resolve())
        self._daemon.start(["unshare", "--net", sys.executable, *module], cwd=_ROOT)
        try:
            self._daemon.wait_for((self.home / READY).exists, _START_SECONDS)
        except DaemonFailedError as error:
            self.remove()
            raise RackUnavailableError(str(error)) from error

    def serial_log(self, machine: RackMachine) -> Path:
        """All that the machine ever said on its serial port."""
        return qemu.Files(self.home, machine.name).serial

    def ipmitool(self, machine: RackMachine, *words: str) -> list[str]:
        """The command that asks its BMC, within the rack's network and with its `environment`."""
        user = ("-U", self.description.username, "-E")
        where = ("-H", machine.bmc_address, "-p", str(BMC_PORT))
        return ["ipmitool", "-I", "lanplus", *where, *user, *words]

    @property
    def environment(self) -> dict[str, str]:
        """For commands within the rack's network; ours are among them."""
        path = f"{os.environ.get('PATH', os.defpath)}:{Path(sys.executable).parent}"
        return {**os.environ, "PATH": path, "IPMI_PASSWORD": self.description.password}

    def run(self, command: list[str], seconds: float = 60.0) -> "subprocess.CompletedProcess[str]":
        """Run a command within the rack's network, and return when it has ended."""
        inside = ["nsenter", f"--net=/proc/{self.pid}/ns/net", *command]
        return subprocess.run(
            inside,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def remove(self) -> None:
        """End everything, and leave no trace."""
        self._daemon.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def check_host(description: RackDescription) -> None:
    """Return if such a rack can be here.

    :raises RackUnavailableError: it cannot.
    """
    if os.geteuid() != 0:
        raise RackUnavailableError("a rack needs root, for its network")
    if not Path("/dev/net/tun").exists():
        raise RackUnavailableError("there is no /dev/net/tun for the machines' network cards")
    missing = [package for program, package in _PROGRAMS.items() if shutil.which(program) is None]
    if description.shape.firmware == "uefi" and not qemu.OVMF_CODE.exists():
        missing.append("ovmf")
    if missing:
        raise RackUnavailableError(f"missing: apt-get install {' '.join(missing)}")
