"""The whole at a glance: how many machines are how, and who has how much to do."""

from collections import Counter
from typing import Any

from baremetal.api.call import Call
from baremetal.domain import operation as op


def summary(call: Call) -> dict[str, Any]:
    """All nodes by state, open operations by state, and what each conductor has to do."""
    return {
        "nodes": _nodes(call),
        "operations": _operations(call),
        "conductors": _conductors(call),
    }


def _nodes(call: Call) -> dict[str, Any]:
    provision: Counter[str] = Counter()
    power: Counter[str] = Counter()
    total = maintenance = fault = 0
    for state, power_state, in_maintenance, has_fault, count in call.services.counts.states():
        provision[state] += count
        power[power_state or "unknown"] += count
        total += count
        maintenance += count if in_maintenance else 0
        fault += count if has_fault else 0
    return {
        "total": total,
        "provision_state": dict(sorted(provision.items())),
        "power_state": dict(sorted(power.items())),
        "maintenance": maintenance,
        "fault": fault,
    }


def _operations(call: Call) -> dict[str, int]:
    found = dict.fromkeys(op.OPEN, 0)
    for _, state, _, count, _ in call.services.counts.open_operations():
        found[state] += count
    return found


def _conductors(call: Call) -> list[dict[str, Any]]:
    members = call.services.members
    load = {
        str(row["hostname"]): {
            "hostname": row["hostname"],
            "conductor_group": row["conductor_group"],
            "alive": row["alive"],
            "updated_at": row["updated_at"],
            "nodes": 0,
            op.RUNNING: 0,
            op.WAITING: 0,
        }
        for row in members.rows()
    }
    for driver, group, slot, count in call.services.counts.places():
        host = members.host_for(driver, group, slot)
        if host in load:
            load[host]["nodes"] += count
    for _, state, owner, count, _ in call.services.counts.open_operations():
        if owner in load and state != op.QUEUED:
            load[owner][state] += count
    return [load[host] for host in sorted(load)]
