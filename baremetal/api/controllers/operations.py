"""Operations: list, show, cancel."""

from functools import partial
from typing import Any

import sqlalchemy as sa

from baremetal.api.call import Answer, Call
from baremetal.api.controllers.veil import OperationVeil, operation_veil
from baremetal.api.guard import visible_node
from baremetal.api.listing import Filter, Listing
from baremetal.api.render import serialiser
from baremetal.api.types import kinds
from baremetal.api.types.base import columns_for, visible
from baremetal.api.types.operation import COMPUTED, Operation
from baremetal.db.autopsies import get_autopsy
from baremetal.db.database import Prepared, shown
from baremetal.db.owners import on_resource_of_project
from baremetal.db.tables import operations
from baremetal.domain import operation as op
from baremetal.domain.autopsy import CAUSES
from baremetal.domain.errors import NotFound
from baremetal.domain.node import is_uuid


def _uuid_of_node(call: Call, ident: str) -> str:
    """A node's uuid; one that is gone may still be asked for by it."""
    return ident.lower() if is_uuid(ident) else visible_node(call, ident)[0]


FILTERS = (
    Filter("state", kinds.one_of(*op.ALL)),
    Filter("kind", kinds.TEXT),
    Filter("node", kinds.TEXT, column="resource_uuid", resolve=_uuid_of_node),
    Filter("resource_uuid", kinds.UUID, about="Of this node or image."),
    Filter("owner", kinds.TEXT),
    Filter("cause", kinds.one_of(*CAUSES), about="Of those that failed for this cause."),
)
_MINE = Filter(
    "mine", kinds.TEXT, where=partial(on_resource_of_project, operations.c.resource_uuid)
)
LISTING = Listing(Operation, FILTERS, detail_flag_since=1, unsortable=("steps",), mine=_MINE)


def list_operations(call: Call) -> Answer:
    """A page of operations."""
    behind = operation_veil(call)
    return LISTING.answer(call, detail="fields" not in call.query, extra=COMPUTED, veil=behind)


def show(call: Call) -> Answer:
    """One operation with its steps."""
    return Answer(_document(call, call.args["operation"]))


def autopsy(call: Call) -> Answer:
    """What was found out about a failure: cause, evidence, what to try next."""
    return Answer(get_autopsy(call.services.db, call.args["operation"].lower()))


def cancel(call: Call) -> Answer:
    """Ask it to stop: it undoes what it did, and the node's state says so."""
    found = call.services.operations.get(call.args["operation"])
    call.services.submitter.cancel(found.uuid, found.conductor_group, "cancel")
    return Answer(_document(call, found.uuid), 202)


def _document(call: Call, uuid: str) -> bytes:
    names = visible(Operation, call.version)
    db = call.services.db
    behind = operation_veil(call)
    prepared = db.prepared.get(("operation", names, behind))
    if prepared is None:
        columns = [_column(name, behind) for name in columns_for(Operation, names)]
        query = sa.select(*columns).where(operations.c.uuid == sa.bindparam("uuid"))
        prepared = db.prepared["operation", names, behind] = Prepared(db, query)
    bound = {} if behind is None else behind.bound(call.identity)
    row = prepared.first(uuid=uuid, **bound)
    if row is None:
        raise NotFound("Operation", uuid)
    return serialiser(Operation, names)(row, call.base, COMPUTED).encode()


def _column(name: str, behind: OperationVeil | None) -> "sa.ColumnElement[Any]":
    return shown(operations.c[name]) if behind is None else behind.column(name)
