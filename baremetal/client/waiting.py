"""Waiting for nodes: when is it good, when is it bad, and what is told meanwhile."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from baremetal.client.transport import Resource
from baremetal.client.watching import Watcher

#: States of a node that went wrong somewhere.
FAILED_STATES: Final = frozenset(
    {
        "inspect failed",
        "clean failed",
        "deploy failed",
        "adopt failed",
        "rescue failed",
        "unrescue failed",
        "service failed",
        "error",
        "(deleted)",
    }
)
#: States in which work stands still until somebody says `unhold` or `abort`.
HELD_STATES: Final = frozenset({"clean hold", "deploy hold", "service hold"})
#: States that a node leaves only when somebody asks for it.
SETTLED_STATES: Final = (
    FAILED_STATES | HELD_STATES | {"enroll", "manageable", "available", "active", "rescue"}
)

#: Whether a node is where it should be: True, False if it never will be, None if not yet.
Ending = Callable[[Resource], bool | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the wait for a node ended."""

    node: Resource
    ok: bool
    reason: str = ""
    timed_out: bool = False


def settles_in(wanted: Collection[str]) -> Ending:
    """Good in the wanted states, bad in any other in which nothing goes on."""

    def ending(node: Resource) -> bool | None:
        state = node["provision_state"]
        if state not in SETTLED_STATES or (node.get("operation") and state not in HELD_STATES):
            return None
        return state in wanted

    return ending


def reaches(state: str) -> Ending:
    """Good in that state, bad in a failed one; another's work may have yet to begin."""

    def ending(node: Resource) -> bool | None:
        if node["provision_state"] == state:
            return True
        return False if node["provision_state"] in FAILED_STATES else None

    return ending


def has_power(state: str) -> Ending:
    """Good when the power is so and no change of it is under way, bad when that failed."""

    def ending(node: Resource) -> bool | None:
        if node.get("operation") or node.get("target_power_state"):
            return None
        if node.get("power_state") == state:
            return True
        return False if node.get("last_error") else None

    return ending


def wait_for_nodes(
    watcher: Watcher,
    ending: Ending,
    *,
    timeout: float | None = None,
    notify: Callable[[Resource | None], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Outcome]:
    """How it ended for each node, by UUID; `timeout` is in seconds, None for no limit.

    `notify` is told each change of each node, and None now and then when there is none.
    """
    deadline = None if timeout is None else clock() + timeout
    seen: dict[str, Resource] = {}
    outcomes: dict[str, Outcome] = {}
    for node in watcher.changes():
        notify(node)
        if node is not None:
            seen[node["uuid"]] = node
            ok = ending(node)
            if ok is not None:
                outcomes[node["uuid"]] = Outcome(node, ok, "" if ok else _what_went_wrong(node))
                watcher.forget(node["uuid"])
        if deadline is not None and clock() > deadline:
            break
    for uuid in seen.keys() - outcomes.keys():
        node = seen[uuid]
        reason = f"still {node['provision_state']!r} after {timeout:g} s"
        outcomes[uuid] = Outcome(node, ok=False, reason=reason, timed_out=True)
    return outcomes


def _what_went_wrong(node: Resource) -> str:
    where = f"ended in {node['provision_state']!r}"
    return f"{where}: {node['last_error']}" if node.get("last_error") else where
