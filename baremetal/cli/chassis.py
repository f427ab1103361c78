"""`baremetal chassis ...`: boxes that hold several machines."""

from baremetal.cli.crud import (
    CreateCommand,
    DeleteCommand,
    ListCommand,
    ResourceKind,
    SetCommand,
    ShowCommand,
    UnsetCommand,
)
from baremetal.cli.fields import Field, Kind

CHASSIS = ResourceKind(
    noun="chassis",
    collection=lambda client: client.chassis,
    columns=("uuid", "description"),
    long=("extra", "created_at", "updated_at"),
    fields=(
        Field("description", "what it is, in your words"),
        Field("extra", "anything of yours", Kind.PAIRS),
        Field("uuid", "instead of a random one", verbs="create"),
    ),
)


class ListChassis(ListCommand):
    """List chassis."""

    kind = CHASSIS


class ShowChassis(ShowCommand):
    """Show a chassis."""

    kind = CHASSIS


class CreateChassis(CreateCommand):
    """Create a chassis."""

    kind = CHASSIS


class SetChassis(SetCommand):
    """Write fields of chassis."""

    kind = CHASSIS


class UnsetChassis(UnsetCommand):
    """Empty fields of chassis."""

    kind = CHASSIS


class DeleteChassis(DeleteCommand):
    """Delete chassis."""

    kind = CHASSIS
