"""Snapshots of shares: list, take, show, change, delete."""

from typing import Any

import sqlalchemy as sa

from baremetal.api.call import Answer, Call
from baremetal.api.guard import permit
from baremetal.api.policies import shares as may
from baremetal.api.shares.actions import reset
from baremetal.api.shares.requests import (
    body_of,
    bounds_of,
    check_placed,
    flag_of,
    intent_of,
    named,
    number_of,
    object_of,
    query_of,
    ring,
)
from baremetal.api.shares.shares import sees_all
from baremetal.db.share_tables import share_snapshots
from baremetal.domain import share as sh
from baremetal.domain.errors import Forbidden, InvalidInput

Row = dict[str, Any]
_C = share_snapshots.c
_EQUAL = {"name": "name", "status": "status", "share_id": "share_uuid", "display_name": "name"}
_LIKE = {"name~": _C.name, "description~": _C.description}


def list_snapshots(call: Call) -> dict[str, Any]:
    """A page of snapshots, by name."""
    found = [_shown(call, row) for row in _page(call)]
    return {"snapshots": [{name: one[name] for name in ("id", "name", "links")} for one in found]}


def list_detail(call: Call) -> dict[str, Any]:
    """A page of snapshots."""
    return {"snapshots": [_shown(call, row) for row in _page(call)]}


def show(call: Call) -> dict[str, Any]:
    """One snapshot."""
    return {"snapshot": _shown(call, call.services.share_snapshots.row(call.args["snapshot"]))}


def create(call: Call) -> Answer:
    """Take one."""
    given, services = object_of(call, "snapshot"), call.services
    row = services.shares.row(str(given.get("share_id")))
    permit(call, may.UPDATE, {"share.owner": row["project_id"]} if row["project_id"] else {})
    if not row["snapshot_support"]:
        raise InvalidInput(f"Shares of type {row['share_type_name']} have no snapshots.")
    if row["status"] != sh.AVAILABLE:
        raise InvalidInput(f"Share {row['uuid']} is {row['status']}, not available.")
    check_placed(row)
    values = {
        "name": None,
        "description": None,
        **named(given),
        "uuid": services.clock.new_uuid(),
        "share_uuid": row["uuid"],
        "project_id": row["project_id"],
        "user_id": call.identity.user_id or call.identity.name,
        "status": sh.CREATING,
        "size": row["size"],
        "share_proto": row["share_proto"],
        "metadata": sh.check_metadata(given.get("metadata") or {}),
    }
    intent = intent_of(call, sh.SNAPSHOT, values["uuid"], row["host"], {})
    bounds = bounds_of(call, row["project_id"] or "", values["user_id"], row["share_type"])
    services.share_snapshots.create(values, bounds, intent, services.clock.now())
    ring(call, row["host"])
    return Answer({"snapshot": _shown(call, services.share_snapshots.row(values["uuid"]))}, 202)


def update(call: Call) -> dict[str, Any]:
    """Change what it is called."""
    values = named(object_of(call, "snapshot"))
    now = call.services.clock.now()
    call.services.share_snapshots.update(call.args["snapshot"], values, now)
    return show(call)


def delete(call: Call) -> Answer:
    """Let it go."""
    row = call.services.share_snapshots.row(call.args["snapshot"])
    if row["status"] not in sh.BEGINS[sh.SNAPSHOT_DELETE]:
        raise Forbidden(f"Snapshot {row['uuid']} is {row['status']}; it cannot be deleted now.")
    return _begin_delete(call, row)


def act(call: Call) -> Answer:
    """Say what state it is in, or delete it whatever that is."""
    words = ("reset_status", "force_delete", "os-reset_status", "os-force_delete")
    word, given = body_of(call, *words)
    row = call.services.share_snapshots.row(call.args["snapshot"])
    if word.endswith("force_delete"):
        return _begin_delete(call, row)
    values = {"status": reset(given)}
    call.services.share_snapshots.update(row["uuid"], values, call.services.clock.now())
    return Answer(None, 202)


def _begin_delete(call: Call, row: Row) -> Answer:
    host = call.services.shares.row(row["share_uuid"])["host"]
    intent = intent_of(call, sh.SNAPSHOT_DELETE, row["uuid"], host, {})
    call.services.share_snapshots.start_delete(row, intent, call.services.clock.now())
    ring(call, host)
    return Answer(None, 202)


def _page(call: Call) -> list[Row]:
    query, most = query_of(call), call.services.max_limit
    wheres: list[Any] = [
        _C[column] == query[name] for name, column in _EQUAL.items() if name in query
    ]
    wheres += [_C.size == number_of("size", query["size"])] if "size" in query else []
    wheres += [
        column.contains(query[name], autoescape=True)
        for name, column in _LIKE.items()
        if name in query
    ]
    everybody = call.only_of is None and flag_of("all_tenants", query.get("all_tenants", "false"))
    mine = call.only_of or call.identity.project_id
    if mine is not None and not everybody:
        wheres.append(_C.project_id == mine)
    limit = min(number_of("limit", query.get("limit", most)), most)
    offset = number_of("offset", query.get("offset", 0))
    found = sa.select(share_snapshots).where(*wheres).order_by(_C.id.desc())
    with call.services.db.read() as connection:
        return [dict(r) for r in connection.execute(found.limit(limit).offset(offset)).mappings()]


def _shown(call: Call, row: Row) -> Row:
    names = ("name", "description", "status", "size", "share_proto", "project_id", "created_at")
    link = f"{call.base}/v2/snapshots/{row['uuid']}"
    found = {name: row[name] for name in names}
    found |= {"id": row["uuid"], "share_id": row["share_uuid"], "share_size": row["size"]}
    found["links"] = [{"rel": "self", "href": link}, {"rel": "bookmark", "href": link}]
    if call.version >= 17:
        found["user_id"] = row["user_id"]
        if sees_all(call):
            found["provider_location"] = None
    return found
