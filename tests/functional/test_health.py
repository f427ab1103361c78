"""``/metrics``, ``/healthz`` and ``/readyz``, of the plane and of a conductor alone."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from baremetal.health.metrics import METRICS
from devstack.ports import free_port
from tests.support.asking import ask, asked, provision, settled, wait_until
from tests.support.plane import PlaneProcess

BROKEN = {"ipmi_address": "127.0.0.1", "ipmi_port": 9, "ipmi_password": "hunter2"}


def get(url: str) -> tuple[int, str]:
    """(status, body) of a request without credentials."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(root: str) -> Samples:
    """(name, labels) -> value of all that ``/metrics`` tells."""
    status, text = get(f"{root}/metrics")
    assert status == 200, text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((f"baremetal_{name}", tuple(sorted(labels.items()))))


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaneProcess]:
    port = free_port()
    options = f"[conductor]\npower_sync_interval = 1\nmetrics_port = {port}\n"
    made = PlaneProcess(tmp_path_factory.mktemp("health") / "state", options=options)
    made.health = f"http://127.0.0.1:{port}"  # type: ignore[attr-defined]
    with made:
        yield made


def test_a_plane_that_works_is_alive_and_ready(plane: PlaneProcess) -> None:
    for root in (plane.root_url, plane.health):  # type: ignore[attr-defined]
        assert get(f"{root}/healthz") == (200, '{"alive":true}')
        assert get(f"{root}/readyz") == (200, '{"ready":true,"missing":{}}')


def grown(before: Samples, after: Samples, name: str, **labels: str) -> float:
    """By how much a value differs; what is not told counts as none."""
    return (value(after, name, **labels) or 0) - (value(before, name, **labels) or 0)


def test_nodes_operations_and_conductors_are_counted(plane: PlaneProcess) -> None:
    before = samples(plane.root_url)
    for driver in ("fake-hardware", "ipmi"):
        asked(plane, "POST", "nodes", {"driver": driver, "name": f"counted-{driver}"})
        provision(plane, f"counted-{driver}", "manage")
    after = samples(plane.root_url)
    verified = {"kind": "verify", "outcome": "succeeded", "cause": ""}
    assert grown(before, after, "operations_ended_total", **verified) == 1
    failed = {"kind": "verify", "outcome": "failed", "cause": "configuration"}
    assert grown(before, after, "operations_ended_total", **failed) == 1
    assert grown(before, after, "nodes", provision_state="manageable") == 1
    assert grown(before, after, "nodes", provision_state="enroll") == 1
    assert value(after, "conductors", state="alive") == 1
    assert value(after, "operations_oldest_seconds", state="queued") == 0
    assert value(after, "database_up") == 1
    assert ("process_resident_memory_bytes", ()) in after


def test_an_operation_that_waits_is_seen_with_its_age(plane: PlaneProcess) -> None:
    asked(plane, "POST", "nodes", {"driver": "fake-hardware", "name": "held"})
    provision(plane, "held", "manage")
    steps = [{"interface": "deploy", "step": "hold"}]
    asked(plane, "PUT", "nodes/held/states/provision", {"target": "clean", "clean_steps": steps})

    def held() -> Samples | None:
        found = samples(plane.root_url)
        return found if value(found, "operations", kind="clean", state="waiting") else None

    found = wait_until(held)
    first = value(found, "operations_oldest_seconds", state="waiting") or 0.0
    assert first >= 0
    later = wait_until(
        lambda: (
            (value(samples(plane.root_url), "operations_oldest_seconds", state="waiting") or 0)
            > first
        )
    )
    assert later
    asked(plane, "PUT", "nodes/held/states/provision", {"target": "unhold"})
    settled(plane, "held")
    assert value(samples(plane.root_url), "operations", kind="clean", state="waiting") is None


def test_requests_are_timed_by_route_and_status(plane: PlaneProcess) -> None:
    name = "http_request_seconds_count"
    route = {"method": "GET", "route": "/v1/nodes/{node}"}
    before = samples(plane.root_url)
    for _ in range(3):
        assert ask(plane, "GET", "nodes/jane-doe")[0] == 404
    ask(plane, "GET", "no/such/path")
    after = samples(plane.root_url)
    assert grown(before, after, name, **route, status="404") == 3
    assert grown(before, after, name, method="-", route="-", status="404") == 1
    most = {**route, "status": "404", "le": "+Inf"}
    assert grown(before, after, "http_request_seconds_bucket", **most) == 3
    assert "jane-doe" not in get(f"{plane.root_url}/metrics")[1]


def test_questions_to_conductors_are_timed(plane: PlaneProcess) -> None:
    asked(plane, "POST", "nodes", {"driver": "fake-hardware", "name": "asked"})
    before = samples(plane.root_url)
    asked(plane, "GET", "nodes/asked/validate")
    after = samples(plane.root_url)
    answered = {"method": "validate", "outcome": "answered"}
    assert grown(before, after, "rpc_seconds_count", **answered) == 1


def test_event_streams_are_counted_while_they_are_open(plane: PlaneProcess) -> None:
    assert value(samples(plane.root_url), "event_streams") == 0
    with urllib.request.urlopen(f"{plane.url}/v1/events/stream", timeout=30) as stream:
        assert stream.readline().startswith(b":")
        assert value(samples(plane.root_url), "event_streams") == 1


def test_power_sweeps_tell_how_long_they_took_and_what_failed(plane: PlaneProcess) -> None:
    body = {"driver": "ipmi", "name": "silent", "driver_info": BROKEN}
    # Older versions enrol nodes as available, so that the sweep asks for them at once.
    headers = {"Content-Type": "application/json", "X-OpenStack-Ironic-API-Version": "1.10"}
    raw = json.dumps(body).encode()
    request = urllib.request.Request(f"{plane.url}/v1/nodes", raw, headers)
    urllib.request.urlopen(request, timeout=30).close()

    def failed() -> Samples | None:
        found = samples(plane.root_url)
        # A failure is counted as it is met, a sweep when it is over.
        unread = value(found, "power_sweep_failures_total", cause="bmc-unreachable")
        return found if unread and value(found, "power_sweep_nodes") else None

    found = wait_until(failed)
    assert (value(found, "power_sweeps_total") or 0) >= 1
    assert (value(found, "power_sweep_seconds") or 0) > 0
    assert (value(found, "bmc_failures_total", cause="bmc-unreachable") or 0) >= 1
    assert (value(found, "bmc_commands_total") or 0) >= 1
    text = get(f"{plane.root_url}/metrics")[1]
    assert "hunter2" not in text


def test_a_conductor_tells_the_same_on_a_port_of_its_own(plane: PlaneProcess) -> None:
    root: str = plane.health  # type: ignore[attr-defined]
    assert value(samples(root), "conductors", state="alive") == 1
    assert get(f"{root}/v1/nodes")[0] == 404
    request = urllib.request.Request(f"{root}/metrics", b"x", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code == 405


def test_every_metric_is_told(plane: PlaneProcess) -> None:
    text = get(f"{plane.root_url}/metrics")[1]
    told = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    assert {name for name in METRICS if not {name, f"{name}_total"} & told} == set()


def test_no_credentials_are_asked_for_and_metrics_can_be_switched_off(tmp_path: Path) -> None:
    options = "[api]\nmetrics = false\n"
    with PlaneProcess(tmp_path / "state", auth="basic", options=options) as plane:
        assert get(f"{plane.root_url}/healthz")[0] == 200
        assert get(f"{plane.root_url}/readyz")[0] == 200
        assert get(f"{plane.url}/v1/nodes")[0] == 401
        assert get(f"{plane.root_url}/metrics")[0] == 404
