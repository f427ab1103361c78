"""The nodes repository: what the API and the conductor read and write of nodes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from baremetal.db import history as histories
from baremetal.db.allocations import follow_node
from baremetal.db.database import Database, Prepared, Rows
from baremetal.db.operations import NodeChange, record
from baremetal.db.tables import allocations, history, inventories, nodes, operations, ports
from baremetal.db.types import stamp
from baremetal.db.vault import Vault
from baremetal.domain import secrets
from baremetal.domain.errors import AlreadyExists, ChangedMeanwhile, InUse, NodeBusy, NotFound
from baremetal.domain.history import Failure
from baremetal.domain.node import INTERFACES, Node, is_uuid, slot_of

#: Free-form columns whose secrets are parted off into the ``secrets`` column.
SECRETIVE = ("driver_info", "instance_info")
#: How often what is judged and then written is judged anew, when it changed in between.
_TRIES = 10
_T = TypeVar("_T")

_ROWS = Rows(nodes.c.values())
_STATES = Rows(
    [
        nodes.c.console_enabled,
        nodes.c.last_error,
        nodes.c.power_state,
        nodes.c.provision_state,
        nodes.c.provision_updated_at,
        nodes.c.target_power_state,
        nodes.c.target_provision_state,
        nodes.c.raid_config,
        nodes.c.target_raid_config,
        nodes.c.boot_mode,
        nodes.c.secure_boot,
    ]
)
#: No name looks like a uuid, so both may be asked for at once.
_CALLED = sa.or_(nodes.c.uuid == sa.bindparam("uuid"), nodes.c.name == sa.bindparam("name"))
_MACS = (
    sa.select(ports.c.address).where(ports.c.node_uuid == sa.bindparam("uuid")).order_by(ports.c.id)
)
_HELD_BY_MACS = (
    sa.select(nodes.c.uuid)
    .join(ports, ports.c.node_uuid == nodes.c.uuid)
    .where(
        ports.c.address.in_(sa.bindparam("macs", expanding=True)),
        nodes.c.operation_uuid.is_not(None),
    )
)
_ALL_MACS = (
    sa.select(ports.c.node_uuid, ports.c.address)
    .where(ports.c.node_uuid.in_(sa.bindparam("uuids", expanding=True)))
    .order_by(ports.c.id)
)


def matches(ident: str) -> "sa.ColumnElement[bool]":
    """The condition that a node is the one called `ident`: its uuid, or its name."""
    return nodes.c.uuid == ident.lower() if is_uuid(ident) else nodes.c.name == ident


_NOTE = sa.update(nodes).where(nodes.c.uuid == sa.bindparam("our_uuid"))


@dataclass(frozen=True, slots=True)
class Share:
    """The nodes of one driver and conductor group that have some of the slots, or all."""

    driver: str
    group: str
    slots: tuple[int, ...] | None


def of_shares(shares: Iterable[Share]) -> "sa.ColumnElement[bool]":
    """The condition that a node belongs to one of the shares."""
    return sa.or_(sa.false(), *(_of_share(share) for share in shares))


def _of_share(share: Share) -> "sa.ColumnElement[bool]":
    same = sa.and_(nodes.c.driver == share.driver, nodes.c.conductor_group == share.group)
    if share.slots is None:
        return same
    # Literals, since a statement that is compiled once can not have lists as parameters.
    slots: list[sa.ColumnElement[int]] = [sa.literal_column(str(slot)) for slot in share.slots]
    return sa.and_(same, nodes.c.slot.in_(slots))


class NodeStore:
    """Reads and writes nodes. Secrets go in and out through `vault`."""

    def __init__(self, db: Database, vault: Vault) -> None:
        """Work on `db`."""
        self.db = db
        self.vault = vault
        self._one = Prepared(db, sa.select(*_ROWS.columns).where(_CALLED))
        self._states = Prepared(db, sa.select(*_STATES.columns).where(_CALLED))
        self._macs = Prepared(db, _MACS)

    # -- reading -------------------------------------------------------------

    def row(self, ident: str) -> dict[str, Any]:
        """All columns of one node, secrets masked.

        :raises NotFound: no node has this uuid or name.
        """
        found = self._one.first(uuid=ident.lower(), name=ident)
        if found is None:
            raise NotFound("Node", ident)
        return _ROWS.convert(found)

    def states(self, ident: str) -> dict[str, Any]:
        """The columns of one node's states alone: what is asked for most.

        :raises NotFound: no node has this uuid or name.
        """
        found = self._states.first(uuid=ident.lower(), name=ident)
        if found is None:
            raise NotFound("Node", ident)
        return _STATES.convert(found)

    def get(self, ident: str) -> Node:
        """The node with its secrets, for drivers.

        :raises NotFound: no node has this uuid or name.
        """
        row = self.row(ident)
        return self._node(row, [mac for (mac,) in self._macs.all(uuid=row["uuid"])])

    def find(self, *conditions: "sa.ColumnElement[bool]", limit: int | None = None) -> list[Node]:
        """The nodes that fulfil all conditions, with their secrets."""
        query = sa.select(nodes).where(*conditions).order_by(nodes.c.id).limit(limit)
        with self.db.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return self._with_macs(rows)

    def versions(self, *conditions: "sa.ColumnElement[bool]") -> dict[str, int]:
        """The version of each node that fulfils all conditions, by uuid."""
        query = sa.select(nodes.c.uuid, nodes.c.version).where(*conditions)
        with self.db.read() as connection:
            return {uuid: version for uuid, version in connection.execute(query)}  # noqa: C416

    def held_by_macs(self, macs: Sequence[str]) -> set[str]:
        """The uuids of nodes that have a port with one of these addresses, and are worked on."""
        with self.db.read() as connection:
            return set(connection.execute(_HELD_BY_MACS, {"macs": macs}).scalars())

    def _with_macs(self, rows: Sequence[Mapping[str, Any]]) -> list[Node]:
        macs: dict[str, list[str]] = {}
        with self.db.read() as connection:
            for uuid, mac in connection.execute(
                _ALL_MACS, {"uuids": [row["uuid"] for row in rows]}
            ):
                macs.setdefault(uuid, []).append(mac)
        return [self._node(row, macs.get(row["uuid"], [])) for row in rows]

    def _node(self, row: Mapping[str, Any], macs: Sequence[str]) -> Node:
        direct = {
            name: row[name]
            for name in Node.__dataclass_fields__
            if name in row and name != "traits"
        }
        if row["secrets"] is not None:
            hidden = self.vault.unseal(row["secrets"])
            for name in SECRETIVE:
                direct[name] = secrets.join(row[name], hidden.get(name, {}))
        return Node(
            **direct,
            interfaces={
                kind: row[f"{kind}_interface"] for kind in INTERFACES if row[f"{kind}_interface"]
            },
            traits=tuple(row["traits"]),
            macs=tuple(macs),
        )

    def with_instance_info(self, row: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of a node whose instance_info gets more entries, which may be secret."""
        hidden = self.vault.unseal(row["secrets"])
        values = {"instance_info": {**row["instance_info"], **more}}
        return self._parted(values, hidden, ())

    def without_instance(self, node: Node) -> dict[str, Any]:
        """The columns of a node whose instance_info, secrets included, is gone."""
        row = self.row(node.uuid)
        kept = self.vault.unseal(row["secrets"])
        kept.pop("instance_info", None)
        return {"instance_info": {}, "secrets": self.vault.seal(kept)}

    # -- writing -------------------------------------------------------------

    def create(self, values: Mapping[str, Any], declared: Collection[str], now: datetime) -> None:
        """Insert a node; `declared` names the driver's own secret fields.

        :raises AlreadyExists: its uuid, name or instance_uuid is taken.
        """
        at = stamp(now)
        row = {**self._parted(values, {}, declared), "created_at": at}
        row["slot"] = slot_of(row["uuid"])
        data = {"node_uuid": row["uuid"], "name": row.get("name"), "at": at}
        try:
            with self.db.write() as tx:
                tx.execute(nodes.insert(), row)
                record(tx, at, [("node.created", row["uuid"], data)])
        except IntegrityError as error:
            raise _taken(row, error) from error

    def update(
        self,
        before: Mapping[str, Any],
        values: Mapping[str, Any],
        declared: Collection[str],
        now: datetime,
        failure: Failure | None = None,
    ) -> None:
        """Change columns of the node as it was read in `before`; a `failure` is its history.

        A secret given as six stars stays what it was, and what was secret stays secret,
        whichever driver has declared it.

        :raises ChangedMeanwhile: somebody else has changed the node since.
        :raises AlreadyExists: its new name or instance_uuid is taken.
        """
        at = stamp(now)
        row = dict(values)
        if declared:
            # Another driver may call secret what was plain so far.
            row.setdefault("driver_info", before["driver_info"])
        if any(name in row for name in SECRETIVE):
            row = self._parted(row, self.vault.unseal(before["secrets"]), declared)
        query = sa.update(nodes).where(
            nodes.c.uuid == before["uuid"], nodes.c.version == before["version"]
        )
        row.update(version=before["version"] + 1, updated_at=at)
        change = NodeChange(
            before["uuid"], row, before["name"], before["provision_state"], before["power_state"]
        )
        try:
            with self.db.write() as tx:
                if tx.execute(query.values(row)).rowcount != 1:
                    raise ChangedMeanwhile("Node", before["uuid"])
                follow_node(tx, before["uuid"], row)
                if failure is not None:
                    histories.record(tx, at, before["uuid"], failure)
                record(tx, at, change.events(at))
        except IntegrityError as error:
            raise _taken(row, error) from error

    def note(self, uuid: str, now: datetime, **values: Any) -> None:
        """Write columns that only the service has to do with, whoever else writes others."""
        with self.db.write() as tx:
            tx.execute(_NOTE, {**values, "our_uuid": uuid})

    def delete(self, row: Mapping[str, Any], now: datetime) -> None:
        """Remove the node as it was read, with its ports, history and inventory.

        :raises ChangedMeanwhile: somebody else has changed the node since.
        """
        at = stamp(now)
        uuid = row["uuid"]
        with self.db.write() as tx:
            gone = tx.execute(
                sa.delete(nodes).where(
                    nodes.c.uuid == uuid,
                    nodes.c.version == row["version"],
                    nodes.c.operation_uuid.is_(None),
                )
            )
            if gone.rowcount != 1:
                raise ChangedMeanwhile("Node", uuid)
            for table in (ports, history, inventories):
                tx.execute(sa.delete(table).where(table.c.node_uuid == uuid))
            tx.execute(sa.delete(allocations).where(allocations.c.node_uuid == uuid))
            data = {"node_uuid": uuid, "name": row["name"], "at": at}
            record(tx, at, [("node.deleted", uuid, data)])

    def _parted(
        self,
        values: Mapping[str, Any],
        hidden: Mapping[str, Any],
        declared: Collection[str],
    ) -> dict[str, Any]:
        row = dict(values)
        sealed: dict[str, Any] = dict(hidden)
        for name in SECRETIVE:
            if name in row:
                known = hidden.get(name, {})
                whole = secrets.join(row[name] or {}, known)
                row[name], sealed[name] = secrets.part(whole, {*declared, *known})
        row["secrets"] = self.vault.seal(sealed) if any(sealed.values()) else None
        return row


def holder(db: Database, row: Mapping[str, Any]) -> NodeBusy:
    """The error that says who holds the node."""
    with db.read() as connection:
        held = connection.execute(
            sa.select(operations.c.kind, operations.c.state, operations.c.owner).where(
                operations.c.uuid == row["operation_uuid"]
            )
        ).first()
    if held is None:
        return NodeBusy(row["uuid"], row["reservation"] or "another request")
    what = f"{row['operation_uuid']} ({held.kind}, {held.state})"
    return NodeBusy(row["uuid"], held.owner or "the queue", what)


def _taken(row: Mapping[str, Any], error: IntegrityError) -> Exception:
    text = str(error.orig)
    for column, label in (
        ("instance_uuid", "instance_uuid"),
        ("name", "name"),
        ("uuid", "UUID"),
    ):
        if f"nodes.{column}" in text or f"nodes_{column}" in text:
            return AlreadyExists(f"A node with {label} {row.get(column)} already exists.")
    return InUse(f"The node can not be written: {text}")


def retried(attempt: Callable[[], _T]) -> _T:
    """What `attempt` returns, which reads something, judges it, and writes it.

    It is made again where somebody else wrote in between.

    :raises ChangedMeanwhile: somebody did, each of ten times.
    """
    for _ in range(_TRIES - 1):
        try:
            return attempt()
        except ChangedMeanwhile:
            continue
    return attempt()
