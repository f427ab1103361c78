"""Allocations: ask for a node, show what was found, give it back."""

from typing import Any

import sqlalchemy as sa

from baremetal.api.body import read_object
from baremetal.api.call import Answer, Call
from baremetal.api.controllers.records import RecordController
from baremetal.api.guard import permit, visible_node
from baremetal.api.listing import Filter, Listing
from baremetal.api.policies.allocations import CREATE
from baremetal.api.types import kinds
from baremetal.api.types.allocation import Allocation
from baremetal.api.types.base import parse
from baremetal.db.allocations import AllocationStore
from baremetal.db.nodes import retried
from baremetal.db.owners import of_project
from baremetal.db.records import Records
from baremetal.db.tables import allocations, nodes
from baremetal.domain import allocation as al
from baremetal.domain import node_rules
from baremetal.domain.allocation import Wish
from baremetal.domain.errors import InvalidInput, NotFound
from baremetal.domain.node import MAX_TRAITS, is_name, is_trait, is_uuid
from baremetal.scheduler.placement import Scheduler
from baremetal.scheduler.weighers import Driven

_BACKFILL_SINCE = Allocation.__beside__["node"].since
#: Candidates are looked up by so many at a time: databases limit the parameters of a query.
_LOOK_UP = 500


def _uuid_of_node(call: Call, ident: str) -> str:
    try:
        return visible_node(call, ident)[0]
    except NotFound as error:
        raise InvalidInput(error.message) from error


FILTERS = (
    Filter("node", kinds.TEXT, column="node_uuid", resolve=_uuid_of_node),
    Filter("resource_class", kinds.TEXT),
    Filter("state", kinds.one_of(*al.ALL)),
    Filter("owner", kinds.TEXT, since=60),
)
LISTING = Listing(Allocation, FILTERS, unsortable=("traits", "candidate_nodes"), mine=FILTERS[-1])


def _records(call: Call) -> Records:
    return Records(call.services.db, allocations, "Allocation", ("name", "uuid"))


CONTROLLER = RecordController(Allocation, LISTING, _records, names=("name",))


def create(call: Call) -> Answer:
    """Find a node and reserve it; the answer says which, or why there is none."""
    given = read_object(call.raw)
    node = _backfilled(call, given.pop("node", None))
    values = parse(Allocation, given, call.version, "create")
    owner = _on_behalf_of(call, values.get("owner"))
    if not values.get("resource_class"):
        if node is None:
            raise InvalidInput("The resource_class field is mandatory when not backfilling")
        values["resource_class"] = node["resource_class"]
    wish = Wish(
        uuid=values.get("uuid")
        or (node and node["instance_uuid"])
        or call.services.clock.new_uuid(),
        name=values.get("name"),
        resource_class=values["resource_class"],
        traits=_traits(values.get("traits") or []),
        candidates=_candidates(call, values.get("candidate_nodes") or []),
        owner=owner,
        extra=values.get("extra") or {},
    )
    scheduler = Scheduler(call.services.db, call.services.clock)
    if node is not None:
        scheduler.backfill(wish, node)
    else:
        scheduler.place(wish, _driven(call))
    location = {"Location": f"{call.base}/v1/allocations/{wish.uuid}"}
    return Answer(CONTROLLER.document(call, _records(call).get(wish.uuid)), 201, location)


def _backfilled(call: Call, ident: Any) -> dict[str, Any] | None:
    """The node that is deployed already, where the request names one."""
    if ident is None:
        return None
    call.need(_BACKFILL_SINCE, "Field node")
    if not is_uuid(ident) and not is_name(ident):
        raise InvalidInput("Invalid value for field 'node' of allocation: must be a name or UUID")
    try:
        return call.services.nodes.row(visible_node(call, ident)[0])
    except NotFound as error:
        raise InvalidInput(error.message) from error


def _on_behalf_of(call: Call, owner: str | None) -> str | None:
    """The project that the allocation is for; those of a project ask for it alone.

    :raises Forbidden: for another one.
    """
    policy, project = call.services.policy, call.identity.project_id
    if policy is None or policy.allows(call.identity, CREATE):
        return owner
    if project is None or owner not in (None, project):
        permit(call, CREATE)
    call.only_of = project
    return project


def _traits(wanted: list[str]) -> tuple[str, ...]:
    wrong = [trait for trait in wanted if not is_trait(trait)]
    if wrong:
        raise InvalidInput(
            f"Invalid trait {wrong[0][:80]!r}: give a standard trait or CUSTOM_ with A-Z 0-9 _."
        )
    if len(set(wanted)) > MAX_TRAITS:
        raise InvalidInput(
            f"A node has at most {MAX_TRAITS} traits, so none can have all of these."
        )
    return tuple(dict.fromkeys(wanted))


def _candidates(call: Call, idents: list[str]) -> tuple[str, ...]:
    """The candidates' uuids, in the order in which they were named."""
    found: dict[str, str] = {}
    wanted = [ident.lower() if is_uuid(ident) else ident for ident in dict.fromkeys(idents)]
    with call.services.db.read() as connection:
        for start in range(0, len(wanted), _LOOK_UP):
            some = wanted[start : start + _LOOK_UP]
            query = sa.select(nodes.c.uuid, nodes.c.name).where(
                nodes.c.uuid.in_(some) | nodes.c.name.in_(some)
            )
            if call.only_of is not None:
                query = query.where(of_project(call.only_of))
            for uuid, name in connection.execute(query):
                found[uuid] = uuid
                if name is not None:
                    found[name] = uuid
    missing = [ident for ident in wanted if ident not in found]
    if missing:
        raise InvalidInput(f"Nodes could not be found: {', '.join(missing)[:1000]}")
    return tuple(dict.fromkeys(found[ident] for ident in wanted))


def _driven(call: Call) -> Driven:
    alive = (row for row in call.services.members.rows() if row["alive"])
    return [
        (driver, str(row["conductor_group"]))
        for row in alive
        for driver in row["drivers"]  # type: ignore[attr-defined]
    ]


def delete(call: Call) -> Answer:
    """Give the node back, and forget the allocation."""
    return _delete(call, lambda: CONTROLLER.row(call))


def of_node(call: Call) -> Answer:
    """The allocation that a node fulfils."""
    return CONTROLLER.answer(call, _of_node(call))


def delete_of_node(call: Call) -> Answer:
    """Give the node back, and forget its allocation."""
    return _delete(call, lambda: _of_node(call))


def _of_node(call: Call) -> dict[str, Any]:
    node = call.services.nodes.row(call.args["node"])
    found = AllocationStore(call.services.db).of_node(node["uuid"])
    if found is None:
        raise NotFound("Allocation for node", call.args["node"])
    return found


def _delete(call: Call, find: Any) -> Answer:
    store = AllocationStore(call.services.db)

    def remove() -> None:
        row = find()
        node = call.services.nodes.row(row["node_uuid"]) if row["node_uuid"] else None
        if node is not None:
            node_rules.check_deallocation(node)
        store.remove(row, node, call.services.clock.now())

    retried(remove)
    return Answer(status=204)
