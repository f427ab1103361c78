"""The life of a node as tables: which verb is legal where, and where work leads.

The words are those of the OpenStack Bare Metal API v1. The diagram in the
documentation is drawn from these tables, and nothing else decides a state.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

ENROLL: Final = "enroll"
VERIFYING: Final = "verifying"
MANAGEABLE: Final = "manageable"
INSPECTING: Final = "inspecting"
INSPECT_WAIT: Final = "inspect wait"
INSPECT_FAILED: Final = "inspect failed"
CLEANING: Final = "cleaning"
CLEAN_WAIT: Final = "clean wait"
CLEAN_HOLD: Final = "clean hold"
CLEAN_FAILED: Final = "clean failed"
AVAILABLE: Final = "available"
DEPLOYING: Final = "deploying"
DEPLOY_WAIT: Final = "wait call-back"
DEPLOY_HOLD: Final = "deploy hold"
DEPLOY_FAILED: Final = "deploy failed"
ACTIVE: Final = "active"
DELETING: Final = "deleting"
ERROR: Final = "error"
ADOPTING: Final = "adopting"
ADOPT_FAILED: Final = "adopt failed"
RESCUING: Final = "rescuing"
RESCUE_WAIT: Final = "rescue wait"
RESCUE: Final = "rescue"
RESCUE_FAILED: Final = "rescue failed"
UNRESCUING: Final = "unrescuing"
UNRESCUE_FAILED: Final = "unrescue failed"
SERVICING: Final = "servicing"
SERVICE_WAIT: Final = "service wait"
SERVICE_HOLD: Final = "service hold"
SERVICE_FAILED: Final = "service failed"


@dataclass(frozen=True, slots=True)
class Phase:
    """The states of a node while one stretch of work goes on, and after it."""

    during: str
    success: str
    failure: str
    waiting: str | None = None
    hold: str | None = None


VERIFY_PHASE: Final = Phase(VERIFYING, MANAGEABLE, ENROLL)
INSPECT_PHASE: Final = Phase(INSPECTING, MANAGEABLE, INSPECT_FAILED, INSPECT_WAIT)
CLEAN_PHASE: Final = Phase(CLEANING, MANAGEABLE, CLEAN_FAILED, CLEAN_WAIT, CLEAN_HOLD)
PROVIDE_PHASE: Final = Phase(CLEANING, AVAILABLE, CLEAN_FAILED, CLEAN_WAIT, CLEAN_HOLD)
DEPLOY_PHASE: Final = Phase(DEPLOYING, ACTIVE, DEPLOY_FAILED, DEPLOY_WAIT, DEPLOY_HOLD)
UNDEPLOY_PHASE: Final = Phase(DELETING, AVAILABLE, ERROR)
ADOPT_PHASE: Final = Phase(ADOPTING, ACTIVE, ADOPT_FAILED)
RESCUE_PHASE: Final = Phase(RESCUING, RESCUE, RESCUE_FAILED, RESCUE_WAIT)
UNRESCUE_PHASE: Final = Phase(UNRESCUING, ACTIVE, UNRESCUE_FAILED)
SERVICE_PHASE: Final = Phase(SERVICING, ACTIVE, SERVICE_FAILED, SERVICE_WAIT, SERVICE_HOLD)

#: operation kind -> the phases that it goes through, in order
PHASES: Final = MappingProxyType(
    {
        "verify": (VERIFY_PHASE,),
        "inspect": (INSPECT_PHASE,),
        "clean": (CLEAN_PHASE,),
        "provide": (PROVIDE_PHASE,),
        "deploy": (DEPLOY_PHASE,),
        "rebuild": (DEPLOY_PHASE,),
        "undeploy": (UNDEPLOY_PHASE, PROVIDE_PHASE),
        "adopt": (ADOPT_PHASE,),
        "rescue": (RESCUE_PHASE,),
        "unrescue": (UNRESCUE_PHASE,),
        "service": (SERVICE_PHASE,),
    }
)

#: verb -> {present state: the kind of operation that it starts}
VERBS: Final = MappingProxyType(
    {
        "manage": {ENROLL: "verify"},
        "provide": {MANAGEABLE: "provide"},
        "inspect": {MANAGEABLE: "inspect", INSPECT_FAILED: "inspect"},
        "clean": {MANAGEABLE: "clean"},
        "active": {AVAILABLE: "deploy", DEPLOY_FAILED: "deploy"},
        "rebuild": {ACTIVE: "rebuild", DEPLOY_FAILED: "rebuild", ERROR: "rebuild"},
        "deleted": {
            ACTIVE: "undeploy",
            ERROR: "undeploy",
            DEPLOY_FAILED: "undeploy",
            DEPLOY_WAIT: "undeploy",
            DEPLOY_HOLD: "undeploy",
            RESCUE: "undeploy",
            RESCUE_WAIT: "undeploy",
            RESCUE_FAILED: "undeploy",
            UNRESCUE_FAILED: "undeploy",
            SERVICE_WAIT: "undeploy",
            SERVICE_FAILED: "undeploy",
        },
        "adopt": {MANAGEABLE: "adopt", ADOPT_FAILED: "adopt"},
        "rescue": {
            ACTIVE: "rescue",
            RESCUE: "rescue",
            RESCUE_FAILED: "rescue",
            UNRESCUE_FAILED: "rescue",
            SERVICE_FAILED: "rescue",
        },
        "unrescue": {
            RESCUE: "unrescue",
            RESCUE_FAILED: "unrescue",
            UNRESCUE_FAILED: "unrescue",
        },
        "service": {ACTIVE: "service", SERVICE_FAILED: "service"},
    }
)

#: verb -> {present state: state it moves to at once, without any work}
MOVES: Final = MappingProxyType(
    {
        "manage": {
            AVAILABLE: MANAGEABLE,
            INSPECT_FAILED: MANAGEABLE,
            CLEAN_FAILED: MANAGEABLE,
            ADOPT_FAILED: MANAGEABLE,
        },
        "abort": {SERVICE_FAILED: ACTIVE},
    }
)

#: Verbs which act on the operation that holds the node, by the state it waits in.
ABORTABLE: Final = frozenset(
    {CLEAN_WAIT, CLEAN_HOLD, INSPECT_WAIT, RESCUE_WAIT, SERVICE_WAIT, SERVICE_HOLD, DEPLOY_HOLD}
)
HELD: Final = frozenset({CLEAN_HOLD, DEPLOY_HOLD, SERVICE_HOLD})

#: Other names of a verb: {alias: (verb, microversion that brought it)}
ALIASES: Final = MappingProxyType({"deploy": ("active", 73), "undeploy": ("deleted", 73)})

#: Microversion that brought each verb; others were there from the start.
VERB_SINCE: Final = MappingProxyType(
    {
        "manage": 4,
        "provide": 4,
        "inspect": 6,
        "abort": 13,
        "clean": 15,
        "adopt": 17,
        "rescue": 38,
        "unrescue": 38,
        "unhold": 85,
        "service": 87,
    }
)

ALL: Final = frozenset(
    {ENROLL, MANAGEABLE, AVAILABLE, ACTIVE, ERROR, RESCUE}
    | {
        state
        for phases in PHASES.values()
        for phase in phases
        for state in (phase.during, phase.success, phase.failure, phase.waiting, phase.hold)
        if state is not None
    }
)

#: States from which a node's record may be deleted.
DELETABLE: Final = frozenset(
    {ENROLL, MANAGEABLE, AVAILABLE, INSPECT_FAILED, CLEAN_FAILED, ADOPT_FAILED}
)

#: States in which its driver and interfaces may be changed (or while in maintenance).
DRIVER_CHANGEABLE: Final = frozenset(
    {ENROLL, MANAGEABLE, AVAILABLE, INSPECT_FAILED, CLEAN_FAILED, ADOPT_FAILED}
)

# Power, in the words of the API.
POWER_ON: Final = "power on"
POWER_OFF: Final = "power off"
REBOOT: Final = "rebooting"
SOFT_POWER_OFF: Final = "soft power off"
SOFT_REBOOT: Final = "soft rebooting"

#: requested power target -> the state that it leads to
POWER_TARGETS: Final = MappingProxyType(
    {
        POWER_ON: POWER_ON,
        POWER_OFF: POWER_OFF,
        REBOOT: POWER_ON,
        SOFT_POWER_OFF: POWER_OFF,
        SOFT_REBOOT: POWER_ON,
    }
)
POWER_SINCE: Final = MappingProxyType({SOFT_POWER_OFF: 27, SOFT_REBOOT: 27})


def started_by(verb: str, state: str | None) -> str | None:
    """The kind of operation that `verb` starts in `state`, or None."""
    return VERBS.get(verb, {}).get(state or "")
