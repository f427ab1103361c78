"""A machine that QEMU plays: what its BMC commands."""

import asyncio
import logging
import shutil
import time

from baremetal.simulator.bmc.boot_options import BootDevice, BootOptions
from baremetal.simulator.bmc.chassis import Identity, PowerAction, WrongState
from devstack.machines import qemu
from devstack.machines.description import RackMachine, Shape
from devstack.machines.guest import Guest
from devstack.machines.media import FetchedMedia
from devstack.machines.qmp import QmpError
from devstack.machines.serial_port import SerialPort

LOG = logging.getLogger(__name__)

_GIB = 1024**3
_NEEDS_POWER = (PowerAction.CYCLE, PowerAction.RESET, PowerAction.DIAGNOSTIC)
#: Between off and on of a cycle, so that whoever looks can see it.
_CYCLE_SECONDS = 0.5
_USUAL_ORDER = ("disk", "media", "network")
_FIRST: dict[int, str] = {BootDevice.PXE: "network", BootDevice.CDROM: "media"}


class QemuMachine:
    """A chassis (baremetal.simulator.bmc.chassis) whose every boot is a QEMU of its own.

    Power actions are done one after the other; `powered_on` says at once what is wanted.
    """

    def __init__(self, description: RackMachine, shape: Shape, files: qemu.Files) -> None:
        self.description = description
        self.shape = shape
        self.files = files
        self.powered_on = False
        self.boot_options = BootOptions(time.monotonic)
        self.serial = SerialPort()
        self.media = FetchedMedia(files.medium, self._show_medium)
        self.identity = Identity(
            description.uuid.bytes_le,
            "Baremetal",
            "Rack",
            description.serial_number,
            description.mac,
        )
        self._guest: Guest | None = None
        self._watch: asyncio.Task[None] | None = None
        #: What is to be done; None: the guest has reset itself.
        self._actions: asyncio.Queue[PowerAction | None] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Make its files, and obey its BMC from now on."""
        with self.files.disk.open("ab") as disk:
            disk.truncate(self.shape.disk_gib * _GIB)
        self.files.serial.touch()
        if self.shape.firmware == "uefi" and not self.files.variables.exists():
            shutil.copyfile(qemu.OVMF_VARIABLES, self.files.variables)
        self._worker = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Cut its power, for good."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        await self._stop()

    def control(self, action: PowerAction) -> None:
        """Begin the action.

        :raises WrongState: the machine is off and the action needs it on.
        """
        if action in _NEEDS_POWER and not self.powered_on:
            raise WrongState
        if action is PowerAction.ON:
            self.powered_on = True
        elif action in (PowerAction.OFF, PowerAction.CYCLE):
            self.powered_on = False
        self._actions.put_nowait(action)

    async def _show_medium(self, *, inserted: bool) -> None:
        """Let a guest that runs see what is in its drive now."""
        if self._guest is None:
            return
        if inserted:
            await self._guest.execute(
                "blockdev-change-medium",
                id=qemu.MEDIA_DRIVE,
                filename=str(self.files.medium),
                format="raw",
            )
        else:
            await self._guest.execute("eject", id=qemu.MEDIA_DRIVE, force=True)

    async def _work(self) -> None:
        while True:
            action = await self._actions.get()
            try:
                await self._perform(action)
            except (OSError, QmpError) as error:
                LOG.warning("%s fails at %s: %s", self.description.name, action, error)
            if self._actions.empty():
                self.powered_on = self._guest is not None

    async def _perform(self, action: PowerAction | None) -> None:
        match action:
            case PowerAction.OFF:
                await self._stop()
            case PowerAction.ON:
                await self._start()
            case PowerAction.RESET:
                await self._stop()
                await self._start()
            case PowerAction.CYCLE:
                await self._stop()
                await asyncio.sleep(_CYCLE_SECONDS)
                await self._start()
            case PowerAction.SOFT_OFF:
                await self._tell("system_powerdown")
            case PowerAction.DIAGNOSTIC:
                await self._tell("inject-nmi")
            case None if self.powered_on:
                await self._start()

    async def _tell(self, command: str) -> None:
        # It may have ended meanwhile.
        if self._guest is not None:
            await self._guest.execute(command)

    async def _start(self) -> None:
        if self._guest is not None:
            return
        device, _uefi = self.boot_options.take()
        first = _FIRST.get(device)
        order = sorted(_USUAL_ORDER, key=lambda one: one != first)
        boot = qemu.Boot(order, medium=self.files.medium.exists())
        LOG.info("%s boots, %s first", self.description.name, order[0])

        def command(serial: int, control: int) -> list[str]:
            return qemu.command(self.description, self.shape, self.files, boot, serial, control)

        self._guest = await Guest.start(command, self.serial, self.files.complaints)
        self.powered_on = True
        self._watch = asyncio.create_task(self._follow(self._guest))

    async def _stop(self) -> None:
        guest, self._guest = self._guest, None
        if guest is not None and self._watch is not None:
            guest.kill()
            await self._watch

    async def _follow(self, guest: Guest) -> None:
        """Note that the guest has switched the machine off, or let it start again if it wishes."""
        again = await guest.ended()
        if self._guest is not guest:
            return
        self._guest = None
        if again:
            self._actions.put_nowait(None)
        elif self._actions.empty():
            self.powered_on = False
