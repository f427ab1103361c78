"""`baremetal operation ...`: long work, done or under way."""

import argparse
from collections.abc import Callable

from baremetal.cli.autopsy import for_people
from baremetal.cli.cells import describe_step, whole
from baremetal.cli.command import EachCommand, One, Table
from baremetal.cli.complaints import WORK_FAILED
from baremetal.cli.crud import Filter, ListCommand, ResourceKind, ShowCommand, present
from baremetal.cli.progress import open_progress
from baremetal.client.events import EventFeed
from baremetal.client.transport import Resource
from baremetal.client.watching import is_over

_STATES = ("queued", "running", "waiting", "succeeded", "failed", "cancelled")

OPERATION = ResourceKind(
    noun="operation",
    collection=lambda client: client.operations,
    columns=("uuid", "kind", "state", "node_uuid", "step", "progress", "error"),
    long=(
        *("resource_type", "resource_uuid", "cause", "owner", "waiting", "attempts"),
        *("requested_by", "created_at", "finished_at"),
    ),
    filters=(
        Filter("state", "operations in this state", choices=_STATES),
        Filter("kind", "operations of this kind, e.g. deploy"),
        Filter("node", "operations on this node: UUID or name"),
        Filter("resource_uuid", "operations on this node or image: UUID"),
        Filter("cause", "operations that failed for this cause, e.g. bmc-unreachable"),
    ),
    selects_fields=False,
)


class ListOperations(ListCommand):
    """List operations."""

    kind = OPERATION


class ShowOperation(ShowCommand):
    """Show an operation with its steps."""

    kind = OPERATION


class ShowAutopsy(One):
    """Tell why an operation failed, what was seen, and what to try next."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("operation", metavar="OPERATION", help="UUID")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        found = self.client.operations.autopsy(parsed_args.operation)
        if parsed_args.formatter == "table" and not parsed_args.columns:
            return for_people(found)
        return whole(found, ("step", "cause", "meaning", "message", "at", "evidence", "next"))


class CancelOperation(EachCommand):
    """Stop operations as soon as they can be."""

    done = "is being cancelled"

    def noun(self) -> str:
        return "operation"

    def prepare(self, parsed_args: argparse.Namespace) -> Callable[[str], object]:
        return self.client.operations.cancel


class WatchOperation(One):
    """Watch an operation until it is over; fails if the operation does."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("operation", metavar="OPERATION", help="UUID")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        operation = self._watch(parsed_args.operation)
        self.exit_code = 0 if operation["state"] == "succeeded" else WORK_FAILED
        return present(operation, OPERATION, parsed_args)

    def _watch(self, uuid: str) -> Resource:
        app = self.app
        operation = self.client.operations.get(uuid)
        with (
            EventFeed(self.client.events) as feed,
            open_progress(app.stderr, quiet=app.quiet) as progress,
        ):
            watcher = self.client.operation_watcher(feed, uuid)
            for changed in watcher.changes():
                if changed is None:
                    progress.tick()
                    continue
                operation, over = changed, is_over(changed)
                what = f"{operation['state']}: {describe_step(operation)}"
                percent = (operation.get("progress") or {}).get("percent")
                ok = operation["state"] == "succeeded"
                progress.show(operation["kind"], what, percent, ended=over, ok=ok)
                if over:
                    watcher.forget(uuid)
        return operation
