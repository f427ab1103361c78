"""The bus is only a doorbell: a plane that starts without its broker works."""

from pathlib import Path

import pytest

from devstack.ports import free_port
from tests.support.asking import ask, asked, provision
from tests.support.plane import PlaneProcess

pytestmark = pytest.mark.slow


def test_work_is_done_without_a_broker_and_questions_are_refused_in_time(tmp_path: Path) -> None:
    options = f"[DEFAULT]\ntransport_url = rabbit://somebody:hunter2@127.0.0.1:{free_port()}/\n"
    with PlaneProcess(tmp_path / "state", options=options) as plane:
        asked(plane, "POST", "nodes", {"driver": "fake-hardware", "name": "n"})
        for verb in ("manage", "provide", "active"):
            provision(plane, "n", verb)
        assert asked(plane, "GET", "nodes/n")["provision_state"] == "active"
        for _ in range(2):
            status, body = ask(plane, "GET", "nodes/n/validate")
            assert status == 503, body
            assert "hunter2" not in str(body)
        assert "hunter2" not in plane.log(10_000)
