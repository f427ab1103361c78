"""`baremetal status`: all at a glance."""

import argparse
from collections import Counter
from collections.abc import Iterable
from typing import Any

from cliff.columns import FormattableColumn

from baremetal.cli.cells import describe_operation
from baremetal.cli.command import One, Table
from baremetal.client import errors
from baremetal.client.transport import Resource
from baremetal.client.waiting import FAILED_STATES

_SHOWN = 10  # things of a kind that are named; there may be thousands
_NODE_FIELDS = ("uuid", "name", "provision_state", "power_state", "maintenance", "last_error")


class Status(One):
    """Show all at a glance: nodes by state, what runs, what failed."""

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        nodes = list(self.client.nodes.list(_NODE_FIELDS))
        names = {node["uuid"]: node["name"] or node["uuid"] for node in nodes}
        failed = [node for node in nodes if node["provision_state"] in FAILED_STATES]
        status = {
            "service": self.client.transport.root,
            "conductors": Counts(_alive(self.client.conductors.list())),
            "nodes": len(nodes),
            "by_state": Counts(Counter(node["provision_state"] for node in nodes)),
            "by_power": Counts(Counter(node["power_state"] or "unknown" for node in nodes)),
            "in_maintenance": sum(node["maintenance"] for node in nodes),
            "failed": Several([f"{names[n['uuid']]}: {_reason(n)}" for n in failed]),
            "running": Several(self._running(names)),
        }
        return tuple(status), tuple(status.values())

    def _running(self, names: dict[str, str]) -> list[str]:
        running: list[str] = []
        try:
            for state in ("running", "waiting", "queued"):
                for operation in self.client.operations.list(state=state):
                    about = operation.get("node_uuid") or operation.get("resource_uuid") or ""
                    running.append(f"{names.get(about, about)}: {describe_operation(operation)}")
        except (errors.NotFound, errors.NotAcceptable):
            return []  # not every Bare Metal service has operations
        return running


class Counts(FormattableColumn[dict[str, int]]):
    """How many of which, e.g. `6 active, 2 deploying`."""

    def machine_readable(self) -> dict[str, int]:
        return dict(self._value)

    def human_readable(self) -> str:
        most_first = sorted(self._value.items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{number} {what}" for what, number in most_first)


class Several(FormattableColumn[list[str]]):
    """The first few of many lines."""

    def human_readable(self) -> str:
        lines = self._value[:_SHOWN]
        more = len(self._value) - len(lines)
        return "\n".join(lines + ([f"and {more} more"] if more else []))


def _alive(conductors: Iterable[Resource]) -> Counter[str]:
    return Counter("alive" if conductor["alive"] else "dead" for conductor in conductors)


def _reason(node: Resource) -> Any:
    return node["last_error"] or node["provision_state"]
