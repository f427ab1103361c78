"""What went wrong with a node, as the Bare Metal API v1 shows it since 1.78."""

from baremetal.api.types import kinds
from baremetal.api.types.base import Field, Resource, Type
from baremetal.db.tables import history


class HistoryEvent(Type):
    """One failure on a node."""

    __resource__ = Resource(
        "history event", "history", history, ("uuid", "created_at", "severity", "event", "links")
    )

    uuid = Field(kinds.UUID)
    created_at = Field(kinds.MOMENT)
    severity = Field(kinds.TEXT, about="ERROR.")
    event_type = Field(kinds.TEXT, about="What kind of work it was: deploying, cleaning, power...")
    event = Field(
        kinds.COMPUTED, needs=("event",), about="What happened; cut short in lists without detail."
    )
    conductor = Field(kinds.TEXT, about="The conductor that saw it.")
    user = Field(kinds.TEXT, about="Who had asked for the work.")
    links = Field(kinds.COMPUTED, needs=("node_uuid", "uuid"))
