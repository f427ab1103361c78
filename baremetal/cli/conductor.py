"""`baremetal conductor ...`: processes that own machines."""

from baremetal.cli.crud import ListCommand, ResourceKind, ShowCommand

CONDUCTOR = ResourceKind(
    noun="conductor",
    collection=lambda client: client.conductors,
    columns=("hostname", "conductor_group", "alive"),
    long=("drivers", "created_at", "updated_at"),
    ident="hostname",
)


class ListConductors(ListCommand):
    """List conductors."""

    kind = CONDUCTOR


class ShowConductor(ShowCommand):
    """Show a conductor."""

    kind = CONDUCTOR
