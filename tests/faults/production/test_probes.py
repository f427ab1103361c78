"""What several processes on one port say of themselves."""

import json
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from devstack.stack import Stack
from tests.support.asking import ask, wait_until

pytestmark = pytest.mark.slow

_ASKED = 40


def _get(stack: Stack, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(stack.root_url + path, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _refusals_counted(stack: Stack) -> float:
    for family in text_string_to_metric_families(_get(stack, "/metrics")[1]):
        for sample in family.samples:
            asked_for = sample.labels.get("route"), sample.labels.get("status")
            if sample.name.endswith("request_seconds_count") and asked_for == (
                "/v1/nodes/{node}",
                "404",
            ):
                return sample.value
    return 0.0


def test_whichever_process_is_asked_tells_what_all_have_counted(plane: Stack) -> None:
    before = wait_until(lambda: _agreed(plane) or None)
    for _ in range(_ASKED):
        assert ask(plane, "GET", "nodes/nobody")[0] == 404
    assert wait_until(lambda: _agreed(plane) == [before[0] + _ASKED])


def _agreed(plane: Stack) -> list[float]:
    """The one count that many answers, of all processes, have in common; else none."""
    counts = {_refusals_counted(plane) for _ in range(8)}
    return list(counts) if len(counts) == 1 else []


def test_a_plane_without_its_database_is_alive_and_not_ready(plane: Stack) -> None:
    wait_until(lambda: _get(plane, "/readyz") == (200, '{"ready":true,"missing":{}}'))
    plane.postgres.stop()
    assert _get(plane, "/healthz") == (200, '{"alive":true}')
    # An answer is remembered for a second.
    status, text = wait_until(lambda: (found := _get(plane, "/readyz"))[0] == 503 and found)
    assert status == 503
    assert "database" in json.loads(text)["missing"]
    assert "baremetal_database_up 0.0" in _get(plane, "/metrics")[1]
    plane.postgres.start()
    wait_until(lambda: _get(plane, "/readyz")[0] == 200, 60)
