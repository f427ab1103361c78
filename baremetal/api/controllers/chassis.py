"""Chassis: list, show, create, change, delete."""

import sqlalchemy as sa

from baremetal.api.call import Answer, Call
from baremetal.api.controllers.records import RecordController
from baremetal.api.listing import Listing
from baremetal.api.types.chassis import Chassis
from baremetal.db.records import Records
from baremetal.db.tables import chassis, nodes
from baremetal.domain.errors import InvalidInput

LISTING = Listing(Chassis)


def _records(call: Call) -> Records:
    return Records(call.services.db, chassis, "Chassis", ("uuid",))


CONTROLLER = RecordController(Chassis, LISTING, _records)


def delete(call: Call) -> Answer:
    """Remove a chassis that holds no nodes."""
    row = CONTROLLER.row(call)
    with call.services.db.read() as connection:
        query = sa.select(nodes.c.uuid).where(nodes.c.chassis_uuid == row["uuid"]).limit(1)
        if connection.execute(query).first() is not None:
            raise InvalidInput(
                f"Cannot complete the requested action because chassis {row['uuid']} "
                "contains nodes."
            )
    return CONTROLLER.delete(call)
