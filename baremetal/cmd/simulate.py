"""`baremetal simulate`: runs a fleet of simulated machines until it is told to stop."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cliff.command import Command

if TYPE_CHECKING:
    from baremetal.simulator.description import MachineDescription

_DEFAULT_MACHINES = 8


class Simulate(Command):
    """Run a fleet of simulated machines: real BMCs on UDP, agents that call a real API.

    Each machine has a BMC that answers IPMI 2.0 at its own address and port. Powered on with
    boot device PXE, it behaves as a netbooted agent of the API. The fleet comes from FLEET.yaml,
    or is made from --machines and --seed: the same seed makes the same machines and passwords.

    When every BMC listens, `ready N machines` is printed. SIGTERM or Ctrl-C ends it.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "fleet", metavar="FLEET.yaml", nargs="?", type=Path, help="describes the machines"
        )
        made = parser.add_argument_group("fleet without a file")
        made.add_argument(
            "--machines",
            metavar="N",
            type=int,
            help=f"how many machines ({_DEFAULT_MACHINES})",
        )
        made.add_argument("--seed", type=int, help="what names, passwords and chance follow (0)")
        made.add_argument("--bmc-address", metavar="IP", help="where all BMCs listen (127.0.0.1)")
        made.add_argument(
            "--bmc-port", metavar="PORT", type=int, help="of the first BMC; the next counts (16230)"
        )
        made.add_argument(
            "--faults",
            metavar="FILE",
            type=Path,
            help="YAML: what befalls which share of the machines, and how their times differ",
        )
        parser.add_argument(
            "--api",
            metavar="URL",
            default="http://127.0.0.1:6385/baremetal",
            help="what the agents call (%(default)s)",
        )
        parser.add_argument(
            "--processes",
            metavar="N",
            type=_processes,
            help="how many share the machines (one for each 2,500)",
        )
        pace = parser.add_mutually_exclusive_group()
        pace.add_argument(
            "--time-scale",
            metavar="X",
            type=_positive_or_zero,
            default=1.0,
            help="real seconds per simulated second of boot, write and erase time (%(default)s)",
        )
        pace.add_argument(
            "--speed",
            metavar="X",
            type=_positive,
            help="the same the other way round: 60 lets a simulated minute take a second",
        )
        parser.add_argument(
            "--boot-seconds",
            metavar="S",
            type=_positive_or_zero,
            help="simulated seconds from power-on to the agent, for every machine",
        )
        parser.add_argument(
            "--enrolment",
            metavar="FILE",
            type=Path,
            help="write what `baremetal node create FILE` takes (mode 0600: it has passwords)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Return the exit status: 0 after an orderly end, 1 with a message on the error output."""
        # The simulator is loaded only when it runs, so that the command line starts quickly.
        from baremetal.simulator.checked_mapping import FleetFileError  # noqa: PLC0415
        from baremetal.simulator.fleet import FleetError  # noqa: PLC0415
        from baremetal.simulator.fleet_file import write_enrolment_file  # noqa: PLC0415
        from baremetal.simulator.processes import (  # noqa: PLC0415
            Work,
            run_processes,
            usual_processes,
        )

        speed, scale = parsed_args.speed, parsed_args.time_scale
        try:
            machines = _described(parsed_args)
            if parsed_args.enrolment:
                write_enrolment_file(machines, parsed_args.enrolment)
            run_processes(
                machines,
                parsed_args.processes or usual_processes(len(machines)),
                Work(parsed_args.api, 1.0 / speed if speed else scale),
                _say_ready,
            )
        except (FleetFileError, FleetError, OSError) as error:
            self.app.stderr.write(f"{error}\n")
            return 1
        return 0


def _described(options: argparse.Namespace) -> "list[MachineDescription]":
    # See take_action.
    from baremetal.simulator.checked_mapping import CheckedMapping, FleetFileError  # noqa: PLC0415
    from baremetal.simulator.description import Hardware  # noqa: PLC0415
    from baremetal.simulator.fleet_file import (  # noqa: PLC0415
        load_fleet_file,
        load_variation_file,
    )
    from baremetal.simulator.generated_fleet import generate, read_fleet_seed  # noqa: PLC0415

    made_from = {
        "--machines": options.machines,
        "--seed": options.seed,
        "--bmc-address": options.bmc_address,
        "--bmc-port": options.bmc_port,
        "--faults": options.faults,
    }
    if options.fleet:
        given = [name for name, value in made_from.items() if value is not None]
        if given:
            raise FleetFileError(f"{given[0]} has no meaning beside {options.fleet}; say it there")
        machines = load_fleet_file(options.fleet)
    else:
        entry = {
            "count": _DEFAULT_MACHINES if options.machines is None else options.machines,
            "seed": options.seed,
            "bmc": {"address": options.bmc_address, "port": options.bmc_port},
        }
        seed = read_fleet_seed(CheckedMapping(entry, "options"), {"default": Hardware()})
        if options.faults:
            seed = seed.varied(load_variation_file(options.faults))
        machines = generate(seed)
    if options.boot_seconds is None:
        return machines
    return [
        replace(machine, hardware=replace(machine.hardware, boot_seconds=options.boot_seconds))
        for machine in machines
    ]


def _say_ready(machines: int) -> None:
    print(f"ready {machines} machines", flush=True)


def _processes(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 256:
        raise argparse.ArgumentTypeError("must be from 1 to 256")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _positive_or_zero(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("must be 0 or more")
    return value
