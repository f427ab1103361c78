"""What the cloud of shares is made of: zones, services, pools, instances; and its messages."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from baremetal.api.body import read_object
from baremetal.api.call import Call
from baremetal.api.shares.requests import number_of, query_of, text_of
from baremetal.db.share_tables import share_messages, shares
from baremetal.db.types import stamp
from baremetal.domain import share as sh
from baremetal.domain.errors import InvalidInput, NotFound
from baremetal.domain.share_pool import Pool
from baremetal.scheduler.share_filters import unmet

Row = dict[str, Any]
_BINARY = "manila-share"
_WITH_PERIODS = 52


def zones(call: Call) -> dict[str, Any]:
    """The availability zones, of which each service has one."""
    oldest: dict[str, Row] = {}
    for row in call.services.share_backends.all():
        oldest.setdefault(row["availability_zone"], row)
    found = [
        {"id": name, "name": name, "created_at": row["created_at"], "updated_at": None}
        for name, row in oldest.items()
    ]
    return {"availability_zones": found}


def services(call: Call) -> dict[str, Any]:
    """The share services, one for each backend."""
    query, now = query_of(call), stamp(call.services.clock.now())
    found = [_service(row, now) for row in call.services.share_backends.all()]
    known = ("host", "binary", "zone", "status", "state")
    for name in known:
        if name in query:
            found = [one for one in found if one[name] == query[name]]
    return {"services": found}


def _service(row: Row, now: str) -> Row:
    return {
        "id": row["id"],
        "binary": _BINARY,
        "host": row["host"].partition("#")[0],
        "zone": row["availability_zone"],
        "status": "disabled" if row["disabled"] else "enabled",
        "state": "up" if row["lease_until"] > now else "down",
        "disabled_reason": row["disabled_reason"],
        "updated_at": row["updated_at"],
    }


def enable(call: Call) -> dict[str, Any]:
    """Let shares be placed at a backend again."""
    return _switch(call, disabled=False)


def disable(call: Call) -> dict[str, Any]:
    """Let no more shares be placed at a backend."""
    return _switch(call, disabled=True)


def _switch(call: Call, *, disabled: bool) -> dict[str, Any]:
    given = read_object(call.raw)
    host = str(given.get("host"))
    reason = text_of("disabled_reason", given.get("disabled_reason"))
    there = [row["host"] for row in call.services.share_backends.all()]
    named = [one for one in there if host in (one, one.partition("#")[0])]
    if not named:
        raise NotFound("Service", host)
    for one in named:
        call.services.share_backends.disable(one, reason, disabled=disabled)
    status = "disabled" if disabled else "enabled"
    return {"host": host, "binary": _BINARY, "status": status, "disabled": disabled}


def pools(call: Call) -> dict[str, Any]:
    """The pools, by name."""
    return {"pools": [_pool(pool) for pool in _pools(call)]}


def pools_detail(call: Call) -> dict[str, Any]:
    """The pools, and what they can do."""
    found = [{**_pool(pool), "capabilities": _capabilities(pool)} for pool in _pools(call)]
    return {"pools": found}


def _pools(call: Call) -> list[Pool]:
    query, found = query_of(call), call.services.share_backends.pools(call.services.clock.now())
    for name in ("host", "backend", "pool"):
        if name in query:
            found = [pool for pool in found if _pool(pool)[name] == query[name]]
    if "share_type" in query:
        specs = call.services.share_types.get(query["share_type"])["extra_specs"]
        wish = sh.Wish(size=0, protocol="", specs=specs)
        found = [pool for pool in found if not unmet(wish, pool)]
    return found


def _pool(pool: Pool) -> Row:
    place = sh.Place.parse(pool.host)
    return {
        "name": pool.host,
        "host": place.service,
        "backend": place.backend,
        "pool": place.pool,
    }


def _capabilities(pool: Pool) -> Row:
    return {
        **pool.capabilities,
        "pool_name": sh.Place.parse(pool.host).pool,
        "total_capacity_gb": pool.total,
        "free_capacity_gb": pool.free,
        "allocated_capacity_gb": pool.allocated,
        "provisioned_capacity_gb": pool.allocated,
    }


def instances(call: Call) -> dict[str, Any]:
    """The instances of shares: each has one. The path or the query may name a share."""
    query = query_of(call)
    wanted = call.args.get("share")
    select = sa.select(shares).order_by(shares.c.id.desc()).limit(call.services.max_limit)
    if wanted is not None:
        select = select.where(shares.c.uuid == wanted.lower())
    if "export_location_path" in query or "export_location_id" in query:
        raise InvalidInput("Instances are not found by their export locations here.")
    with call.services.db.read() as connection:
        rows = [dict(row) for row in connection.execute(select).mappings()]
    return {"share_instances": [_instance(row) for row in rows]}


def instance(call: Call) -> dict[str, Any]:
    """One instance."""
    return {"share_instance": _instance(_of_instance(call))}


def instance_locations(call: Call) -> dict[str, Any]:
    """Where clients find it."""
    row = _of_instance(call)
    return {
        "export_locations": [
            {
                "id": one["uuid"],
                "path": one["path"],
                "is_admin_only": bool(one["is_admin_only"]),
                "preferred": bool(one["preferred"]),
                "share_instance_id": row["instance_uuid"],
            }
            for one in call.services.shares.locations(row["uuid"])
        ]
    }


def _of_instance(call: Call) -> Row:
    uuid = call.args["instance"].lower()
    with call.services.db.read() as connection:
        query = sa.select(shares).where(shares.c.instance_uuid == uuid)
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("Share instance", uuid)
    return dict(row)


def _instance(row: Row) -> Row:
    names = ("status", "host", "availability_zone", "created_at", "access_rules_status", "progress")
    return {
        **{name: row[name] for name in names},
        "id": row["instance_uuid"],
        "share_id": row["uuid"],
        "share_type_id": row["share_type"],
        "share_network_id": None,
        "share_server_id": None,
        "replica_state": None,
        "cast_rules_to_readonly": False,
    }


def messages(call: Call) -> dict[str, Any]:
    """What users were told, the newest first."""
    query, c = query_of(call), share_messages.c
    names = ("resource_id", "resource_type", "action_id", "detail_id", "request_id")
    wheres: list[Any] = [c[name] == query[name] for name in names if name in query]
    if "message_level" in query:
        wheres.append(c.message_level == query["message_level"])
    if call.version >= _WITH_PERIODS:
        if "created_since" in query:
            wheres.append(c.created_at >= _moment("created_since", query["created_since"]))
        if "created_before" in query:
            wheres.append(c.created_at < _moment("created_before", query["created_before"]))
    if call.only_of is not None:
        wheres.append(c.project_id == call.only_of)
    most = call.services.max_limit
    limit = min(number_of("limit", query.get("limit", most)), most)
    offset = number_of("offset", query.get("offset", 0))
    found = call.services.share_messages.all(wheres, offset, limit)
    return {"messages": [_message(row) for row in found]}


def _moment(name: str, text: str) -> str:
    try:
        found = datetime.fromisoformat(text.replace(" ", "T"))
    except ValueError as error:
        raise InvalidInput(f"{name} must be a moment such as 2026-01-31T12:00:00.") from error
    return stamp(found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC))


def message(call: Call) -> dict[str, Any]:
    """One of these."""
    return {"message": _message(call.services.share_messages.get(call.args["message"]))}


def drop_message(call: Call) -> None:
    """Forget it."""
    call.services.share_messages.delete(call.args["message"])


def _message(row: Row) -> Row:
    names = ("created_at", "expires_at", "project_id", "request_id", "resource_type", "resource_id")
    more = ("action_id", "detail_id", "message_level", "user_message")
    return {"id": row["uuid"], **{name: row[name] for name in (*names, *more)}}


def empty(key: str) -> Any:
    """A controller of lists in which nothing ever is."""

    def answer(_call: Call) -> dict[str, Any]:
        return {key: []}

    answer.__doc__ = f"No {key.replace('_', ' ')}: no driver has share servers."
    return answer
