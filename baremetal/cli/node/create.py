"""`baremetal node create`: one machine by options, or many by a file."""

import argparse
from dataclasses import dataclass

from baremetal.cli.command import Rows, Table, add_parallel, for_each
from baremetal.cli.complaints import WORK_FAILED, UsageError
from baremetal.cli.fields import add_options, body
from baremetal.cli.node.kind import NODE
from baremetal.cli.node.machines import Machine, merged, read_machines
from baremetal.client import Client, errors
from baremetal.client.transport import Resource


@dataclass(frozen=True, slots=True)
class Created:
    """What came of a machine: its node, and `created`, `exists` or `completed`."""

    node: Resource
    ports: int
    result: str


class CreateNodes(Rows):
    """Create a node by options, or many from a file; with a file, options are defaults."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "file",
            nargs="?",
            metavar="FILE",
            help="YAML (`nodes:` with `ports:` in each) or CSV (columns like"
            " driver_info.ipmi_address; MACs in `ports`); - for stdin",
        )
        add_options(parser, NODE.fields, "create")
        parser.add_argument(
            "--port", action="append", default=[], metavar="MAC", help="a network card of it"
        )
        parser.add_argument(
            "--skip-existing",
            action="store_true",
            help="leave nodes alone whose name is there already (but add missing ports)",
        )
        add_parallel(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        machines = {machine.label: machine for machine in self._machines(parsed_args)}
        skip = parsed_args.skip_existing

        def create(label: str) -> Created:
            return create_machine(self.client, machines[label], skip_existing=skip)

        rows = []
        for attempt in for_each(list(machines), create, parsed_args.parallel):
            node = machines[attempt.subject].node
            if attempt.value:
                made = attempt.value
                name, uuid, driver = (made.node.get(key) for key in ("name", "uuid", "driver"))
                rows.append((name or "", uuid, driver, made.ports, made.result, ""))
            else:
                self.exit_code = WORK_FAILED
                name = node.get("name") or attempt.subject
                rows.append((name, "", node.get("driver", ""), 0, "failed", str(attempt.error)))
        return ("name", "uuid", "driver", "ports", "result", "reason"), rows

    def _machines(self, parsed_args: argparse.Namespace) -> list[Machine]:
        defaults = body(parsed_args, NODE.fields, self.app.stdin)
        if not parsed_args.file:
            ports = [{"address": mac} for mac in parsed_args.port]
            machines = [Machine(defaults.get("name", "the node"), defaults, ports)]
        elif parsed_args.port or {"name", "uuid"} & defaults.keys():
            raise UsageError("--name, --uuid and --port cannot be the same for a file of machines")
        else:
            machines = [
                Machine(machine.label, merged(defaults, machine.node), machine.ports)
                for machine in read_machines(parsed_args.file, self.app.stdin)
            ]
        for machine in machines:
            if not machine.node.get("driver"):
                raise UsageError(f"{machine.label} has no driver", "--driver, e.g. --driver ipmi")
        return machines


def create_machine(client: Client, machine: Machine, *, skip_existing: bool) -> Created:
    """What came of creating a node with its ports: both, or neither.

    :raises errors.ApiError: the service refused one of them; there is no node then
    """
    name = machine.node.get("name")
    if skip_existing and name:
        try:
            node = client.nodes.get(name)
        except errors.NotFound:
            pass
        else:
            added = _add_missing_ports(client, node, machine)
            return Created(node, len(machine.ports), "ports added" if added else "exists")
    node = client.nodes.create(NODE.complete(client, machine.node))
    try:
        for port in machine.ports:
            client.ports.create(port | {"node_uuid": node["uuid"]})
    except errors.ClientError:
        # A node without its ports would be skipped by the next attempt, or be in its way.
        client.nodes.delete(node["uuid"])
        raise
    return Created(node, len(machine.ports), "created")


def _add_missing_ports(client: Client, node: Resource, machine: Machine) -> int:
    present = {port["address"].lower() for port in client.ports.list(node=node["uuid"])}
    missing = [port for port in machine.ports if port["address"].lower() not in present]
    for port in missing:
        client.ports.create(port | {"node_uuid": node["uuid"]})
    return len(missing)
