"""Every verb in every state: what the field's state machine allows starts, all else is refused."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.support.api import Api
from tests.support.plane import PlaneProcess

#: state -> {verb: the operation that it starts, or the state that it leads to at once}.
#: Written down by hand after the Bare Metal API's documentation, not taken from our tables.
LEGAL: dict[str, dict[str, str]] = {
    "enroll": {"manage": "verify"},
    "verifying": {},
    "manageable": {
        "provide": "provide",
        "inspect": "inspect",
        "clean": "clean",
        "adopt": "adopt",
    },
    "inspecting": {},
    "inspect wait": {},
    "inspect failed": {"manage": "= manageable", "inspect": "inspect"},
    "cleaning": {},
    "clean wait": {},
    "clean hold": {},
    "clean failed": {"manage": "= manageable"},
    "available": {"active": "deploy", "deploy": "deploy", "manage": "= manageable"},
    "deploying": {},
    "wait call-back": {"deleted": "undeploy", "undeploy": "undeploy"},
    "deploy hold": {"deleted": "undeploy", "undeploy": "undeploy"},
    "deploy failed": {
        "active": "deploy",
        "deploy": "deploy",
        "rebuild": "rebuild",
        "deleted": "undeploy",
        "undeploy": "undeploy",
    },
    "active": {
        "rebuild": "rebuild",
        "deleted": "undeploy",
        "undeploy": "undeploy",
        "rescue": "rescue",
        "service": "service",
    },
    "deleting": {},
    "error": {"rebuild": "rebuild", "deleted": "undeploy", "undeploy": "undeploy"},
    "adopting": {},
    "adopt failed": {"manage": "= manageable", "adopt": "adopt"},
    "rescuing": {},
    "rescue wait": {"deleted": "undeploy", "undeploy": "undeploy"},
    "rescue": {
        "rescue": "rescue",
        "unrescue": "unrescue",
        "deleted": "undeploy",
        "undeploy": "undeploy",
    },
    "rescue failed": {
        "rescue": "rescue",
        "unrescue": "unrescue",
        "deleted": "undeploy",
        "undeploy": "undeploy",
    },
    "unrescuing": {},
    "unrescue failed": {
        "rescue": "rescue",
        "unrescue": "unrescue",
        "deleted": "undeploy",
        "undeploy": "undeploy",
    },
    "servicing": {},
    "service wait": {"deleted": "undeploy", "undeploy": "undeploy"},
    "service hold": {},
    "service failed": {
        "abort": "= active",
        "rescue": "rescue",
        "service": "service",
        "deleted": "undeploy",
        "undeploy": "undeploy",
    },
}

_STEP = {"interface": "deploy", "step": "erase_devices_metadata"}
#: What a verb needs beside its name.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "clean": {"clean_steps": [_STEP]},
    "rescue": {"rescue_password": "hunter2"},
    "service": {"service_steps": [_STEP]},
}
VERBS: tuple[str, ...] = (
    "manage",
    "provide",
    "inspect",
    "clean",
    "active",
    "deploy",
    "rebuild",
    "deleted",
)
VERBS += ("undeploy", "adopt", "rescue", "unrescue", "abort", "unhold", "service")


class Puppet:
    """A node that can be put into any state, whatever the tables say."""

    def __init__(self, plane: PlaneProcess) -> None:
        self.api = Api(plane)
        self._database = plane.state_dir / "baremetal.sqlite"
        self.api.do("POST", "/v1/nodes", {"driver": "fake-hardware", "name": "puppet"})

    def put_in(self, state: str) -> None:
        """Write the state, as if the node had come there."""
        sql = "UPDATE nodes SET provision_state = ?, version = version + 1 WHERE name = 'puppet'"
        with closing(sqlite3.connect(self._database, timeout=10)) as connection, connection:
            connection.execute(sql, (state,))

    def tell(self, verb: str) -> tuple[int, Any]:
        """(status, document) of asking for the verb."""
        body = {"target": verb, **ARGUMENTS.get(verb, {})}
        return self.api.ask("PUT", "/v1/nodes/puppet/states/provision", body)

    def last_operation(self) -> str | None:
        """The kind of the newest operation."""
        path = "/v1/operations?node=puppet&limit=1&sort_dir=desc"
        found = self.api.get(path)["operations"]
        return found[0]["kind"] if found else None


@pytest.fixture(scope="module")
def puppet(plane: PlaneProcess) -> Iterator[Puppet]:
    made = Puppet(plane)
    yield made
    made.put_in("enroll")
    made.api.do("DELETE", "/v1/nodes/puppet")


def test_the_table_knows_every_state(puppet: Puppet) -> None:
    for state in LEGAL:
        puppet.api.get(f"/v1/nodes?provision_state={state}&limit=1")
    answer = puppet.api.ask("GET", "/v1/nodes?provision_state=nosuch")
    assert answer[0] == 400


@pytest.mark.parametrize("state", LEGAL)
def test_what_is_not_legal_is_refused(puppet: Puppet, state: str) -> None:
    puppet.put_in(state)
    for verb in VERBS:
        # What ends a hold is a matter of its operation, and there is none here.
        if verb in LEGAL[state] or (verb == "unhold" and state.endswith(" hold")):
            continue
        status, document = puppet.tell(verb)
        assert status == 400, (state, verb, status, document)
        fault = json.loads(document["error_message"])["faultstring"]
        assert fault.endswith(f'while it is in state "{state}".'), fault
    assert puppet.api.get("/v1/nodes/puppet")["provision_state"] == state


@pytest.mark.parametrize(
    ("state", "verb"), [(state, verb) for state, verbs in LEGAL.items() for verb in verbs]
)
def test_what_is_legal_starts(puppet: Puppet, state: str, verb: str) -> None:
    puppet.put_in(state)
    status, document = puppet.tell(verb)
    assert status == 202, document
    outcome = LEGAL[state][verb]
    if outcome.startswith("= "):
        assert puppet.api.get("/v1/nodes/puppet")["provision_state"] == outcome[2:]
    else:
        assert puppet.last_operation() == outcome
        assert puppet.api.settled("puppet")["last_error"] is None
