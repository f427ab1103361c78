"""`baremetal node why`: what a node is doing, for whom it waits, and what one could do."""

import argparse
from datetime import UTC, datetime
from typing import Any

from baremetal.cli.cells import row
from baremetal.cli.command import One, Table
from baremetal.client.transport import Resource

# What to do about a node in which nothing goes on, by its state.
_NEXT_BY_STATE = {
    "enroll": "baremetal node manage {name}",
    "manageable": "baremetal node provide {name}",
    "available": "baremetal node deploy {name}",
    "inspect failed": "baremetal node inspect {name}",
    "clean failed": "baremetal node manage {name}, then baremetal node provide {name}",
    "deploy failed": "baremetal node deploy {name}, or baremetal node undeploy {name}",
    "adopt failed": "baremetal node adopt {name}",
    "rescue": "baremetal node unrescue {name}",
    "rescue failed": "baremetal node unrescue {name}",
    "unrescue failed": "baremetal node unrescue {name}",
    "service failed": "baremetal node service {name}",
    "error": "baremetal node undeploy {name}",
    "clean hold": "baremetal node unhold {name}",
    "deploy hold": "baremetal node unhold {name}",
    "service hold": "baremetal node unhold {name}",
    "active": "nothing: it does its work",
}


class WhyNode(One):
    """Tell what a node is doing, what it waits for, and what to do next."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("node", metavar="NODE", help="UUID or name")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        node = self.client.nodes.get(parsed_args.node)
        told = explain(node, datetime.now(UTC))
        if node.get("last_error") and not node.get("operation"):
            told = with_autopsy(told, self._last_failed(node["uuid"]))
        names = tuple(name for name, value in told.items() if value not in (None, ""))
        return names, row(told, names)

    def _last_failed(self, uuid: str) -> Resource | None:
        found = self.client.operations.list(
            node=uuid, state="failed", sort_key="created_at", sort_dir="desc", limit=1
        )
        return next(iter(found), None)


def with_autopsy(told: dict[str, Any], failed: Resource | None) -> dict[str, Any]:
    """The same, and why its last error came about, where that was found out."""
    if failed is None or not failed.get("cause") or failed.get("error") != told["last_error"]:
        return told
    command = f"baremetal operation autopsy {failed['uuid']}"
    rest = {name: value for name, value in told.items() if name != "next"}
    return {**rest, "cause": failed["cause"], "next": f"{command}; {told['next']}"}


def explain(node: Resource, now: datetime) -> dict[str, Any]:
    """What there is to tell about a node; None where there is nothing."""
    operation = node.get("operation") or {}
    waiting = operation.get("waiting") or {}
    progress = operation.get("progress") or {}
    return {
        "node": node.get("name") or node["uuid"],
        "uuid": node["uuid"],
        "provision_state": node["provision_state"],
        "wanted": node.get("target_provision_state"),
        "power_state": node.get("power_state"),
        "operation": operation.get("uuid"),
        "kind": operation.get("kind"),
        "operation_state": operation.get("state"),
        "step": operation.get("step"),
        "percent": progress.get("percent"),
        "message": progress.get("message"),
        "waiting_for": waiting.get("for"),
        "since": moment(waiting.get("since"), now),
        "until": moment(waiting.get("until"), now),
        "owner": operation.get("owner") or node.get("conductor") or node.get("reservation"),
        "maintenance": _maintenance(node),
        "fault": node.get("fault"),
        "last_error": node.get("last_error"),
        "next": advice(node),
    }


def advice(node: Resource) -> str:
    """The command that a person would most probably want now."""
    name = node.get("name") or node["uuid"]
    operation, state = node.get("operation"), node["provision_state"]
    if operation and not state.endswith(" hold"):
        return f"baremetal operation watch {operation['uuid']}"
    if node.get("maintenance"):
        return f"baremetal node maintenance unset {name}"
    if state == "enroll" and node.get("last_error"):
        return (
            f"baremetal node validate {name}; baremetal node set {name} --driver-info KEY=VALUE;"
            f" baremetal node manage {name}"
        )
    if node.get("fault") == "power failure":
        return f"see to its BMC, then baremetal node power show {name}; the fault goes by itself"
    template = _NEXT_BY_STATE.get(state, "baremetal node history list {name}")
    return template.format(name=name)


def moment(iso: str | None, now: datetime) -> str | None:
    """A time of day and how far it is from now, e.g. `10:20:01 UTC (12 s ago)`."""
    if not iso:
        return None
    when = datetime.fromisoformat(iso)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    seconds = (when - now).total_seconds()
    distance = _duration(abs(seconds))
    told = f"in {distance}" if seconds >= 0 else f"{distance} ago"
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC ({told})"


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _maintenance(node: Resource) -> str | None:
    if not node.get("maintenance"):
        return None
    return node.get("maintenance_reason") or "yes, and nobody said why"
