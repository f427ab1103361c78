"""`baremetal event watch`: what happens, as it happens."""

import argparse
import json
from typing import Any

from baremetal.cli.command import BaremetalCommand
from baremetal.cli.complaints import CommandError
from baremetal.client import errors
from baremetal.client.events import Event


class WatchEvents(BaremetalCommand):
    """Print events as they happen, until you interrupt it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--node", metavar="NODE", help="of this node only: UUID or name")
        parser.add_argument(
            "--type", metavar="TYPE", help="those whose type begins so, e.g. operation"
        )
        parser.add_argument("--since", metavar="ID", help="begin after the event with this id")
        parser.add_argument(
            "-f", "--format", choices=("line", "json"), default="line", help="json: one per line"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        node = self.client.nodes.uuid_of(parsed_args.node) if parsed_args.node else None
        render = _as_json if parsed_args.format == "json" else _as_line
        try:
            for event in self.client.events.follow(since=parsed_args.since, node=node):
                if event.type.startswith(parsed_args.type or ""):
                    self.app.stdout.write(render(event) + "\n")
                    self.app.stdout.flush()
        except errors.ApiError as refused:
            if refused.status in (404, 405, 406):
                raise CommandError("this service has no event stream") from refused
            raise


def _as_json(event: Event) -> str:
    return json.dumps({"id": event.id, "type": event.type, **event.data})


def _as_line(event: Event) -> str:
    """E.g. `10:20:01 node.provision_state node-1 cleaning -> available`."""
    data = event.data
    when = str(data.get("at", ""))[11:19]
    who = data.get("name") or data.get("node_uuid") or ""
    return " ".join(part for part in (when, event.type, who, _gist(data)) if part)


def _gist(data: dict[str, Any]) -> str:
    words = []
    if "to" in data:
        words.append(f"{data.get('from')} -> {data['to']}")
    words += [str(data[key]) for key in ("kind", "state", "step") if data.get(key)]
    if data.get("percent") is not None:
        words.append(f"{data['percent']:.0f} %")
    words += [str(data[key]) for key in ("message", "error") if data.get(key)]
    return " ".join(words)
