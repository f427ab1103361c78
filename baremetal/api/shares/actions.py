"""What is done to a share by POST .../action: each with a rule and a body of its own."""

from collections.abc import Callable
from typing import Any

from baremetal.api.call import Answer, Call
from baremetal.api.guard import permit
from baremetal.api.policies import shares as may
from baremetal.api.shares import access
from baremetal.api.shares.requests import (
    body_of,
    bounds_of,
    check_placed,
    check_size,
    intent_of,
    number_of,
    ring,
)
from baremetal.api.shares.shares import begin_delete
from baremetal.api.shares.versions import need
from baremetal.auth.rules import Rule
from baremetal.domain import share as sh
from baremetal.domain.errors import Conflict, InvalidInput, NotFound

Row = dict[str, Any]
Action = Callable[[Call, Row, Any], Any]


def act(call: Call) -> Any:
    """Do what the body asks for.

    :raises InvalidInput: it asks for nothing that there is.
    """
    words = [*ACTIONS, *(f"os-{word}" for word in ACTIONS)]
    word, given = body_of(call, *words)
    rule, do = ACTIONS[word.removeprefix("os-")]
    permit(call, rule)
    return do(call, call.services.shares.row(call.args["share"]), given)


def _extend(call: Call, row: Row, given: Any) -> Answer:
    size, services = _size(given), call.services
    sh.check_resize(sh.EXTEND, row["uuid"], row["size"], size)
    _check(sh.EXTEND, row)
    bounds = bounds_of(call, row["project_id"] or "", row["user_id"], row["share_type"])
    check_size(size, bounds, _type(call, row))
    now = services.clock.now()
    pools = [pool for pool in services.share_backends.pools(now) if pool.host == row["host"]]
    if not pools:
        raise Conflict(f"Pool {row['host']} of share {row['uuid']} was never heard of.")
    intent = intent_of(call, sh.EXTEND, row["uuid"], row["host"], {"size": size})
    services.shares.start(row, intent, now, size, pools[0], bounds)
    return _rung(call, row)


def _type(call: Call, row: Row) -> Row:
    """The type of a share; one that is gone says nothing."""
    try:
        return call.services.share_types.get(row["share_type"])
    except NotFound:
        return {"name": row["share_type_name"], "extra_specs": {}}


def _shrink(call: Call, row: Row, given: Any) -> Answer:
    size = _size(given)
    sh.check_resize(sh.SHRINK, row["uuid"], row["size"], size)
    _check(sh.SHRINK, row)
    check_size(size, (), _type(call, row))
    return _start(call, row, sh.SHRINK, {"size": size})


def _revert(call: Call, row: Row, given: Any) -> Answer:
    need(call, 27, "revert")
    uuid = given.get("snapshot_id") if isinstance(given, dict) else None
    snapshot = call.services.share_snapshots.row(str(uuid))
    if snapshot["share_uuid"] != row["uuid"]:
        raise NotFound("Snapshot", uuid)
    if not row["revert_to_snapshot_support"]:
        raise InvalidInput(f"Shares of type {row['share_type_name']} are not reverted.")
    sh.check_begin(sh.REVERT, "Share", row["uuid"], row["status"])
    check_placed(row)
    newest = call.services.share_snapshots.newest(row["uuid"])
    if snapshot["status"] != sh.AVAILABLE or newest != snapshot["uuid"]:
        raise Conflict(f"Only the latest snapshot can be reverted to, which is {newest}.")
    if snapshot["size"] != row["size"]:
        raise Conflict(
            f"The share has {row['size']} GiB, its snapshot {snapshot['size']}; first "
            "give the share that size again."
        )
    return _start(call, row, sh.REVERT, {"snapshot": snapshot["uuid"]})


def _force_delete(call: Call, row: Row, _given: Any) -> Answer:
    return begin_delete(call, row)


def reset(given: Any) -> str:
    """The state that an administrator says something is in.

    :raises InvalidInput: there is no such state.
    """
    status = given.get("status") if isinstance(given, dict) else None
    if status not in sh.STATUSES:
        raise InvalidInput(f"status must be one of {', '.join(sh.STATUSES)}.")
    return str(status)


def _reset_status(call: Call, row: Row, given: Any) -> Answer:
    values = {"status": reset(given)}
    call.services.shares.update(row["uuid"], values, call.services.clock.now())
    return Answer(None, 202)


def _size(given: Any) -> int:
    return number_of(
        "new_size", given.get("new_size") if isinstance(given, dict) else None, 1, sh.MAX_SIZE
    )


def _check(kind: str, row: Row) -> None:
    """As `check_begin`, in the words of this API.

    :raises InvalidInput: it may not begin now.
    """
    try:
        sh.check_begin(kind, "Share", row["uuid"], row["status"])
    except Conflict as error:
        raise InvalidInput(error.message) from error
    check_placed(row)


def _start(call: Call, row: Row, kind: str, params: Row) -> Answer:
    intent = intent_of(call, kind, row["uuid"], row["host"], params)
    call.services.shares.start(row, intent, call.services.clock.now())
    return _rung(call, row)


def _rung(call: Call, row: Row) -> Answer:
    ring(call, row["host"])
    return Answer(None, 202)


ACTIONS: dict[str, tuple[Rule, Action]] = {
    "extend": (may.EXTEND, _extend),
    "shrink": (may.SHRINK, _shrink),
    "revert": (may.REVERT, _revert),
    "force_delete": (may.FORCE_DELETE, _force_delete),
    "reset_status": (may.RESET, _reset_status),
    "allow_access": (may.ALLOW, access.allow),
    "deny_access": (may.DENY, access.deny),
    "access_list": (may.ACCESS_LIST, access.list_of),
}
