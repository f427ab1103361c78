"""A node's states: power, provisioning, maintenance; what changes them becomes an operation."""

from collections.abc import Mapping
from typing import Any

from baremetal import log
from baremetal.api.body import Body, Member
from baremetal.api.call import Answer, Call
from baremetal.api.controllers.veil import error_of_node
from baremetal.api.guard import permit
from baremetal.api.policies.nodes import PREPARE
from baremetal.api.types import kinds
from baremetal.db.nodes import holder, retried
from baremetal.domain import node_rules, states
from baremetal.domain.errors import (
    InvalidInput,
    NotSupported,
    StateForbids,
)
from baremetal.engine.submit import Requester

#: {name: since}; what GET states shows.
_SHOWN = {
    "console_enabled": 1,
    "last_error": 1,
    "power_state": 1,
    "provision_state": 1,
    "provision_updated_at": 1,
    "target_power_state": 1,
    "target_provision_state": 1,
    "raid_config": 12,
    "target_raid_config": 12,
    "boot_mode": 75,
    "secure_boot": 75,
}
_VERBS = (*states.VERBS, "abort", "unhold", *states.ALIASES)
#: Verbs of those who use a machine; the others are for those who look after it.
_OF_USERS = ("active", "deleted", "rebuild", "rescue", "unrescue")
_STEP_KEYS = ("interface", "step", "args", "priority", "order")


def _steps(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be a non-empty array of steps")
    for number, step in enumerate(value):
        if not isinstance(step, dict):
            raise ValueError(f"[{number}] must be an object with interface and step")
        unknown = sorted(set(step) - set(_STEP_KEYS))
        if unknown:
            known = ", ".join(_STEP_KEYS)
            raise ValueError(f"[{number}] has the unknown field '{unknown[0]}'. Known: {known}")
        for key in ("interface", "step"):
            if not isinstance(step.get(key), str) or not step[key]:
                raise ValueError(f"[{number}]/{key} must be a non-empty string")
        if not isinstance(step.get("args", {}), dict):
            raise ValueError(f"[{number}]/args must be an object")
    return value


def _configdrive(value: Any) -> Any:
    if not isinstance(value, str | dict):
        raise ValueError("must be a string (base64, or a URL) or a JSON object")
    return value


def _verb(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value


_VERB = kinds.Kind("verb", _verb, {"type": "string"})
_STEPS = kinds.Kind(
    "steps",
    _steps,
    {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": {
                "interface": {"type": "string", "minLength": 1},
                "step": {"type": "string", "minLength": 1},
                "args": {"type": "object"},
                "priority": {"type": "integer"},
                "order": {"type": "integer"},
            },
            "required": ["interface", "step"],
            "additionalProperties": False,
        },
    },
)
_CONFIGDRIVE = kinds.Kind("configdrive", _configdrive, {"type": ["string", "object"]})

POWER = Body(
    {
        "target": Member(kinds.LONG_TEXT, mandatory=True, about=", ".join(states.POWER_TARGETS)),
        "timeout": Member(kinds.POSITIVE, since=27, about="Seconds to wait for the new state."),
    }
)
PROVISION = Body(
    {
        "target": Member(_VERB, mandatory=True, about=f"A verb: {', '.join(_VERBS)}."),
        "configdrive": Member(_CONFIGDRIVE, about="For active and rebuild."),
        "clean_steps": Member(_STEPS, since=15),
        "rescue_password": Member(kinds.text(255), since=38),
        "deploy_steps": Member(_STEPS, since=69),
        "disable_ramdisk": Member(kinds.BOOLEAN, since=70, about="For clean."),
        "service_steps": Member(_STEPS, since=87),
        "runbook": Member(kinds.TEXT, since=92),
    }
)
MAINTENANCE = Body({"reason": Member(kinds.LONG_TEXT)}, optional=True)
CONSOLE = Body({"enabled": Member(kinds.BOOLEAN, mandatory=True)})
#: Members of PROVISION that go with some verbs only.
_GOES_WITH = {
    "configdrive": ("active", "rebuild"),
    "clean_steps": ("clean",),
    "rescue_password": ("rescue",),
    "deploy_steps": ("active", "rebuild"),
    "disable_ramdisk": ("clean",),
    "service_steps": ("service",),
    "runbook": (),
}


def requester(call: Call) -> Requester:
    """Who asks, for the operation's record."""
    return Requester(
        call.identity.name, call.request_id, log.CONTEXT.get().get("global_request_id")
    )


def show(call: Call) -> dict[str, Any]:
    """The states alone."""
    ident = call.args["node"]
    row = call.services.nodes.states(ident)
    row = {**row, "last_error": error_of_node(call, ident, row["last_error"])}
    return {name: row[name] for name, since in _SHOWN.items() if call.version >= since}


def set_power(call: Call) -> Answer:
    """Ask for another power state."""
    body = POWER.read(call)

    def switch() -> Answer:
        row = call.services.nodes.row(call.args["node"])
        _switch(call, row, body["target"], body.get("timeout"))
        return Answer(status=202, headers=_location(call, row))

    return retried(switch)


def _switch(call: Call, row: dict[str, Any], target: str, timeout: int | None) -> None:
    if target not in states.POWER_TARGETS:
        raise StateForbids(target, row["uuid"], row["power_state"])
    call.need(states.POWER_SINCE.get(target, 1), f"Power state '{target}'")
    if row["operation_uuid"] is not None:
        raise holder(call.services.db, row)
    if row["disable_power_off"] and target != states.POWER_ON:
        raise StateForbids(target, row["uuid"], row["power_state"])
    goal = states.POWER_TARGETS[target]
    call.services.submitter.start(
        row,
        "power",
        {"target": target, "timeout": timeout},
        requester(call),
        target_power_state=goal,
        last_error=None,
    )


def set_provision(call: Call) -> Answer:
    """Ask for a verb of the state table."""
    body = PROVISION.read(call)
    target = body.pop("target")
    verb, since = states.ALIASES.get(target, (target, states.VERB_SINCE.get(target, 1)))
    if call.version < since:
        call.need(since, f"Verb '{target}'")
    if verb not in _OF_USERS:
        permit(call, PREPARE)
    params = _params(call, body, verb)

    def act() -> Answer:
        row = call.services.nodes.row(call.args["node"])
        _act(call, row, verb, dict(params))
        return Answer(status=202, headers=_location(call, row))

    return retried(act)


def _act(call: Call, row: dict[str, Any], verb: str, params: dict[str, Any]) -> None:
    submitter, state = call.services.submitter, row["provision_state"]
    if verb == "abort" and state not in states.MOVES["abort"]:
        _abort(call, row)
        return
    if verb == "unhold":
        if state not in states.HELD:
            raise StateForbids(verb, row["uuid"], state)
        submitter.signal(row["operation_uuid"], row["conductor_group"], {"unhold": True})
        return
    move = states.MOVES.get(verb, {}).get(state)
    kind = states.VERBS.get(verb, {}).get(state)
    if move is None and kind is None:
        if row["operation_uuid"] is not None:
            raise holder(call.services.db, row)
        raise StateForbids(verb, row["uuid"], state)
    node_rules.check_verb(row, verb)
    if move is not None:
        submitter.move(row, move)
        return
    assert kind is not None  # noqa: S101 - for the type checker
    also = _also(call, row, verb, params)
    submitter.start(row, kind, params, requester(call), last_error=None, **also)


def _abort(call: Call, row: dict[str, Any]) -> None:
    state = row["provision_state"]
    abortable = state in states.ABORTABLE
    if not abortable or row["operation_uuid"] is None:
        raise StateForbids("abort", row["uuid"], state)
    if state == states.INSPECT_WAIT:
        call.need(41, "Aborting an inspection")
    call.services.submitter.cancel(row["operation_uuid"], row["conductor_group"], "abort")


def _also(call: Call, row: dict[str, Any], verb: str, params: dict[str, Any]) -> dict[str, Any]:
    """Columns that a verb's own arguments change; secrets go to the node, not to the operation."""
    secret: dict[str, Any] = {
        name: params.pop(name) for name in ("configdrive", "rescue_password") if name in params
    }
    if verb in ("rescue", "unrescue") and row["rescue_interface"] == "no-rescue":
        raise NotSupported(
            f"Node {row['uuid']} has the rescue interface no-rescue; it does not support {verb}."
        )
    if not secret:
        return {}
    return call.services.nodes.with_instance_info(row, secret)


def _params(call: Call, body: dict[str, Any], verb: str) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for name, value in body.items():
        if verb not in _GOES_WITH[name]:
            verbs = " or ".join(_GOES_WITH[name]) or "one that this release does not have"
            raise InvalidInput(
                f"'{name}' is only valid when setting the target provision state to {verbs}."
            )
        params["steps" if name.endswith("_steps") else name] = value
    if verb in ("clean", "service") and "steps" not in params:
        raise InvalidInput(f"'{verb}_steps' is required when setting the target to {verb}.")
    if verb == "rescue" and not params.get("rescue_password", "").strip():
        raise InvalidInput("A non-empty 'rescue_password' is required to rescue a node.")
    if verb == "rebuild" and "configdrive" in params:
        call.need(35, "A config drive for rebuild")
    if isinstance(params.get("configdrive"), dict):
        call.need(56, "A config drive given as JSON")
    return params


def set_maintenance(call: Call) -> Answer:
    """Put the node in maintenance."""
    reason = MAINTENANCE.read(call).get("reason")
    _write(call, {"maintenance": True, "maintenance_reason": reason})
    return Answer(status=202)


def unset_maintenance(call: Call) -> Answer:
    """Take the node out of maintenance."""
    _write(call, {"maintenance": False, "maintenance_reason": None, "fault": None})
    return Answer(status=202)


def _write(call: Call, values: dict[str, Any]) -> None:
    def write() -> None:
        row = call.services.nodes.row(call.args["node"])
        call.services.nodes.update(row, values, (), call.services.clock.now())

    retried(write)


def _location(call: Call, row: Mapping[str, Any]) -> dict[str, str]:
    return {"Location": f"{call.base}/v1/nodes/{row['uuid']}/states"}


def console(call: Call) -> dict[str, Any]:
    """The console's state."""
    row = call.services.nodes.row(call.args["node"])
    return {"console_enabled": row["console_enabled"], "console_info": None}


def set_console(call: Call) -> Answer:
    """Open or close the console, where the driver has one."""
    row = call.services.nodes.row(call.args["node"])
    CONSOLE.read(call)
    raise NotSupported(
        f"Node {row['uuid']} has the console interface {row['console_interface']}, which has none."
    )
