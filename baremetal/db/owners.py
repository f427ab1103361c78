"""Whose a resource is: the owner and the lessee of its node, or its own owner."""

from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database, Prepared
from baremetal.db.share_tables import (
    share_access_rules,
    share_messages,
    share_snapshots,
    shares,
)
from baremetal.db.tables import allocations, image_members, images, nodes, operations, ports
from baremetal.domain.operation import SHARE, SHARE_SNAPSHOT

_NODE = (nodes.c.uuid, nodes.c.owner.label("node.owner"), nodes.c.lessee.label("node.lessee"))
_IDENT: sa.BindParameter[str] = sa.bindparam("uuid")
_NAME: sa.BindParameter[str] = sa.bindparam("name")
_PROJECT: sa.BindParameter[str] = sa.bindparam("project")
_SHARE = (
    shares.c.project_id.label("share.owner"),
    sa.case((shares.c.is_public, "public")).label("share.visibility"),
)
_NODE_CALLED = sa.or_(nodes.c.uuid == _IDENT, nodes.c.name == _NAME)
_ALLOCATION_CALLED = sa.or_(allocations.c.uuid == _IDENT, allocations.c.name == _NAME)
_PORT_CALLED = sa.or_(ports.c.uuid == _IDENT, ports.c.name == _NAME)

#: {what is asked for by its uuid or name: the row with its uuid and its owners}
_QUERIES: dict[str, "sa.Select[Any]"] = {
    "node": sa.select(*_NODE).where(_NODE_CALLED),
    "port": sa.select(ports.c.uuid, *_NODE[1:])
    .join(nodes, nodes.c.uuid == ports.c.node_uuid)
    .where(_PORT_CALLED),
    "operation": sa.select(
        operations.c.uuid,
        *_NODE[1:],
        images.c.owner.label("image.owner"),
        sa.func.coalesce(shares.c.project_id, share_snapshots.c.project_id).label("share.owner"),
    )
    .outerjoin(nodes, nodes.c.uuid == operations.c.resource_uuid)
    .outerjoin(images, images.c.uuid == operations.c.resource_uuid)
    .outerjoin(shares, shares.c.uuid == operations.c.resource_uuid)
    .outerjoin(share_snapshots, share_snapshots.c.uuid == operations.c.resource_uuid)
    .where(
        operations.c.uuid == _IDENT,
        sa.or_(
            nodes.c.id.is_not(None),
            images.c.id.is_not(None),
            # Overseers may look into how one went that has left nothing.
            operations.c.resource_type == SHARE,
            operations.c.resource_type == SHARE_SNAPSHOT,
        ),
    ),
    "allocation": sa.select(
        allocations.c.uuid, allocations.c.owner.label("allocation.owner")
    ).where(_ALLOCATION_CALLED),
    "allocation of node": sa.select(nodes.c.uuid, allocations.c.owner.label("allocation.owner"))
    .join(allocations, nodes.c.uuid == allocations.c.node_uuid)
    .where(_NODE_CALLED),
    # With whom it is shared counts for the one who asks alone.
    "image": sa.select(
        images.c.uuid,
        images.c.owner.label("image.owner"),
        images.c.visibility.label("image.visibility"),
        image_members.c.member.label("image.member"),
    )
    .outerjoin(
        image_members,
        sa.and_(
            image_members.c.image_uuid == images.c.uuid,
            image_members.c.member == _PROJECT,
            images.c.visibility == "shared",
        ),
    )
    .where(images.c.uuid == _IDENT, images.c.status != "pending_delete"),
}
_QUERIES |= {
    "share": sa.select(shares.c.uuid, *_SHARE).where(shares.c.uuid == _IDENT),
    "snapshot": sa.select(
        share_snapshots.c.uuid, share_snapshots.c.project_id.label("share.owner")
    ).where(share_snapshots.c.uuid == _IDENT),
    "access": sa.select(share_access_rules.c.uuid, shares.c.project_id.label("share.owner"))
    .join(shares, shares.c.uuid == share_access_rules.c.share_uuid)
    .where(share_access_rules.c.uuid == _IDENT),
    "message": sa.select(
        share_messages.c.uuid, share_messages.c.project_id.label("share.owner")
    ).where(share_messages.c.uuid == _IDENT),
}
_OF_SHARES = (shares, share_snapshots)
#: What is asked for by its uuid alone.
_BY_UUID = {"operation", "image", "share", "snapshot", "access", "message"}


def owners(
    db: Database, kind: str, ident: str, project: str | None = None
) -> tuple[str, dict[str, str]] | None:
    """(uuid, owners by name) of what is called `ident`; None where there is none.

    `project` is whose view of it is wanted.

    Whom it does not belong to is left out.
    """
    prepared = db.prepared.get(("owners", kind))
    if prepared is None:
        prepared = db.prepared["owners", kind] = Prepared(db, _QUERIES[kind])
    more: dict[str, Any] = {} if kind in _BY_UUID else {"name": ident}
    if kind == "image":
        more["project"] = project
    found = prepared.first(uuid=ident.lower(), **more)
    if found is None:
        return None
    keys = [column.name for column in _QUERIES[kind].selected_columns][1:]
    return found[0], {key: owner for key, owner in zip(keys, found[1:], strict=True) if owner}


def of_project(project: Any) -> "sa.ColumnElement[bool]":
    """The condition that a node belongs, or is lent, to a project."""
    return sa.or_(nodes.c.owner == project, nodes.c.lessee == project)


def on_node_of_project(column: "sa.Column[Any]", project: Any) -> "sa.ColumnElement[bool]":
    """The condition that a column is the uuid of a node of a project."""
    return column.in_(sa.select(nodes.c.uuid).where(of_project(project)))


def on_resource_of_project(column: "sa.Column[Any]", project: Any) -> "sa.ColumnElement[bool]":
    """The same for whatever operations are about: nodes, images, shares and snapshots."""
    owned = ((images, images.c.owner), *((one, one.c.project_id) for one in _OF_SHARES))
    ours = sa.select(nodes.c.uuid).where(of_project(project))
    others = (sa.select(table.c.uuid).where(owner == project) for table, owner in owned)
    return column.in_(ours.union_all(*others))
