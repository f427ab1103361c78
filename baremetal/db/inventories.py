"""Inventories: what inspection found, one per node."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.tables import inventories
from baremetal.db.types import stamp


def save_inventory(
    db: Database, node_uuid: str, inventory: Mapping[str, Any], now: datetime
) -> None:
    """Keep the newest inventory of a node."""
    values = {"inventory": dict(inventory), "plugin_data": {}, "created_at": stamp(now)}
    with db.write() as tx:
        mine = inventories.c.node_uuid == node_uuid
        if tx.execute(sa.update(inventories).where(mine).values(values)).rowcount == 0:
            tx.execute(inventories.insert(), {**values, "node_uuid": node_uuid})


def get_inventory(db: Database, node_uuid: str) -> dict[str, Any] | None:
    """``{"inventory", "plugin_data"}`` of a node; None before its first inspection."""
    query = sa.select(inventories.c.inventory, inventories.c.plugin_data)
    with db.read() as connection:
        found = connection.execute(query.where(inventories.c.node_uuid == node_uuid)).first()
    return {"inventory": found[0], "plugin_data": found[1]} if found else None
