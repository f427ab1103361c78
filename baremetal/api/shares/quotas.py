"""Limits: what a project, one of its users, or a type in it may have, and has."""

from typing import Any, NamedTuple

from baremetal.api.call import Answer, Call
from baremetal.api.guard import permit
from baremetal.api.policies import shares as may
from baremetal.api.shares.requests import number_of, object_of, owner_of, query_of, text_of
from baremetal.domain import share as sh
from baremetal.domain.errors import InvalidInput, NotFound

Row = dict[str, Any]
_MOST = 2**31 - 1
#: Of no effect here, since clients send them.
_BESIDE = ("force", "tenant_id", "project_id", "id", "class_name")


class _Whose(NamedTuple):
    """Of a project as a whole, or of a user or a type in it."""

    project: str
    user: str = ""
    share_type: str = ""


def limits(call: Call) -> dict[str, Any]:
    """What the caller's project may have, and has."""
    project, quotas = owner_of(call), call.services.share_quotas
    most, has = quotas.limits(project), quotas.usage(project)
    return {
        "limits": {
            "rate": [],
            "absolute": {
                "maxTotalShares": most["shares"],
                "maxTotalShareGigabytes": most["gigabytes"],
                "maxTotalShareSnapshots": most["snapshots"],
                "maxTotalSnapshotGigabytes": most["snapshot_gigabytes"],
                "maxTotalShareNetworks": most["share_networks"],
                "maxTotalShareReplicas": most["share_replicas"],
                "maxTotalReplicaGigabytes": most["replica_gigabytes"],
                "totalSharesUsed": has["shares"],
                "totalShareGigabytesUsed": has["gigabytes"],
                "totalShareSnapshotsUsed": has["snapshots"],
                "totalSnapshotGigabytesUsed": has["snapshot_gigabytes"],
                "totalShareNetworksUsed": 0,
                "totalShareReplicasUsed": 0,
                "totalReplicaGigabytesUsed": 0,
            },
        }
    }


def show(call: Call) -> dict[str, Any]:
    """What somebody may have."""
    whose = _seen(call)
    return {"quota_set": {"id": whose.project, **call.services.share_quotas.limits(*whose)}}


def detail(call: Call) -> dict[str, Any]:
    """What somebody may have, and has."""
    whose, quotas = _seen(call), call.services.share_quotas
    has = quotas.usage(*whose)
    found: Row = {"id": whose.project}
    for name, limit in quotas.limits(*whose).items():
        found[name] = {"limit": limit, "in_use": has.get(name, 0), "reserved": 0}
    return {"quota_set": found}


def defaults(call: Call) -> dict[str, Any]:
    """What a project may have of which nobody has said otherwise."""
    whose = _seen(call)
    return {"quota_set": {"id": whose.project, **call.services.share_quotas.limits("")}}


def change(call: Call) -> dict[str, Any]:
    """Say what somebody may have."""
    whose, given = _whose(call), _limits(object_of(call, "quota_set"))
    quotas = call.services.share_quotas
    if whose.user or whose.share_type:
        _check_within(given, quotas.limits(whose.project))
    quotas.set(whose.project, given, whose.user, whose.share_type)
    return {"quota_set": quotas.limits(*whose)}


def drop(call: Call) -> Answer:
    """Let what counts for others count for them."""
    call.services.share_quotas.forget(*_whose(call))
    return Answer(None, 202)


def show_class(call: Call) -> dict[str, Any]:
    """What projects may have, of which nobody has said otherwise."""
    found = call.services.share_quotas.limits("")
    return {"quota_class_set": {"id": call.args["class"], **found}}


def change_class(call: Call) -> dict[str, Any]:
    """Say that for all of them; the class is 'default'."""
    if call.args["class"] != "default":
        raise NotFound("Quota class", call.args["class"])
    call.services.share_quotas.set("", _limits(object_of(call, "quota_class_set")))
    return {"quota_class_set": call.services.share_quotas.limits("")}


def _limits(given: Row) -> dict[str, int]:
    unknown = [name for name in given if name not in sh.RESOURCES and name not in _BESIDE]
    if unknown:
        raise InvalidInput(
            f"There is no limit of {unknown[0][:80]}, only: {', '.join(sh.RESOURCES)}."
        )
    names = {name: value for name, value in given.items() if name in sh.RESOURCES}
    return {name: number_of(name, value, sh.UNLIMITED, _MOST) for name, value in names.items()}


def _check_within(given: dict[str, int], most: dict[str, int]) -> None:
    """Return if limits of a part of a project are within those of all of it."""
    for name, limit in given.items():
        if most[name] != sh.UNLIMITED and not sh.UNLIMITED < limit <= most[name]:
            raise InvalidInput(f"{name} can be at most {most[name]}, as for the whole project.")


def _seen(call: Call) -> _Whose:
    whose = _whose(call)
    if whose.project != owner_of(call):
        permit(call, may.GET_ALL_QUOTAS)
    return whose


def _whose(call: Call) -> _Whose:
    query = query_of(call)
    project = text_of("The project", call.args["project"]) or ""
    user = text_of("user_id", query.get("user_id", "")) or ""
    kind = query.get("share_type", "")
    if user and kind:
        raise InvalidInput("Give user_id or share_type, not both.")
    if kind:
        kind = call.services.share_types.get(kind)["uuid"]
    return _Whose(project, user, kind)
