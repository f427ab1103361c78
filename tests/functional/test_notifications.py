"""Notifications: nothing is lost, whatever breaks between the event and the broker."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oslo_config import cfg

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo

# isort: split
import oslo_messaging

from baremetal.conductor.notify import Outbox
from baremetal.db.database import Database
from baremetal.db.events import EventLog
from baremetal.db.outbox import OutboxStore
from baremetal.domain.errors import Unavailable
from baremetal.rpc.notifications import NotificationSender, wanted
from baremetal.rpc.transport import make_transport
from tests.support.asking import asked, provision, wait_until
from tests.support.clock import ManualClock
from tests.support.configuration import fresh_configuration
from tests.support.databases import *  # noqa: F403
from tests.support.house import House
from tests.support.plane import PlaneProcess

_SECTION = "oslo_messaging_notifications"


class Broker:
    """Takes what it gets, but for when it is broken."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, Any]]] = []
        #: It takes so many more; None: all.
        self.room: int | None = None

    def send(self, event_type: str, priority: str, payload: dict[str, Any]) -> None:
        if self.room == 0:
            raise Unavailable("The broker is away.")
        self.room = None if self.room is None else self.room - 1
        self.got.append((event_type, priority, payload))

    @property
    def numbers(self) -> list[int]:
        return [payload["event_id"] for _, _, payload in self.got]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def house(database: Database, clock: ManualClock, tmp_path: Path) -> House:
    return House(database, tmp_path, clock)


def _outbox(house: House, broker: Broker, host: str = "a") -> Outbox:
    events = EventLog(house.db)
    return Outbox(OutboxStore(house.db), events, broker.send, house.clock, host)


def _live(house: House, name: str) -> None:
    house.enrol(name)
    for verb in ("manage", "provide", "active"):
        house.provision(name, verb)
        house.work()


def _numbers(house: House, after: int = 0) -> list[int]:
    return [event["id"] for event in EventLog(house.db).after(after, limit=10_000)]


def test_a_machines_life_is_told_in_order(house: House) -> None:
    broker = Broker()
    outbox = _outbox(house, broker)
    outbox.begin()
    _live(house, "n")
    assert outbox.deliver() == len(_numbers(house))
    assert [word for word, _, _ in broker.got if ".provision_set." in word] == [
        "baremetal.node.provision_set.start",
        "baremetal.node.provision_set.success",
        "baremetal.node.provision_set.start",
        "baremetal.node.provision_set.success",
        "baremetal.node.provision_set.start",
        "baremetal.node.provision_set.success",
    ]
    words = [word for word, _, _ in broker.got]
    assert words[0] == "baremetal.node.create.end"
    assert "baremetal.operation.deploy.success" in words
    assert broker.numbers == sorted(broker.numbers)
    assert all(payload["name"] == "n" for _, _, payload in broker.got)
    assert outbox.deliver() == 0


def test_what_happened_before_anybody_wanted_it_is_not_told(house: House) -> None:
    house.enrol("before")
    broker = Broker()
    outbox = _outbox(house, broker)
    outbox.begin()
    house.enrol("after")
    outbox.begin()
    outbox.deliver()
    assert [payload["name"] for _, _, payload in broker.got] == ["after"]


def test_a_broker_that_is_away_loses_nothing(house: House) -> None:
    broker = Broker()
    outbox = _outbox(house, broker)
    outbox.begin()
    for number in range(12):
        _live(house, f"n{number}")
    wanted_numbers = _numbers(house)
    assert len(wanted_numbers) > 100
    for room in (0, 3, 0, 61, 1):
        broker.room = room
        outbox.deliver()
    broker.room = None
    outbox = _outbox(house, broker)  # another life of the conductor
    outbox.deliver()
    assert broker.numbers == wanted_numbers


def test_one_conductor_delivers_until_it_is_heard_of_no_more(
    house: House, clock: ManualClock
) -> None:
    brokers = [Broker(), Broker()]
    first, second = (
        _outbox(house, broker, host) for broker, host in zip(brokers, "ab", strict=True)
    )
    first.begin()
    second.begin()
    house.enrol("n1")
    assert (first.deliver(), second.deliver()) == (1, 0)
    house.enrol("n2")
    assert (second.deliver(), first.deliver()) == (0, 1)
    house.enrol("n3")
    clock.pass_time(31)
    assert (second.deliver(), first.deliver()) == (1, 0)
    assert brokers[0].numbers + brokers[1].numbers == _numbers(house)


def test_whoever_was_taken_over_while_it_sent_says_nothing_of_how_far_it_came(
    house: House, clock: ManualClock
) -> None:
    """Both tell the same, which is allowed; but none is skipped."""
    other = Broker()

    class Slow(Broker):
        def send(self, event_type: str, priority: str, payload: dict[str, Any]) -> None:
            super().send(event_type, priority, payload)
            clock.pass_time(31)
            _outbox(house, other, "b").deliver()

    slow = Slow()
    outbox = _outbox(house, slow)
    outbox.begin()
    house.enrol("n1")
    assert outbox.deliver() == 0
    house.enrol("n2")
    clock.pass_time(31)
    _outbox(house, other, "b").deliver()
    assert other.numbers == _numbers(house)


# -- oslo.messaging ------------------------------------------------------------


@pytest.fixture
def conf(tmp_path: Path) -> cfg.ConfigOpts:
    made = fresh_configuration(tmp_path)
    make_transport(made, "inproc://").cleanup()
    assert not wanted(made), "off by default"
    return made


class _Listener:
    """A real one; it keeps what it hears."""

    def __init__(self, transport: Any) -> None:
        self.heard: list[tuple[str, str, str, dict[str, Any]]] = []
        self._arrived = threading.Condition()
        target = oslo_messaging.Target(topic="notifications")
        self._server = oslo_messaging.get_notification_listener(
            transport, [target], [self], executor="threading"
        )
        self._server.start()

    def info(self, _context: Any, publisher: str, kind: str, payload: Any, _meta: Any) -> None:
        self._keep("info", publisher, kind, payload)

    def error(self, _context: Any, publisher: str, kind: str, payload: Any, _meta: Any) -> None:
        self._keep("error", publisher, kind, payload)

    def _keep(self, *what: Any) -> None:
        with self._arrived:
            self.heard.append(what)
            self._arrived.notify_all()

    def wait_for(self, count: int) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.heard) >= count, 30), self.heard

    def stop(self) -> None:
        self._server.stop()
        self._server.wait()


@pytest.fixture
def listener(conf: cfg.ConfigOpts) -> Iterator[_Listener]:
    made = _Listener(oslo_messaging.get_notification_transport(conf))
    yield made
    made.stop()


def test_a_listener_of_the_field_hears_them(conf: cfg.ConfigOpts, listener: _Listener) -> None:
    conf.set_override("driver", ["messagingv2"], group=_SECTION)
    assert wanted(conf)
    sender = NotificationSender(conf, "conductor.here")
    sender.send("baremetal.node.provision_set.success", "info", {"uuid": "u"})
    sender.send("baremetal.node.provision_set.error", "error", {"uuid": "v"})
    listener.wait_for(2)
    assert sorted(listener.heard) == [
        ("error", "conductor.here", "baremetal.node.provision_set.error", {"uuid": "v"}),
        ("info", "conductor.here", "baremetal.node.provision_set.success", {"uuid": "u"}),
    ]
    sender.close()


def test_a_broker_that_does_not_answer_is_said_to_be_away(conf: cfg.ConfigOpts) -> None:
    """The library itself would log it, and go on as if it were sent."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"rabbit://user:hunter2@127.0.0.1:{nobody.getsockname()[1]}/"
        conf.set_override("transport_url", url)
        conf.set_override("driver", ["messagingv2"], group=_SECTION)
        sender = NotificationSender(conf, "conductor.here")
        with pytest.raises(Unavailable, match="did not take a notification") as away:
            sender.send("baremetal.node.create.end", "info", {"uuid": "u"})
        assert "hunter2" not in str(away.value)
        sender.close()


def test_the_plane_notifies_where_it_is_asked_to(tmp_path: Path) -> None:
    options = f"[DEFAULT]\nhost = c1\n[{_SECTION}]\ndriver = log\n"
    with PlaneProcess(tmp_path / "state", options=options) as plane:
        asked(plane, "POST", "nodes", {"driver": "fake-hardware", "name": "n"})
        provision(plane, "n", "manage")

        def told() -> list[dict[str, Any]] | None:
            lines = re.findall(r"oslo\.messaging\.notification\S* .*?(\{.*)", plane.log(1000))
            found = [json.loads(line) for line in lines]
            kinds = {one["event_type"] for one in found}
            return found if "baremetal.operation.verify.success" in kinds else None

        found = wait_until(told)
    assert {one["publisher_id"] for one in found} == {"conductor.c1"}
    done = next(f for f in found if f["event_type"] == "baremetal.node.provision_set.success")
    assert done["payload"]["name"] == "n"
    assert done["payload"]["previous_provision_state"] == "verifying"
    assert done["payload"]["provision_state"] == "manageable"
