"""Operations, events, ports and the status."""

import json
import threading
import time

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.client.stand_in import StandIn


def _operation(api: StandIn, name: str = "n") -> str:
    node = api.add_node(name, "manageable")
    api.begin(node, "provide")
    uuid: str = node["operation"]["uuid"]
    return uuid


def test_an_operation_is_watched_to_its_end(api: StandIn, run: Run) -> None:
    watched = run("operation", "watch", _operation(api), "-f", "json")
    assert watched.code == 0
    assert json.loads(watched.out)["state"] == "succeeded"
    assert "provide: " in watched.err
    api.doomed.add("bad")
    watched = run("operation", "watch", _operation(api, "bad"))
    assert watched.code == 1
    assert "it broke" in watched.out


@pytest.mark.slow
def test_an_operation_is_watched_on_when_a_stream_has_ended(api: StandIn, run: Run) -> None:
    """Streams end after some minutes."""
    api.pause = 1

    def end() -> None:
        while not api.listeners():
            time.sleep(0.01)
        api.cut_streams()

    threading.Thread(target=end).start()
    watched = run("operation", "watch", _operation(api), "-f", "json")
    assert watched.code == 0
    assert json.loads(watched.out)["state"] == "succeeded"
    opened = [seen for seen in api.seen if seen.path.endswith("/events/stream")]
    assert len(opened) >= 2


def test_operations_are_listed_and_shown_with_their_steps(api: StandIn, run: Run) -> None:
    api.pause = 1
    uuid = _operation(api)
    assert uuid in run("operation", "list", "--state", "running").out
    assert "first: pending" in run("operation", "show", uuid).out
    assert run("operation", "cancel", uuid).out == f"{uuid}: is being cancelled\n"
    assert run("operation", "show", "nope").code == 1


def test_events_are_printed_as_they_happen(api: StandIn, run: Run) -> None:
    node = api.add_node("n", "manageable")
    api.move(node, "cleaning", "available")
    api.emit("operation.progress", {"node_uuid": "u", "kind": "provide", "percent": 5})

    def end() -> None:
        while not api.listeners():
            time.sleep(0.01)
        api.stream = False
        api.cut_streams()

    threading.Thread(target=end).start()
    watched = run("event", "watch", "--since", "0", "--type", "node")
    assert watched.out == "10:20:01 node.provision_state n manageable -> cleaning\n"
    assert watched.code == 1
    assert "no event stream" in watched.err


def test_a_port_belongs_to_a_node_by_name(api: StandIn, run: Run) -> None:
    node = api.add_node("n")
    made = run("port", "create", "52:54:00:00:00:01", "--node", "n", "--no-pxe", "-f", "json")
    port = json.loads(made.out)
    assert port["node_uuid"] == node["uuid"]
    assert port["pxe_enabled"] is False
    assert port["uuid"] in run("port", "list", "--node", node["uuid"]).out


def test_the_status_counts(api: StandIn, run: Run) -> None:
    api.pause = 1
    for name in ("a", "b", "c"):
        api.add_node(name, "active")
    api.add_node("d", "deploy failed", last_error="no disk")
    _operation(api, "e")
    shown = run("status", "-f", "json")
    status = json.loads(shown.out)
    assert status["nodes"] == 5
    assert status["by_state"] == {"active": 3, "deploy failed": 1, "cleaning": 1}
    assert status["failed"] == ["d: no disk"]
    assert status["running"] == ["e: provide: running"]
    assert "3 active, 1 cleaning, 1 deploy failed" in run("status").out


def test_a_service_without_operations_has_a_status_as_well(api: StandIn, run: Run) -> None:
    api.has_operations = False
    assert run("status", "-f", "yaml").code == 0


def test_an_autopsy_is_told_line_by_line_and_left_as_it_is_in_json(api: StandIn, run: Run) -> None:
    uuid = _operation(api)
    api.autopsies[uuid] = {
        "step": "check_power",
        "cause": "bmc-unreachable",
        "meaning": "The BMC did not answer.",
        "message": "check_power: BMC 192.0.2.1:623 did not answer for 5.0 s.",
        "at": "2026-01-01T10:20:01.000000+00:00",
        "evidence": {
            "bmc": [
                {
                    "at": "2026-01-01T10:20:00.500+00:00",
                    "command": "Get Chassis Status",
                    "outcome": "BMC 192.0.2.1:623 did not answer",
                    "times": 3,
                }
            ],
            "agent": {
                "heard_at": "2026-01-01T10:10:00+00:00",
                "heard_seconds_ago": 601,
                "reports": [
                    {"at": "2026-01-01T10:10:00+00:00", "percent": 40, "message": "written 1 MiB"}
                ],
                "last_word": {"status": "failed", "error": "no disk"},
            },
            "timings": {"queued": 0.01, "check_power": 5.02},
            "attempts": 1,
            "conductor": "host-1",
        },
        "next": ["baremetal node power show n", "baremetal node manage n"],
    }
    told = run("operation", "autopsy", uuid).out
    for words in (
        "bmc-unreachable: The BMC did not answer.",
        "10:20:00 Get Chassis Status (3 times): BMC 192.0.2.1:623 did not answer",
        "last heard 601 s before the end",
        "10:10:00 40 %: written 1 MiB",
        "its last word: status failed, error no disk",
        "check_power: 5.0",
        "baremetal node power show n",
    ):
        assert words in told
    assert json.loads(run("operation", "autopsy", uuid, "-f", "json").out) == api.autopsies[uuid]
