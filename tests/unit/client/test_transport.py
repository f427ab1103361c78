import logging

import pytest

from baremetal.client import Client, connect, errors
from baremetal.client.transport import VERSION_HEADER, Transport
from tests.unit.client.stand_in import Canned, StandIn


@pytest.fixture
def pauses(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the transport would have slept."""
    slept: list[float] = []
    monkeypatch.setattr(client.transport, "_sleep", slept.append)
    return slept


def test_a_newer_version_than_the_servers_is_not_insisted_on() -> None:
    api = StandIn(newest=58)
    client = connect(endpoint=api.root)
    list(client.nodes.list())
    list(client.nodes.list())
    assert [seen.headers[VERSION_HEADER] for seen in api.seen] == ["1.90", "1.58", "1.58"]
    assert client.transport.version == "1.58"
    api.stop()


def test_the_root_may_be_given_with_its_version(api: StandIn) -> None:
    client = connect(endpoint=api.root + "/v1/")
    assert list(client.nodes.list()) == []


def test_busy_is_waited_out_as_long_as_the_server_says(
    api: StandIn, client: Client, pauses: list[float]
) -> None:
    node = api.add_node("n", "manageable")
    api.failures += [Canned(503, headers={"Retry-After": "7"})] * 2
    client.nodes.provision("n", "provide")
    assert pauses == [7, 7]
    assert node["provision_state"] == "cleaning"


def test_busy_is_not_waited_out_for_ever(api: StandIn, client: Client, pauses: list[float]) -> None:
    api.failures += [Canned(503, headers={"Retry-After": "15"})] * 50
    with pytest.raises(errors.Busy):
        list(client.nodes.list())
    assert sum(pauses) == 60


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "3600"}, {"Retry-After": "soon"}])
def test_busy_without_a_reasonable_hint_is_told_at_once(
    api: StandIn, client: Client, pauses: list[float], headers: dict[str, str]
) -> None:
    api.failures.append(Canned(503, headers=headers))
    with pytest.raises(errors.Busy):
        list(client.nodes.list())
    assert not pauses


def test_a_get_is_repeated_after_a_lost_connection(
    api: StandIn, client: Client, pauses: list[float]
) -> None:
    api.failures += [Canned(0, hang_up=True)] * 2
    assert list(client.nodes.list()) == []
    assert len(pauses) == 2


def test_a_change_is_not_repeated_after_a_lost_connection(
    api: StandIn, client: Client, pauses: list[float]
) -> None:
    api.failures.append(Canned(0, hang_up=True))
    with pytest.raises(errors.Unreachable, match="closed the connection"):
        client.nodes.create({"driver": "fake-hardware", "name": "n"})
    assert len(api.seen) == 1
    assert not pauses


def test_nobody_there_is_told_by_address_and_reason(api: StandIn, client: Client) -> None:
    api.stop()
    with pytest.raises(errors.Unreachable, match=f"{api.root}: connection refused"):
        list(client.nodes.list())


def test_pages_are_fetched_as_they_are_needed(api: StandIn, client: Client) -> None:
    names = [api.add_node(f"n{number}")["name"] for number in range(7)]
    api.page = 3
    nodes = client.nodes.list(provision_state="enroll")
    assert next(nodes)["name"] == "n0"
    assert len(api.seen) == 1
    assert [node["name"] for node in nodes] == names[1:]
    # The server's links name a host that only it can see; its filters are kept.
    assert [seen.path for seen in api.seen] == ["/baremetal/v1/nodes"] * 3
    assert all(seen.query["provision_state"] == "enroll" for seen in api.seen)


def test_names_are_quoted_in_paths(api: StandIn, client: Client) -> None:
    with pytest.raises(errors.NotFound):
        client.nodes.get("a/../b?c")
    assert api.seen[0].path == "/baremetal/v1/nodes/a%2F..%2Fb%3Fc"


def test_no_secret_is_logged(
    api: StandIn, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = {"driver": "fake-hardware", "name": "n", "driver_info": {"ipmi_password": "hush"}}
    client.nodes.create(secret)
    assert "POST" in caplog.text
    assert "hush" not in caplog.text


def test_booleans_go_into_queries_as_the_api_writes_them(api: StandIn, client: Client) -> None:
    list(client.nodes.list(maintenance=False, owner=None))
    assert api.seen[0].query == {"maintenance": "false"}


def test_the_transport_can_be_had_alone(api: StandIn, client: Client) -> None:
    other = Transport(client.transport._session, api.root)
    assert other.request("GET", "/v1/nodes") == {"nodes": []}
