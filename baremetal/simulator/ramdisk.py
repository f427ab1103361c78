"""What the ramdisk does to its machine: one plan, step after step, in the machine's own time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from baremetal.simulator.description import MachineDescription
from baremetal.simulator.disk import Disk, Erasure, NoSuchDisk, root_disk
from baremetal.simulator.faults import AgentFaults
from baremetal.simulator.inventory import inventory
from baremetal.simulator.pace import Pace
from baremetal.simulator.plan import PlanProgress, PlanStep, StepProgress

_UNKNOWN_IMAGE_MIB = 1024


class AgentDied(Exception):
    """The agent is gone, without a word to anybody."""


class StepFailed(Exception):
    """The step cannot be done; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class StepWork:
    """What a step takes and does.

    :ivar seconds: simulated seconds.
    :ivar begin: what has changed as soon as it has begun, and
    :ivar end: once it is done; may return the step's result.
    :ivar describe: what to say when it is done to this fraction.
    """

    seconds: float
    describe: Callable[[float], str]
    begin: Callable[[], None] = lambda: None
    end: Callable[[], Any] = lambda: None


class Ramdisk:
    """The hands of the agent: they know the disks, not the conductor."""

    def __init__(
        self, description: MachineDescription, disks: Sequence[Disk], boot_mode: str, pace: Pace
    ) -> None:
        self._description = description
        self._hardware = description.hardware
        self._disks = disks
        self._boot_mode = boot_mode
        self._pace = pace

    async def carry_out(self, progress: PlanProgress, faults: AgentFaults) -> None:
        """Do all steps of the plan and leave the outcome in ``progress``.

        :raises AgentDied: the fault ``die_at_step`` has struck.
        """
        try:
            await self._do_steps(progress, self._works(progress), faults)
        except StepFailed as failure:
            progress.fail(str(failure))
        else:
            progress.status = "succeeded"

    def _works(self, progress: PlanProgress) -> list[StepWork]:
        """Return the work of each step, so that a plan that cannot end is not begun.

        :raises StepFailed: a step is unknown, or cannot be done here.
        """
        works = []
        for index, step in enumerate(progress.plan.steps):
            progress.step_index = index
            works.append(self._work(step))
        return works

    async def _do_steps(
        self, progress: PlanProgress, works: Sequence[StepWork], faults: AgentFaults
    ) -> None:
        # Steps that take no time still count for something.
        total = sum(work.seconds + 0.001 for work in works)
        start = 0.0
        for index, (step, work) in enumerate(zip(progress.plan.steps, works, strict=True)):
            share = (work.seconds + 0.001) * 100 / total
            progress.step_index = index
            progress.step = StepProgress(
                start, share, self._pace.elapsed(work.seconds), work.describe
            )
            result = await self._do_step(step.name, work, faults)
            if result is not None:
                progress.results[step.name] = result
            start += share

    async def _do_step(self, name: str, work: StepWork, faults: AgentFaults) -> Any:
        work.begin()
        if name in (faults.die_at_step, faults.fail_at_step):
            await self._pace.wait(work.seconds / 2)
            if name == faults.die_at_step:
                raise AgentDied
            raise StepFailed(faults.fail_message)
        await self._pace.wait(work.seconds)
        return work.end()

    def _work(self, step: PlanStep) -> StepWork:
        """Return what the step comes to on this machine.

        :raises StepFailed: the step is unknown, or cannot be done here.
        """
        known: dict[str, Callable[[PlanStep], StepWork]] = {
            "inventory": self._inventory,
            "erase_devices_metadata": self._erase_metadata,
            "erase_devices": self._erase,
            "write_image": self._write_image,
            "config_drive": self._config_drive,
            "install_bootloader": self._install_bootloader,
        }
        if step.name in known:
            return known[step.name](step)
        extra_steps = dict(self._hardware.extra_steps)
        if step.name in extra_steps:
            return StepWork(extra_steps[step.name], lambda _fraction: step.name)
        raise StepFailed(f"this agent knows no step {step.name}")

    def _inventory(self, _step: PlanStep) -> StepWork:
        return StepWork(
            self._hardware.step_seconds,
            lambda _fraction: "looking at the hardware",
            end=lambda: inventory(self._description, self._disks, self._boot_mode),
        )

    def _erase_metadata(self, _step: PlanStep) -> StepWork:
        return StepWork(
            self._hardware.step_seconds,
            lambda _fraction: f"erasing the metadata of {len(self._disks)} disks",
            end=lambda: self._erase_all(Erasure.METADATA),
        )

    def _erase(self, _step: PlanStep) -> StepWork:
        total = sum(disk.size_mib for disk in self._disks)
        return StepWork(
            total / self._hardware.erase_mib_per_second,
            lambda fraction: f"erased {int(total * fraction)} of {total} MiB",
            begin=lambda: self._erase_all(Erasure.METADATA),
            end=lambda: self._erase_all(Erasure.WHOLE),
        )

    def _erase_all(self, erasure: Erasure) -> None:
        for disk in self._disks:
            disk.erase(erasure)

    def _write_image(self, step: PlanStep) -> StepWork:
        source = step.args.get("image_source")
        if not isinstance(source, str) or not source:
            raise StepFailed("write_image needs image_source")
        size = step.args.get("image_size_mb") or _UNKNOWN_IMAGE_MIB
        if not isinstance(size, int | float) or size < 0:
            raise StepFailed(f"image_size_mb {size!r} is no size")
        try:
            disk = root_disk(self._disks, step.args.get("root_device"))
        except NoSuchDisk as error:
            raise StepFailed(str(error)) from error
        if size > disk.size_mib:
            raise StepFailed(
                f"an image of {size} MiB does not fit on {disk.model.name} of {disk.size_mib} MiB"
            )
        checksum = step.args.get("image_checksum")
        return StepWork(
            size / self._hardware.write_mib_per_second,
            lambda fraction: f"written {int(size * fraction)} of {int(size)} MiB",
            begin=lambda: disk.begin_image(source, checksum, int(size)),
            end=disk.finish_image,
        )

    def _config_drive(self, _step: PlanStep) -> StepWork:
        return StepWork(
            self._hardware.step_seconds,
            lambda _fraction: "writing the config drive",
            end=self._add_config_drive,
        )

    def _install_bootloader(self, _step: PlanStep) -> StepWork:
        return StepWork(
            self._hardware.step_seconds,
            lambda _fraction: "installing the boot loader",
            end=self._add_bootloader,
        )

    def _written(self) -> list[Disk]:
        written = [disk for disk in self._disks if disk.content]
        if not written:
            raise StepFailed("no disk has an image")
        return written

    def _add_config_drive(self) -> None:
        for disk in self._written():
            disk.add_config_drive()

    def _add_bootloader(self) -> None:
        for disk in self._written():
            disk.add_bootloader()
