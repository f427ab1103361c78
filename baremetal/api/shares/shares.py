"""Shares: list, create, show, change, delete; where clients find them; metadata."""

from typing import Any

import orjson

from baremetal.api.call import Answer, Call
from baremetal.api.guard import permit
from baremetal.api.policies import shares as may
from baremetal.api.shares import listing
from baremetal.api.shares.requests import (
    bounds_of,
    check_size,
    flag_of,
    intent_of,
    named,
    number_of,
    object_of,
    owner_of,
    ring,
    text_of,
)
from baremetal.api.shares.versions import need
from baremetal.api.types.share import shown
from baremetal.domain import share as sh
from baremetal.domain.errors import Forbidden, InvalidInput, NotFound

Row = dict[str, Any]
_SUMMARY = ("id", "name", "links")


def list_shares(call: Call) -> Answer:
    """A page of shares, by name."""
    return listing.page(call, _SUMMARY)


def list_detail(call: Call) -> Answer:
    """A page of shares."""
    return listing.page(call, _fields(call))


def show(call: Call) -> bytes:
    """One share."""
    return answer(call, call.args["share"])


def answer(call: Call, uuid: str) -> bytes:
    """A share as its version shows it.

    :raises NotFound: there is none.
    """
    found = listing.one(call, uuid, _fields(call))
    if found is None:
        raise NotFound("Share", uuid)
    if call.version < 9:
        return orjson.dumps({"share": _early(call, uuid, orjson.loads(found))})
    return b'{"share":' + found.encode() + b"}"


def _early(call: Call, uuid: str, found: Row) -> Row:
    """What the first versions had otherwise."""
    paths = [one["path"] for one in call.services.shares.locations(uuid) if _seen(call, one)]
    found |= {"export_location": paths[0] if paths else None, "export_locations": paths}
    if call.version < 6:
        found["share_type"] = found["volume_type"]
    return found


def _fields(call: Call) -> tuple[str, ...]:
    return shown(call.version, internal=sees_all(call))


def sees_all(call: Call) -> bool:
    """Whether the caller may know how the cloud is made."""
    policy = call.services.policy
    return policy is None or policy.allows(call.identity, may.HOST)


def create(call: Call) -> Answer:
    """Find a place for a share, and let it be made there."""
    given, services = object_of(call, "share"), call.services
    for word in ("share_network_id", "share_group_id"):
        if given.get(word):
            raise InvalidInput(f"{word} must not be given: no backend here has such.")
    origin = _origin(call, given)
    type_ = _type(call, given, origin)
    size = number_of("size", given.get("size") or (origin or {}).get("size"), 1, sh.MAX_SIZE)
    if origin is not None and size < origin["size"]:
        raise InvalidInput(f"size must be at least that of the snapshot, {origin['size']} GiB.")
    protocol = str(given.get("share_proto") or "").upper()
    if protocol not in sh.PROTOCOLS:
        raise InvalidInput(f"share_proto must be one of {', '.join(sh.PROTOCOLS)}.")
    project = owner_of(call)
    user = call.identity.user_id or call.identity.name
    bounds = bounds_of(call, project, user, type_["uuid"])
    check_size(size, bounds, type_)
    kind = sh.CLONE if origin else sh.CREATE
    uuid = services.clock.new_uuid()
    values = {
        "name": None,
        "description": None,
        **named(given),
        "uuid": uuid,
        "instance_uuid": services.clock.new_uuid(),
        "project_id": project,
        "user_id": user,
        "size": size,
        "share_proto": protocol,
        "status": sh.PHASES[kind].during,
        "access_rules_status": sh.ACTIVE,
        "progress": "0%",
        "is_public": _public(call, given),
        "metadata": sh.check_metadata(given.get("metadata") or {}),
        "share_type": type_["uuid"],
        "share_type_name": type_["name"],
        "snapshot_id": origin and origin["uuid"],
        "availability_zone": text_of("availability_zone", given.get("availability_zone")),
        **sh.abilities(type_["extra_specs"]),
    }
    source = origin and {"snapshot": origin["uuid"], "instance": origin["instance_uuid"]}
    intent = intent_of(call, kind, uuid, None, {"source": source} if source else {})
    wish = sh.Wish(
        size=size,
        protocol=protocol,
        specs=type_["extra_specs"],
        availability_zone=values["availability_zone"],
        near=origin["host"] if origin else None,
    )
    service = services.share_scheduler.place(wish, values, bounds, intent)
    if service is not None:
        services.ring_shares(service)
    return Answer(answer(call, uuid), 200)


def _origin(call: Call, given: Row) -> Row | None:
    """The snapshot that a share is to be made from, with the place of its share."""
    uuid = given.get("snapshot_id")
    if uuid in (None, "", "None"):
        return None
    snapshot = call.services.share_snapshots.row(str(uuid))
    if not sees_all(call) and snapshot["project_id"] != owner_of(call):
        raise NotFound("Snapshot", uuid)
    if snapshot["status"] != sh.AVAILABLE:
        raise InvalidInput(f"Snapshot {uuid} is {snapshot['status']}, not available.")
    share = call.services.shares.row(snapshot["share_uuid"])
    if not share["create_share_from_snapshot_support"]:
        raise InvalidInput(f"Shares of type {share['share_type_name']} are not made of snapshots.")
    names = ("host", "instance_uuid", "share_type", "availability_zone")
    return {**snapshot, **{name: share[name] for name in names}}


def _type(call: Call, given: Row, origin: Row | None) -> Row:
    wanted = given.get("share_type") or given.get("volume_type")
    if wanted is None:
        wanted = origin["share_type"] if origin else call.services.conf.shares.default_share_type
    project = None if sees_all(call) else owner_of(call)
    return call.services.share_types.get(str(wanted), project)


def _public(call: Call, given: Row) -> bool:
    public = flag_of("is_public", given.get("is_public") or False)
    if public:
        permit(call, may.CREATE_PUBLIC)
    return public


def update(call: Call) -> bytes:
    """Change what a share is called, and who sees it."""
    given, uuid = object_of(call, "share"), call.args["share"]
    permit(call, may.UPDATE)
    values = named(given)
    if "is_public" in given:
        values["is_public"] = _public(call, given)
    call.services.shares.update(uuid, values, call.services.clock.now())
    return answer(call, uuid)


def delete(call: Call) -> Answer:
    """Let a share go."""
    row = call.services.shares.row(call.args["share"])
    if row["status"] not in sh.BEGINS[sh.DELETE]:
        states = ", ".join(sh.BEGINS[sh.DELETE])
        raise Forbidden(f"Share {row['uuid']} is {row['status']}; it must be one of {states}.")
    return begin_delete(call, row)


def begin_delete(call: Call, row: Row) -> Answer:
    """Let a share go, whatever its state.

    :raises Conflict: it has snapshots.
    """
    if row["host"] is None:
        call.services.shares.forget(row)
        return Answer(None, 202)
    intent = intent_of(call, sh.DELETE, row["uuid"], row["host"], {})
    call.services.shares.start_delete(row, intent, call.services.clock.now())
    ring(call, row["host"])
    return Answer(None, 202)


def _seen(call: Call, location: Row) -> bool:
    return not location["is_admin_only"] or sees_all(call)


def locations(call: Call) -> dict[str, Any]:
    """Where clients find a share."""
    need(call, 9, "export_locations")
    row = call.services.shares.row(call.args["share"])
    found = call.services.shares.locations(row["uuid"])
    return {"export_locations": [_location(call, row, one) for one in found if _seen(call, one)]}


def location(call: Call) -> dict[str, Any]:
    """One of these."""
    need(call, 9, "export_locations")
    row = call.services.shares.row(call.args["share"])
    for one in call.services.shares.locations(row["uuid"]):
        if one["uuid"] == call.args["location"].lower() and _seen(call, one):
            moments = {name: one[name] for name in ("created_at", "updated_at")}
            return {"export_location": {**_location(call, row, one), **moments}}
    raise NotFound("Export location", call.args["location"])


def _location(call: Call, row: Row, one: Row) -> Row:
    found = {"id": one["uuid"], "path": one["path"]}
    if call.version >= 14:
        found["preferred"] = bool(one["preferred"])
    if sees_all(call):
        found["share_instance_id"] = row["instance_uuid"]
        found["is_admin_only"] = bool(one["is_admin_only"])
    return found


def metadata(call: Call) -> dict[str, Any]:
    """The metadata of a share."""
    return {"metadata": call.services.shares.row(call.args["share"])["metadata"]}


def metadatum(call: Call) -> dict[str, Any]:
    """One key of it."""
    found, key = metadata(call)["metadata"], call.args["key"]
    if key not in found:
        raise NotFound("Metadata", key)
    return {"meta": {key: found[key]}}


def add_metadata(call: Call) -> dict[str, Any]:
    """Add keys, or change them."""
    return _change(call, (), sh.check_metadata(object_of(call, "metadata")))


def replace_metadata(call: Call) -> dict[str, Any]:
    """Let this be all the metadata."""
    return _change(call, None, sh.check_metadata(object_of(call, "metadata")))


def set_metadatum(call: Call) -> dict[str, Any]:
    """Add a key, or change it."""
    given = sh.check_metadata(object_of(call, "meta", "metadata"))
    if list(given) != [call.args["key"]]:
        raise InvalidInput("The body must have the key of the path, and no other.")
    _change(call, (), given)
    return {"meta": given}


def drop_metadatum(call: Call) -> None:
    """Remove a key."""
    _change(call, (call.args["key"],), {})


def _change(call: Call, drop: tuple[str, ...] | None, given: dict[str, str]) -> dict[str, Any]:
    now, uuid = call.services.clock.now(), call.args["share"]
    return {"metadata": call.services.shares.change_metadata(uuid, given, drop, now)}
