"""Types of shares, their extra specs, and who may use them."""

from typing import Any

from baremetal.api.call import Answer, Call
from baremetal.api.policies import shares as may
from baremetal.api.shares.requests import (
    body_of,
    flag_of,
    object_of,
    owner_of,
    query_of,
    text_of,
)
from baremetal.domain import share as sh
from baremetal.domain.errors import Conflict, InvalidInput, NotFound

Row = dict[str, Any]
_PUBLIC = ("share_type_access:is_public", "os-share-type-access:is_public")
#: Specs that every user may see.
_SHOWN = (sh.SERVERS_SPEC, *sh.ABILITY_SPECS, "replication_type", "availability_zones")
_WITH_DESCRIPTION = 41


def list_types(call: Call) -> dict[str, Any]:
    """The types that the caller may use."""
    wanted = query_of(call).get("is_public", "true").lower()
    found = call.services.share_types.all(None if _sees_all(call) else owner_of(call))
    if wanted in ("true", "1"):
        found = [row for row in found if row["is_public"] or not _sees_all(call)]
    elif wanted in ("false", "0"):
        found = [row for row in found if not row["is_public"]]
    shown = [_shown(call, row) for row in found]
    return {"share_types": shown, "volume_types": shown}


def show(call: Call) -> dict[str, Any]:
    """One type."""
    return _answer(call, _row(call))


def default(call: Call) -> dict[str, Any]:
    """The type for which nobody has to ask."""
    name = str(call.services.conf.shares.default_share_type)
    return _answer(call, call.services.share_types.get(name))


def create(call: Call) -> Answer:
    """Add a type."""
    given, services = object_of(call, "share_type", "volume_type"), call.services
    specs = sh.check_specs(given.get("extra_specs") or {})
    if specs.get(sh.SERVERS_SPEC) is None:
        raise InvalidInput(f"extra_specs must say whether {sh.SERVERS_SPEC}: True or False.")
    if call.version < 24:
        specs.setdefault("snapshot_support", "True")
    public = next((given[word] for word in _PUBLIC if word in given), True)
    values: Row = {
        "uuid": services.clock.new_uuid(),
        "name": _name(given),
        "description": text_of("description", given.get("description")),
        "is_public": flag_of("is_public", public),
        "extra_specs": specs,
    }
    services.share_types.insert(values, services.clock.now())
    return Answer(_answer(call, services.share_types.get(values["uuid"])), 200)


def update(call: Call) -> dict[str, Any]:
    """Change what a type is called, and who sees it."""
    given, row = object_of(call, "share_type"), _row(call)
    values: Row = {}
    if "name" in given:
        values["name"] = _name(given)
    if "description" in given:
        values["description"] = text_of("description", given["description"])
    for word in _PUBLIC:
        if word in given:
            values["is_public"] = flag_of("is_public", given[word])
    if not values:
        raise InvalidInput("Give a name, a description, or share_type_access:is_public.")
    call.services.share_types.update(row, values, call.services.clock.now())
    return _answer(call, call.services.share_types.get(row["uuid"]))


def delete(call: Call) -> Answer:
    """Remove a type that no share has."""
    call.services.share_types.delete(_row(call)["uuid"])
    return Answer(None, 202)


def specs(call: Call) -> dict[str, Any]:
    """The extra specs of a type."""
    return {"extra_specs": _row(call)["extra_specs"]}


def spec(call: Call) -> dict[str, Any]:
    """One of them."""
    found, key = specs(call)["extra_specs"], call.args["key"]
    if key not in found:
        raise NotFound("Extra spec", key)
    return {key: found[key]}


def add_specs(call: Call) -> dict[str, Any]:
    """Add extra specs, or change them."""
    given = sh.check_specs(object_of(call, "extra_specs"))
    row = _row(call)
    _write(call, row, {**row["extra_specs"], **given})
    return {"extra_specs": given}


def set_spec(call: Call) -> dict[str, Any]:
    """Change one."""
    key, row = call.args["key"], _row(call)
    _, value = body_of(call, key)
    given = sh.check_specs({key: value})
    _write(call, row, {**row["extra_specs"], **given})
    return given


def drop_spec(call: Call) -> None:
    """Remove one."""
    key, row = call.args["key"], _row(call)
    if key not in row["extra_specs"]:
        raise NotFound("Extra spec", key)
    if key == sh.SERVERS_SPEC:
        raise InvalidInput(f"{key} cannot be removed: every type has it.")
    _write(call, row, {name: text for name, text in row["extra_specs"].items() if name != key})


def projects(call: Call) -> dict[str, Any]:
    """Who may use a type that is not public."""
    row = _private(call)
    found = call.services.share_types.projects(row["uuid"])
    shown = [{"share_type_id": row["uuid"], "project_id": project} for project in found]
    return {"share_type_access": shown}


def act(call: Call) -> Answer:
    """Let a project use it, or no longer."""
    word, given = body_of(call, "addProjectAccess", "removeProjectAccess")
    row = _private(call)
    project = text_of("project", given.get("project") if isinstance(given, dict) else None)
    if not project:
        raise InvalidInput("project must be given.")
    store = call.services.share_types
    change = store.add_project if word.startswith("add") else store.remove_project
    change(row["uuid"], project)
    return Answer(None, 202)


def _private(call: Call) -> Row:
    row = _row(call)
    if row["is_public"]:
        raise Conflict(f"Share type {row['name']} is public: all projects may use it.")
    return row


def _write(call: Call, row: Row, found: dict[str, str]) -> None:
    call.services.share_types.update(row, {"extra_specs": found}, call.services.clock.now())


def _row(call: Call) -> Row:
    project = None if _sees_all(call) else owner_of(call)
    return call.services.share_types.get(call.args["type"], project)


def _name(given: Row) -> str:
    name = text_of("name", given.get("name"))
    if not name or not name.strip():
        raise InvalidInput("name must not be empty.")
    return name.strip()


def _default(call: Call) -> str:
    return str(call.services.conf.shares.default_share_type)


def _sees_all(call: Call) -> bool:
    policy = call.services.policy
    return policy is None or policy.allows(call.identity, may.SEE_ALL_TYPES)


def _answer(call: Call, row: Row) -> dict[str, Any]:
    shown = _shown(call, row)
    return {"share_type": shown, "volume_type": shown}


def _shown(call: Call, row: Row) -> Row:
    specs_of = row["extra_specs"]
    if not _sees_all(call):
        specs_of = {name: text for name, text in specs_of.items() if name in _SHOWN}
    required = {sh.SERVERS_SPEC: row["extra_specs"].get(sh.SERVERS_SPEC, "False")}
    found = {
        "id": row["uuid"],
        "name": row["name"],
        "extra_specs": specs_of,
        "required_extra_specs": required,
        "is_default": row["name"] == _default(call),
        "share_type_access:is_public": bool(row["is_public"]),
    }
    if call.version < 7:
        found["os-share-type-access:is_public"] = found["share_type_access:is_public"]
    if call.version >= _WITH_DESCRIPTION:
        found["description"] = row["description"]
    return found
