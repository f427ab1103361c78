"""Rules of access: who may come into a share."""

from typing import Any

from baremetal.api.call import Answer, Call
from baremetal.api.guard import permit
from baremetal.api.policies import shares as may
from baremetal.api.shares.requests import (
    check_placed,
    intent_of,
    object_of,
    query_of,
    ring,
    text_of,
)
from baremetal.api.shares.versions import need
from baremetal.domain import share as sh
from baremetal.domain.errors import Conflict, InvalidInput, NotFound
from baremetal.domain.share_access import checked

Row = dict[str, Any]
_WITH_KEY, _WITH_MOMENTS, _WITH_METADATA, _AS_RESOURCE = 21, 33, 45, 45
_PLAIN_STATES = 28
#: What the query may ask to wait for, and how long, seconds.
_APPLIED = "applied"
_WAIT_SECONDS = 20.0
_FIRST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 0.25


def allow(call: Call, row: Row, given: Any) -> dict[str, Any]:
    """Let somebody come in."""
    if not isinstance(given, dict):
        raise InvalidInput("allow_access must be an object.")
    _waits(call)
    services, now = call.services, call.services.clock.now()
    kind, to = str(given.get("access_type")), text_of("access_to", given.get("access_to"))
    rule = {
        "uuid": services.clock.new_uuid(),
        "share_uuid": row["uuid"],
        "access_type": kind,
        "access_to": checked(kind, to or ""),
        "access_level": given.get("access_level") or "rw",
        "state": sh.TO_APPLY,
        "metadata": sh.check_metadata(given.get("metadata") or {}),
    }
    if rule["access_level"] not in sh.ACCESS_LEVELS:
        raise InvalidInput(f"access_level must be {' or '.join(sh.ACCESS_LEVELS)}.")
    check_placed(row)
    try:
        services.share_access.allow(rule, _intent(call, row), now)
    except Conflict as error:
        raise InvalidInput(error.message) from error
    ring(call, row["host"])
    settled = _settled(call, rule["uuid"]) or services.share_access.get(rule["uuid"])
    return {"access": shown(call, settled)}


def deny(call: Call, row: Row, given: Any) -> Answer:
    """Let somebody come in no longer."""
    _waits(call)
    uuid = given.get("access_id") if isinstance(given, dict) else None
    rule = call.services.share_access.get(str(uuid))
    if rule["share_uuid"] != row["uuid"]:
        raise NotFound("Access rule", uuid)
    call.services.share_access.deny(rule, _intent(call, row), call.services.clock.now())
    ring(call, row["host"])
    if _waits(call) and _settled(call, rule["uuid"]) is None:
        return Answer(None, 204)
    return Answer(None, 202)


def _waits(call: Call) -> bool:
    wait = query_of(call).get("wait")
    if wait not in (None, _APPLIED):
        raise InvalidInput(f"wait can be '{_APPLIED}', and nothing else.")
    return wait is not None


def _settled(call: Call, uuid: str) -> Row | None:
    """A rule when the server enforces it, or has refused it; None: it is out of force, and gone.

    At once where nobody waits, after a while where it takes long, or if too many wait already.
    """
    services, clock = call.services, call.services.clock
    if not _waits(call) or not services.streams.acquire(blocking=False):
        return services.share_access.find(uuid)
    try:
        until, pause = clock.monotonic() + _WAIT_SECONDS, _FIRST_PAUSE_SECONDS
        while True:
            rule = services.share_access.find(uuid)
            if rule is None or rule["state"] not in (*sh.WANTED, *sh.UNWANTED):
                return rule
            if clock.monotonic() > until or services.stopping.is_set():
                return rule
            clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    finally:
        services.streams.release()


def _intent(call: Call, row: Row) -> Row:
    return intent_of(call, sh.ACCESS, row["uuid"], row["host"], {})


def list_of(call: Call, row: Row, _given: Any = None) -> dict[str, Any]:
    """The rules of a share."""
    found = call.services.share_access.of(row["uuid"])
    return {"access_list": [shown(call, rule) for rule in found]}


def index(call: Call) -> dict[str, Any]:
    """The rules of the share that the query names."""
    need(call, _AS_RESOURCE, "share-access-rules")
    query = query_of(call)
    if "share_id" not in query:
        raise InvalidInput("share_id must be given.")
    row = call.services.shares.row(query["share_id"])
    target = {"share.owner": row["project_id"]} if row["project_id"] else {}
    permit(call, may.ACCESS_LIST, target)
    return list_of(call, row)


def show(call: Call) -> dict[str, Any]:
    """One rule."""
    need(call, _AS_RESOURCE, "share-access-rules")
    return {"access": shown(call, call.services.share_access.get(call.args["access"]))}


def set_metadata(call: Call) -> dict[str, Any]:
    """Add metadata to a rule, or change it."""
    need(call, _WITH_METADATA, "metadata of rules")
    rule = call.services.share_access.get(call.args["access"])
    after = sh.check_metadata({**rule["metadata"], **object_of(call, "metadata")})
    call.services.share_access.change_metadata(rule["uuid"], after, call.services.clock.now())
    return {"metadata": after}


def drop_metadata(call: Call) -> None:
    """Remove a key of it."""
    need(call, _WITH_METADATA, "metadata of rules")
    rule, key = call.services.share_access.get(call.args["access"]), call.args["key"]
    if key not in rule["metadata"]:
        raise NotFound("Metadata", key)
    after = {name: value for name, value in rule["metadata"].items() if name != key}
    call.services.share_access.change_metadata(rule["uuid"], after, call.services.clock.now())


def shown(call: Call, rule: Row) -> Row:
    """A rule as its version shows it."""
    state: str = rule["state"]
    if call.version < _PLAIN_STATES:
        state = {sh.TO_APPLY: "new", sh.APPLYING: "new"}.get(state, state)
        state = {sh.TO_DENY: "active", sh.DENYING: "active"}.get(state, state)
    found = {
        "id": rule["uuid"],
        "share_id": rule["share_uuid"],
        "access_type": rule["access_type"],
        "access_to": rule["access_to"],
        "access_level": rule["access_level"],
        "state": state,
    }
    if call.version >= _WITH_KEY:
        found["access_key"] = rule["access_key"]
    if call.version >= _WITH_MOMENTS:
        found |= {name: rule[name] for name in ("created_at", "updated_at")}
    if call.version >= _WITH_METADATA:
        found["metadata"] = rule["metadata"]
    return found
