"""An autopsy as a person reads it: one line per thing that was seen."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from baremetal.cli.command import Table
from baremetal.client.transport import Resource

_LAST = ("status", "step", "error", "message")


def for_people(autopsy: Resource) -> Table:
    """Its rows, without those that say nothing."""
    evidence = autopsy.get("evidence") or {}
    told = {
        "step": autopsy["step"],
        "cause": f"{autopsy['cause']}: {autopsy['meaning']}",
        "message": autopsy["message"],
        "at": autopsy["at"],
        "bmc": _lines(_of_bmc(evidence.get("bmc") or ())),
        "agent": _lines(_of_agent(evidence.get("agent") or {})),
        "seconds": _lines(_of_timings(evidence.get("timings") or {})),
        "attempts": evidence.get("attempts"),
        "conductor": evidence.get("conductor"),
        "where": evidence.get("where"),
        "next": _lines(autopsy["next"]),
    }
    told = {name: value for name, value in told.items() if value not in (None, "")}
    return tuple(told), tuple(told.values())


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _of_bmc(exchanges: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for one in exchanges:
        times = f" ({one['times']} times)" if one.get("times", 1) > 1 else ""
        yield f"{_time(one['at'])} {one['command']}{times}: {one['outcome']}"


def _of_agent(agent: Mapping[str, Any]) -> Iterator[str]:
    if not agent:
        return
    if agent.get("heard_at") is None:
        yield "never heard of in this operation"
    else:
        yield f"last heard {agent['heard_seconds_ago']} s before the end"
    for report in agent.get("reports") or ():
        told = f": {report['message']}" if report.get("message") else ""
        yield f"{_time(report['at'])} {report['percent']} %{told}"
    word = agent.get("last_word") or {}
    if word:
        yield "its last word: " + ", ".join(f"{n} {word[n]}" for n in _LAST if word.get(n))


def _of_timings(timings: Mapping[str, float | None]) -> Iterator[str]:
    for name, seconds in timings.items():
        if seconds is not None:
            yield f"{name}: {seconds:.1f}"


def _time(iso: str) -> str:
    """The time of day of a moment, to the second."""
    return iso[11:19]
