"""What a failed operation leaves for whoever looks into it: why, what was seen, what to try.

An autopsy is a document::

    {"step", "cause", "meaning", "message", "at",
     "evidence": {"bmc": [...], "agent": {...}, "timings": {...}, "attempts", "conductor",
                  "where"},
     "next": [commands, ready to paste]}

All of this is rules; ``engine/autopsy.py`` gathers what they are applied to.
"""

import shlex
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from baremetal.domain.errors import (
    BaremetalError,
    DriverError,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSupported,
)
from baremetal.domain.operation import IMAGE, NODE
from baremetal.domain.secrets import MASK, part

BMC_UNREACHABLE: Final = "bmc-unreachable"
BMC_REFUSED: Final = "bmc-refused"
BMC_GARBLED: Final = "bmc-garbled"
AGENT_SILENT: Final = "agent-silent"
AGENT_FAILED: Final = "agent-reported-failure"
STORAGE: Final = "storage"
HARDWARE: Final = "hardware"
TIMEOUT: Final = "timeout"
DRIVER_DEFECT: Final = "driver-defect"
CONFIGURATION: Final = "configuration"
CANCELLED: Final = "cancelled"
INTERNAL: Final = "internal"

#: Every cause, and what it means.
CAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        BMC_UNREACHABLE: "The BMC did not answer.",
        BMC_REFUSED: "The BMC answered, and refused the login or the command.",
        BMC_GARBLED: "What the BMC answered made no sense.",
        AGENT_SILENT: "The agent never came, or was not heard of any more.",
        AGENT_FAILED: "The agent said that a step of its plan failed.",
        STORAGE: "Where data comes from, or goes to, refused it or did not answer.",
        HARDWARE: "The driver met trouble with the machine, and says no more of which kind.",
        TIMEOUT: "Something took longer than it may.",
        DRIVER_DEFECT: "The driver's own code failed.",
        CONFIGURATION: "Something that the node or the request says cannot work.",
        CANCELLED: "Somebody asked for a stop.",
        INTERNAL: "A defect of the service itself; its log has the details.",
    }
)

_OF_THE_REQUEST: Final = (InvalidInput, NotSupported, NotFound, Forbidden)
#: Rooms whose code calls drivers.
_CALLERS: Final = ("baremetal.conductor", "baremetal.engine")

_LOOK: Final = "baremetal node why {node}"
_ASIDE: Final = "baremetal node maintenance set {node} --reason '{cause}'"
_CHECK: Final = "baremetal node validate {node}"
_INFO: Final = "baremetal node show {node} -c driver -c driver_info -c instance_info"
_HISTORY: Final = "baremetal node history list {node}"

#: cause -> what to look at, and what to do with the machine meanwhile
_NEXT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        BMC_UNREACHABLE: ("baremetal node power show {node}", _ASIDE),
        BMC_REFUSED: (_INFO, _CHECK),
        BMC_GARBLED: ("baremetal node power show {node}", _INFO, _ASIDE),
        AGENT_SILENT: (
            "baremetal node boot device show {node}",
            "baremetal port list --node {node}",
            "baremetal node power show {node}",
        ),
        AGENT_FAILED: ("baremetal node show {node} -c instance_info -c properties", _HISTORY),
        STORAGE: (_LOOK,),
        HARDWARE: ("baremetal node power show {node}", _HISTORY, _ASIDE),
        TIMEOUT: ("baremetal node power show {node}", _LOOK),
        DRIVER_DEFECT: ("baremetal operation show {operation}", _ASIDE),
        CONFIGURATION: (_CHECK, _INFO),
        CANCELLED: (_LOOK,),
        INTERNAL: ("baremetal operation show {operation}", _LOOK),
    }
)

#: What to look at where an operation is about something else than a node.
_NEXT_OF: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        IMAGE: (
            "baremetal image show {node}",
            "baremetal operation show {operation}",
            "baremetal-manage images audit",
        )
    }
)

#: kind of operation -> how to ask for it again
_AGAIN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "verify": "baremetal node manage {node}",
        "inspect": "baremetal node inspect {node}",
        "provide": "baremetal node manage {node} --wait && baremetal node provide {node}",
        "clean": "baremetal node manage {node}",
        "deploy": "baremetal node deploy {node}",
        "rebuild": "baremetal node rebuild {node}",
        "undeploy": "baremetal node undeploy {node}",
        "adopt": "baremetal node adopt {node}",
        "rescue": "baremetal node unrescue {node}",
        "unrescue": "baremetal node unrescue {node}",
    }
)

#: Secrets shorter than this are too likely to be a part of some plain word.
_SHORTEST_SECRET: Final = 3
_LONGEST_TEXT: Final = 2000


def cause_of(error: BaseException, modules: Sequence[str] = ()) -> str:
    """The cause that an error speaks of; `modules` are those on its traceback, outermost first."""
    if isinstance(error, DriverError):
        return error.cause if error.cause in CAUSES else HARDWARE
    if isinstance(error, _OF_THE_REQUEST):
        return CONFIGURATION
    if not isinstance(error, BaremetalError) and _blames_driver(modules):
        return DRIVER_DEFECT
    return INTERNAL


def _blames_driver(modules: Sequence[str]) -> bool:
    """Whether what a flow or the engine called last is a driver, of ours or anybody's."""
    callers = [at for at, name in enumerate(modules) if _is_in(name, _CALLERS)]
    called = modules[callers[-1] + 1 :] if callers else modules
    return bool(called) and (
        _is_in(called[0], ("baremetal.drivers",)) or not _is_in(called[0], ("baremetal",))
    )


def _is_in(module: str, packages: Sequence[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def next_commands(
    cause: str,
    kind: str,
    resource: str,
    operation: str,
    tried: Sequence[str] = (),
    resource_type: str = NODE,
) -> list[str]:
    """What to type next, in this order; `tried` is what the driver itself proposes."""
    words = {"node": shlex.quote(resource), "operation": operation, "cause": cause}
    looks = _NEXT_OF.get(resource_type, _NEXT[cause])
    commands = [command.format(**words) for command in looks]
    commands += tried
    if kind in _AGAIN and cause != CANCELLED:
        commands.append(_AGAIN[kind].format(**words))
    return commands


def timings(
    steps: Sequence[Mapping[str, Any]], asked_at: str | None, begun_at: str | None, now: datetime
) -> dict[str, Any]:
    """Seconds in the queue, in each step that was begun, and of these in waiting."""
    taken: dict[str, Any] = {"queued": _seconds(asked_at, begun_at, now) if begun_at else None}
    for step in steps:
        begun = step.get("started_at")
        if begun is not None:
            taken[step["name"]] = _seconds(begun, step.get("finished_at"), now)
            if step.get("waited_seconds") is not None:
                taken[f"{step['name']}, waiting"] = step["waited_seconds"]
    return taken


def _seconds(begin: str | None, end: str | None, now: datetime) -> float | None:
    if begin is None:
        return None
    until = datetime.fromisoformat(end) if end else now
    return round((until - datetime.fromisoformat(begin)).total_seconds(), 3)


def secret_texts(values: Mapping[str, Any], named: Collection[str] = ()) -> set[str]:
    """The secrets in a node's ``driver_info`` or ``instance_info``, but for what is public too."""
    public, secrets = part(values, named)
    return _texts(list(secrets.values())) - _texts(public)


def _texts(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return {text for one in value for text in _texts(one)}
    if isinstance(value, bool) or value is None:
        return set()
    return {text} if len(text := str(value)) >= _SHORTEST_SECRET else set()


def without(secrets: Collection[str], value: Any) -> Any:
    """A document with each secret, wherever it stands, replaced; texts are cut where long."""
    if isinstance(value, str):
        # The longest first, or what it contains would spoil it.
        for secret in sorted(secrets, key=len, reverse=True):
            value = value.replace(secret, MASK)
        return value if len(value) <= _LONGEST_TEXT else value[: _LONGEST_TEXT - 3] + "..."
    if isinstance(value, Mapping):
        return {key: without(secrets, one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without(secrets, one) for one in value]
    return value
