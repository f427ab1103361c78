"""Lookup and heartbeat: what a machine's ramdisk says, and the plan that it gets for it.

The wire format is that of ironic-python-agent, with ``plan_protocol`` and ``progress``
beside it. Neither route asks for credentials: lookup hands out a token once per
power-on, to a machine whose operation waits for an agent, and heartbeats prove it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from baremetal.api.body import Body, Member
from baremetal.api.call import Answer, Call
from baremetal.api.query import Parameter
from baremetal.api.types import kinds
from baremetal.api.types.progress import PROGRESS, RUNNING
from baremetal.db.tables import nodes
from baremetal.db.types import stamp
from baremetal.domain import operation as op
from baremetal.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    Unauthenticated,
)
from baremetal.domain.node import normal_mac
from baremetal.domain.operation import Operation
from baremetal.domain.secrets import MASK

_GIVE_TOKEN = sa.update(nodes).where(
    nodes.c.uuid == sa.bindparam("our_uuid"), nodes.c.agent_token.is_(None)
)

LOOKUP = (
    Parameter("addresses", kinds.NAMES, about="The machine's MAC addresses, separated by commas."),
    Parameter("node_uuid", kinds.UUID),
)
HEARTBEAT = Body(
    {
        "callback_url": Member(kinds.TEXT, mandatory=True, about="Where the agent listens."),
        "agent_version": Member(kinds.TEXT, since=36),
        "agent_token": Member(kinds.TEXT, since=62, about="What lookup gave it."),
        "agent_verify_ca": Member(kinds.LONG_TEXT, since=68),
        "agent_status": Member(kinds.TEXT, since=72),
        "agent_status_message": Member(kinds.LONG_TEXT, since=72),
        "plan_protocol": Member(kinds.INTEGER, about="Ours: the agent executes whole plans."),
        "progress": Member(PROGRESS, about="Ours: how far its plan has come."),
    }
)


def lookup(call: Call) -> Any:
    """The node that a machine is, by its MAC addresses or its uuid.

    :raises NotFound: there is none that waits for its ramdisk.
    """
    macs = [normal_mac(text) for text in kinds.NAMES.check(call.query.get("addresses", ""))]
    if None in macs:
        raise InvalidInput("addresses must be MAC addresses, separated by commas.")
    uuid = call.query.get("node_uuid")
    if not macs and uuid is None:
        raise InvalidInput("At least one of 'addresses' and 'node_uuid' parameters is required")
    row = _row_of_machine(call, [mac for mac in macs if mac], uuid)
    return {
        "node": {
            "uuid": row["uuid"],
            "properties": row["properties"],
            "instance_info": row["instance_info"],
            "driver_internal_info": row["driver_internal_info"],
            "links": [{"href": f"{call.base}/v1/nodes/{row['uuid']}", "rel": "self"}],
        },
        "config": {
            "heartbeat_timeout": call.services.conf.conductor.agent_silence_timeout,
            "agent_token": _hand_out_token(call, row["uuid"]),
            "agent_token_required": True,
            "agent_md5_checksum_enable": False,
        },
    }


def _row_of_machine(call: Call, macs: Sequence[str], uuid: str | None) -> Mapping[str, Any]:
    store = call.services.nodes
    found = store.held_by_macs(macs) if uuid is None else {uuid.lower()}
    # One that several machines claim to be is nobody's.
    try:
        row = store.row(found.pop()) if len(found) == 1 else None
    except NotFound:
        row = None
    if row is None or row["operation_uuid"] is None:
        who = ", ".join(macs) if uuid is None else uuid
        raise NotFound("Node with these addresses that waits for its ramdisk", who)
    return row


def _hand_out_token(call: Call, uuid: str) -> str:
    """A token, once; six stars for everybody who asks after that."""
    token = secrets.token_urlsafe(32)
    with call.services.db.write() as tx:
        given = {"our_uuid": uuid, "agent_token": _digest(token)}
        return token if tx.execute(_GIVE_TOKEN, given).rowcount == 1 else MASK


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def heartbeat(call: Call) -> Answer:
    """Note that the agent lives; hand out its plan, or take its report.

    :raises Unauthenticated: it does not know its node's token.
    """
    body = HEARTBEAT.read(call)
    row = call.services.nodes.row(call.args["node"])
    _check_token(row, body.get("agent_token"))
    now = call.services.clock.now()
    noted = {"agent_url": body["callback_url"], "last_heartbeat_at": stamp(now)}
    operation = _operation_of(call, row)
    if "progress" in body:
        _report(call, row, operation, body["progress"], noted)
    else:
        call.services.nodes.note(row["uuid"], now, **noted)
    if "plan_protocol" not in body:
        return Answer(status=202)
    return Answer({"plan": _plan_of(call, operation)}, 202)


def _check_token(row: Mapping[str, Any], token: Any) -> None:
    if not isinstance(token, str) or not row["agent_token"]:
        raise Unauthenticated("An agent token is required. Look the node up first.")
    if not hmac.compare_digest(_digest(token), row["agent_token"]):
        raise Unauthenticated(f"The agent token does not belong to node {row['uuid']}.")


def _operation_of(call: Call, row: Mapping[str, Any]) -> Operation | None:
    if row["operation_uuid"] is None:
        return None
    found = call.services.operations.get(row["operation_uuid"])
    return found if found.state in op.OPEN else None


def _plan_of(call: Call, operation: Operation | None) -> Any:
    """The plan, until its outcome has been reported; agents carry out each plan once."""
    if operation is None or operation.signal is not None:
        return None
    sealed = operation.scratch.get("sealed_plan")
    return call.services.vault.unseal(sealed) if sealed else None


def _report(
    call: Call,
    row: Mapping[str, Any],
    operation: Operation | None,
    report: dict[str, Any],
    noted: Mapping[str, Any],
) -> None:
    """Take an agent's progress, and note that it lives; its last word resumes the operation.

    :raises Conflict: nobody waits for this plan any more.
    """
    if operation is None or report["plan"] != operation.scratch.get("plan"):
        raise Conflict(f"Node {row['uuid']} has no such plan (any more).")
    services = call.services
    if report["status"] == RUNNING:
        message = f"{report.get('step')}: {report.get('message') or ''}".strip(": ")
        deadline = services.clock.after(services.conf.conductor.agent_silence_timeout)
        services.operations.report_progress(
            operation,
            report.get("percent", 0),
            message[:1000],
            deadline,
            services.clock.now(),
            noted,
        )
        return
    services.submitter.signal(
        operation.uuid, operation.conductor_group, report, (row["uuid"], noted)
    )
