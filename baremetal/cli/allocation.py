"""`baremetal allocation ...`: a node that fits, found and reserved."""

import argparse
import time

from baremetal.cli.command import Table
from baremetal.cli.complaints import CommandError
from baremetal.cli.crud import (
    CreateCommand,
    DeleteCommand,
    Filter,
    ListCommand,
    ResourceKind,
    SetCommand,
    ShowCommand,
    UnsetCommand,
    present,
)
from baremetal.cli.fields import Field, Kind, body
from baremetal.cli.waiting import add_wait
from baremetal.client.transport import Resource

_PAUSE = 0.5  # seconds between looks; allocations have no events

ALLOCATION = ResourceKind(
    noun="allocation",
    collection=lambda client: client.allocations,
    columns=("uuid", "name", "resource_class", "state", "node_uuid"),
    long=("owner", "traits", "candidate_nodes", "last_error", "created_at"),
    filters=(
        Filter("node", "the allocation of this node: UUID or name"),
        Filter("resource-class", "allocations of this class"),
        Filter("state", "allocations in this state", choices=("allocating", "active", "error")),
        Filter("owner", "allocations of this owner"),
    ),
    fields=(
        Field("resource_class", "what the node has to be", verbs="create"),
        Field("name", "a name for it; the instance's as well"),
        Field("traits", "a trait that it must have", Kind.WORDS, "trait", "create"),
        Field("candidate_nodes", "choose among these", Kind.WORDS, "candidate-node", "create"),
        Field("node", "the node that is deployed already: UUID or name", verbs="create"),
        Field("owner", "whose it is", verbs="create"),
        Field("extra", "anything of yours", Kind.PAIRS),
        Field("uuid", "instead of a random one", verbs="create"),
    ),
    ident="UUID or name",
)


class ListAllocations(ListCommand):
    """List allocations."""

    kind = ALLOCATION


class ShowAllocation(ShowCommand):
    """Show an allocation."""

    kind = ALLOCATION


class CreateAllocation(CreateCommand):
    """Find a node that fits, and reserve it."""

    kind = ALLOCATION

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_wait(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        created = self.client.allocations.create(
            body(parsed_args, self.kind.fields, self.app.stdin)
        )
        if parsed_args.wait is not None:
            created = self._wait(created, parsed_args.wait)
        return present(created, self.kind, parsed_args)

    def _wait(self, allocation: Resource, limit: float) -> Resource:
        deadline = time.monotonic() + limit
        while allocation["state"] == "allocating":
            if time.monotonic() > deadline:
                raise CommandError(f"allocation {allocation['uuid']} is still waiting for a node")
            time.sleep(_PAUSE)
            allocation = self.client.allocations.get(allocation["uuid"])
        if allocation["state"] == "error":
            raise CommandError(
                f"no node for allocation {allocation['uuid']}: {allocation['last_error']}",
                "`baremetal node list --long --provision-state available` shows who is free",
            )
        return allocation


class SetAllocation(SetCommand):
    """Write fields of allocations."""

    kind = ALLOCATION


class UnsetAllocation(UnsetCommand):
    """Empty fields of allocations."""

    kind = ALLOCATION


class DeleteAllocation(DeleteCommand):
    """Give the nodes of allocations back."""

    kind = ALLOCATION
