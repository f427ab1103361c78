import threading
import time

import pytest

from baremetal.client import Client, errors, watching
from baremetal.client.events import Event, EventFeed
from baremetal.client.transport import Resource
from baremetal.client.waiting import has_power, reaches, settles_in, wait_for_nodes
from baremetal.client.watching import is_over, merge_into_node
from tests.unit.client.stand_in import StandIn


@pytest.fixture(params=[True, False], ids=["by stream", "by looking"])
def any_api(
    request: pytest.FixtureRequest, api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> StandIn:
    api.stream = request.param
    monkeypatch.setattr(watching, "_LOOK_WHEN_POLLING", 0.05)
    return api


def test_a_node_is_waited_for(any_api: StandIn, client: Client) -> None:
    any_api.add_node("n", "manageable")
    client.nodes.provision("n", "provide")
    assert client.nodes.wait_for("n", "available", timeout=5)["provision_state"] == "available"


def test_what_will_never_be_is_not_waited_for(any_api: StandIn, client: Client) -> None:
    any_api.add_node("n", "manageable")
    any_api.doomed.add("n")
    client.nodes.provision("n", "provide")
    with pytest.raises(errors.EndedBadly, match="n: ended in 'clean failed': it broke"):
        client.nodes.wait_for("n", "available", timeout=5)


def test_a_wait_has_an_end(any_api: StandIn, client: Client) -> None:
    any_api.add_node("n", "manageable")
    with pytest.raises(errors.WaitTimeout, match=r"still 'manageable' after 0\.1 s"):
        client.nodes.wait_for("n", "available", timeout=0.1)


def test_a_deleted_node_ends_the_wait(any_api: StandIn, client: Client) -> None:
    node = any_api.add_node("n", "manageable")
    threading.Timer(0.1, any_api.nodes.clear).start()
    threading.Timer(0.2, any_api.cut_streams).start()
    with pytest.raises(errors.EndedBadly, match="could not be found"):
        client.nodes.wait_for(node["uuid"], "available", timeout=5)


def test_a_restart_of_the_service_does_not_end_the_wait(any_api: StandIn, client: Client) -> None:
    node = any_api.add_node("n", "cleaning")

    def restart() -> None:
        any_api.stop()
        any_api.move(node, "available", None)
        time.sleep(0.3)
        any_api.start()

    threading.Timer(0.1, restart).start()
    assert client.nodes.wait_for("n", "available", timeout=10)["provision_state"] == "available"


def test_many_are_waited_for_by_one_stream(api: StandIn, client: Client) -> None:
    nodes = [api.add_node(f"n{number}", "manageable") for number in range(10)]
    api.doomed.add("n3")
    api.pause = 0.1
    told: list[tuple[str, str | None]] = []

    def notify(node: Resource | None) -> None:
        if node is not None:
            told.append((node["name"], (node["operation"] or {}).get("step")))

    with EventFeed(client.events) as feed:
        watcher = client.nodes.watcher(feed, [node["uuid"] for node in nodes])
        while not feed.live:
            time.sleep(0.005)
        api.seen.clear()
        for node in nodes:
            api.begin(node, "provide")
        ending = settles_in({"available"})
        outcomes = wait_for_nodes(watcher, ending, timeout=10, notify=notify)
    assert [node["name"] for node in nodes if not outcomes[node["uuid"]].ok] == ["n3"]
    assert {("n0", "first"), ("n0", "second"), ("n0", None)} <= set(told)
    gets = [seen for seen in api.seen if seen.method == "GET"]
    assert len(gets) < 30  # the stream told, nobody had to look all the time


def test_an_operation_is_watched_to_its_end(any_api: StandIn, client: Client) -> None:
    node = any_api.add_node("n", "manageable")
    any_api.begin(node, "provide")
    uuid = next(iter(any_api.operations))
    percents, last = [], None
    with EventFeed(client.events) as feed:
        watcher = client.operation_watcher(feed, uuid)
        for operation in watcher.changes():
            if operation is not None:
                percents.append(operation["progress"]["percent"])
                last = operation
                if is_over(operation):
                    watcher.forget(uuid)
    assert last is not None
    assert last["state"] == "succeeded"
    assert percents == sorted(percents)


@pytest.mark.parametrize(
    ("node", "verdict"),
    [
        ({"provision_state": "available"}, True),
        ({"provision_state": "available", "operation": {"uuid": "1"}}, None),
        ({"provision_state": "cleaning"}, None),
        ({"provision_state": "manageable"}, False),
        ({"provision_state": "clean hold", "operation": {"uuid": "1"}}, False),
        ({"provision_state": "clean failed"}, False),
    ],
)
def test_a_node_settles_when_nothing_holds_it(node: Resource, verdict: bool | None) -> None:
    assert settles_in({"available"})(node) is verdict


def test_only_failure_ends_a_wait_for_a_state_early() -> None:
    assert reaches("active")({"provision_state": "available"}) is None
    assert reaches("active")({"provision_state": "active"}) is True
    assert reaches("active")({"provision_state": "deploy failed"}) is False
    assert reaches("deploy failed")({"provision_state": "deploy failed"}) is True


@pytest.mark.parametrize(
    ("node", "verdict"),
    [
        ({"power_state": "power on"}, True),
        ({"power_state": "power on", "target_power_state": "power on"}, None),
        ({"power_state": "power on", "operation": {"uuid": "1"}}, None),
        ({"power_state": "power off"}, None),
        ({"power_state": "power off", "last_error": "BMC is silent"}, False),
    ],
)
def test_power_is_there_when_no_change_is_under_way(node: Resource, verdict: bool | None) -> None:
    assert has_power("power on")(node) is verdict


def _node() -> Resource:
    operation = {"uuid": "op", "kind": "deploy", "state": "running", "step": "a"}
    return {"uuid": "u", "provision_state": "deploying", "operation": operation}


def _event(kind: str, **data: object) -> Event:
    return Event("1", kind, {"node_uuid": "u", **data})


def test_an_event_brings_a_node_up_to_date() -> None:
    node = _node()
    progress = {"step": "b", "percent": 50, "message": "half"}
    assert merge_into_node(node, _event("operation.progress", operation_uuid="op", **progress))
    assert node["operation"]["step"] == "b"
    assert node["operation"]["progress"] == {"percent": 50, "message": "half"}
    moved = {"from": "deploying", "to": "deploy failed", "target": "active", "error": "no disk"}
    assert merge_into_node(node, _event("node.provision_state", **moved))
    assert (node["provision_state"], node["last_error"]) == ("deploy failed", "no disk")
    ended = {"state": "failed", "step": "b"}
    assert merge_into_node(node, _event("operation.state", operation_uuid="op", **ended))
    assert node["operation"] is None


@pytest.mark.parametrize(
    "event",
    [
        _event("node.provision_state", **{"from": "available", "to": "deploying"}),
        _event("operation.progress", operation_uuid="other", step="", percent=1, message=""),
        _event("operation.state", operation_uuid="other", state="running"),
        _event("node.power_state", **{"from": "power off", "to": "power on"}),
    ],
)
def test_an_event_that_does_not_fit_makes_one_look(event: Event) -> None:
    assert not merge_into_node(_node(), event)


def test_the_end_of_an_older_operation_is_nothing_new() -> None:
    node = _node()
    assert merge_into_node(node, _event("operation.state", operation_uuid="old", state="failed"))
    assert node == _node()
