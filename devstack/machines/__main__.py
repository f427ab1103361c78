"""``devstack/rack``."""

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from devstack.machines import network
from devstack.machines.description import (
    ADDRESS,
    BRIDGE,
    DISKS,
    FIRMWARES,
    MOST_MACHINES,
    NICS,
    PREFIX,
    RackDescription,
    Shape,
)
from devstack.machines.rack import Rack, RackUnavailableError

_HOME = Path(__file__).resolve().parents[2] / ".rack"


def _up(args: argparse.Namespace) -> int:
    shape = Shape(args.memory, args.firmware, args.nic, args.disk, args.disk_gib)
    rack = Rack(args.home, RackDescription(args.machines, shape))
    rack.start()
    print(f"{args.machines} machines, off; in a network of their own, where {BRIDGE} is at")
    print(f"{ADDRESS}/{PREFIX}. Run within it what shall reach them:")
    print("  devstack/rack exec COMMAND")
    print(f"  devstack/rack exec baremetal node create {rack.enrolment()}")
    print(f"or, by Redfish, {rack.enrolment('redfish')}")
    print(f"ready {rack.enrolment()}")
    return 0


def _status(args: argparse.Namespace) -> int:
    rack = Rack.found(args.home)
    for machine in rack.machines:
        said = rack.run(rack.ipmitool(machine, "power", "status"))
        power = said.stdout.strip().rpartition(" ")[2] or said.stderr.strip()
        print(f"{machine.name}  {machine.bmc_address}  {machine.mac}  {power}")
        print(f"  {rack.serial_log(machine)}")
    return 0


def _console(args: argparse.Namespace) -> int:
    rack = Rack.found(args.home)
    named = {machine.name: machine for machine in rack.machines}
    if args.node not in named:
        raise RackUnavailableError(f"{args.node} is none of {', '.join(named)}")
    machine = named[args.node]
    # Somebody whose terminal is gone may still have it.
    rack.run(rack.ipmitool(machine, "sol", "deactivate"))
    print("Leave it by: Enter ~ .", flush=True)
    return _become(rack, rack.ipmitool(machine, "sol", "activate"))


def _exec(args: argparse.Namespace) -> int:
    return _become(Rack.found(args.home), args.command)


def _become(rack: Rack, command: list[str]) -> NoReturn:
    program = shutil.which(command[0], path=rack.environment["PATH"])
    if program is None:
        raise RackUnavailableError(f"there is no {command[0]}")
    network.enter(rack.pid)
    os.execve(program, command, rack.environment)  # noqa: S606 - what the user wants


def _down(args: argparse.Namespace) -> int:
    try:
        rack = Rack(args.home, RackDescription.read(args.home))
    except FileNotFoundError:
        print(f"There is none in {args.home}.")
        return 0
    rack.remove()
    return 0


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= MOST_MACHINES:
        raise argparse.ArgumentTypeError(f"must be from 1 to {MOST_MACHINES}")
    return value


def _parser() -> argparse.ArgumentParser:
    usual = Shape()
    parser = argparse.ArgumentParser("devstack/rack", description="Virtual machines with BMCs.")
    parser.add_argument("--home", type=Path, default=_HOME, help="its directory (%(default)s)")
    commands = parser.add_subparsers(required=True)
    up = commands.add_parser("up", help="bring it up; the machines are off")
    up.add_argument("machines", metavar="N", type=_count, help="how many machines")
    up.add_argument("--memory", type=int, default=usual.memory_mib, help="MiB (%(default)s)")
    up.add_argument("--firmware", choices=FIRMWARES, default=usual.firmware, help="(%(default)s)")
    up.add_argument("--nic", choices=NICS, default=usual.nic, help="network card (%(default)s)")
    up.add_argument("--disk", choices=DISKS, default=usual.disk, help="(%(default)s)")
    up.add_argument("--disk-gib", type=_count, default=usual.disk_gib, help="GiB (%(default)s)")
    up.set_defaults(run=_up)
    commands.add_parser("status", help="its machines").set_defaults(run=_status)
    console = commands.add_parser("console", help="the serial line of a machine")
    console.add_argument("node", metavar="NODE")
    console.set_defaults(run=_console)
    inside = commands.add_parser("exec", help="run a command within its network")
    inside.add_argument("command", metavar="COMMAND", nargs="+")
    inside.set_defaults(run=_exec)
    down = commands.add_parser("down", help="take it down without a trace")
    down.set_defaults(run=_down)
    return parser


def main() -> int:
    """Run one of them; its exit status."""
    args = _parser().parse_args()
    args.home = args.home.resolve()
    try:
        status: int = args.run(args)
    except RackUnavailableError as error:
        print(f"devstack/rack: {error}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
