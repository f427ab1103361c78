"""Notifications through a real broker, which goes away and comes back."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo

# isort: split
import oslo_messaging

from baremetal.rpc.transport import make_transport
from devstack.rabbitmq import RabbitServer
from tests.support.asking import asked, provision
from tests.support.configuration import fresh_configuration
from tests.support.plane import PlaneProcess

pytestmark = pytest.mark.slow


class _Listener:
    """A consumer of the field, as a billing system would be."""

    def __init__(self, url: str, tmp_path: Path) -> None:
        conf = fresh_configuration(tmp_path)
        make_transport(conf, "inproc://").cleanup()
        transport = oslo_messaging.get_notification_transport(conf, url)
        self.heard: list[str] = []
        self._arrived = threading.Condition()
        target = oslo_messaging.Target(topic="notifications")
        self._server = oslo_messaging.get_notification_listener(
            transport, [target], [self], executor="threading"
        )
        self._server.start()

    def info(self, _context: Any, _publisher: str, kind: str, _payload: Any, _meta: Any) -> None:
        with self._arrived:
            self.heard.append(kind)
            self._arrived.notify_all()

    def wait_for(self, kind: str) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: kind in self.heard, 120), self.heard

    def stop(self) -> None:
        self._server.stop()
        self._server.wait()


@pytest.fixture
def listener(rabbit: RabbitServer, tmp_path: Path) -> Iterator[_Listener]:
    made = _Listener(rabbit.url, tmp_path)
    yield made
    made.stop()


def test_what_happens_while_the_broker_is_away_is_told_when_it_is_back(
    rabbit: RabbitServer, listener: _Listener, tmp_path: Path
) -> None:
    options = (
        f"[oslo_messaging_notifications]\ndriver = messagingv2\ntransport_url = {rabbit.url}\n"
    )
    with PlaneProcess(tmp_path / "state", options=options) as plane:
        asked(plane, "POST", "nodes", {"driver": "fake-hardware", "name": "n"})
        listener.wait_for("baremetal.node.create.end")
        rabbit.stop()
        provision(plane, "n", "manage")
        provision(plane, "n", "provide")
        rabbit.start()
        listener.wait_for("baremetal.operation.provide.success")
        listener.wait_for("baremetal.operation.verify.success")
