"""What a sweep reads and when it writes, on a real database."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from baremetal.conductor.power_sync import PowerSync
from baremetal.db.nodes import Share
from baremetal.domain import states
from baremetal.domain.errors import DriverError
from baremetal.domain.node import Node
from baremetal.drivers.interfaces import PowerInterface
from tests.functional.engine.conftest import NODE, Bench


class LateBmc(PowerInterface):
    """The first machine answers at once; before the second does, we look at the first."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.seen: dict[str, Any] = {}

    def get_power_state(self, node: Node) -> str:
        raise NotImplementedError

    def set_power_state(self, node: Node, target: str, timeout: float | None = None) -> str:
        raise NotImplementedError

    def get_power_states(self, nodes: Sequence[Node]) -> Iterator[tuple[str, str | DriverError]]:
        first, *_, last = sorted(node.uuid for node in nodes)
        yield first, states.POWER_ON
        self.seen = self._bench.nodes.row(first)
        yield last, DriverError("BMC 192.0.2.9 did not answer.")


class Recorder(LateBmc):
    """All answer at once; what they were asked with is kept."""

    def get_power_states(self, nodes: Sequence[Node]) -> Iterator[tuple[str, str | DriverError]]:
        self.seen = {node.uuid: node.driver_info for node in nodes}
        yield from ((node.uuid, states.POWER_ON) for node in nodes)


def _sync(bench: Bench, power: PowerInterface) -> PowerSync:
    registry: Any = SimpleNamespace(driver=lambda _node: SimpleNamespace(power=power))
    members: Any = SimpleNamespace(shares=lambda _host: (Share("d", "", None),))
    return PowerSync(bench.nodes, registry, members, bench.clock, "host")


def test_only_what_has_changed_is_read_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    other, power = bench.node(52), Recorder(bench)
    sync = _sync(bench, power)
    sync.sweep()
    # The first sweep has written their power down, and so changed both.
    sync.sweep()
    read: list[str] = []
    find = bench.nodes.find

    def counted(*conditions: Any) -> list[Node]:
        found = find(*conditions)
        read.extend(node.uuid for node in found)
        return found

    monkeypatch.setattr(bench.nodes, "find", counted)
    assert sync.sweep() == 2
    assert read == []
    row = bench.nodes.row(other)
    bench.nodes.update(row, {"driver_info": {"address": "new"}}, (), bench.clock.now())
    assert sync.sweep() == 2
    assert read == [other]
    assert power.seen == {NODE: {}, other: {"address": "new"}}
    bench.nodes.update(bench.nodes.row(other), {"maintenance": True}, (), bench.clock.now())
    assert sync.sweep() == 1
    assert list(power.seen) == [NODE]


class Moody(LateBmc):
    """One machine, which answers or does not."""

    answer: str | DriverError = states.POWER_ON

    def get_power_states(self, nodes: Sequence[Node]) -> Iterator[tuple[str, str | DriverError]]:
        yield from ((node.uuid, self.answer) for node in nodes)


def test_a_fault_goes_when_the_bmc_answers_whatever_was_done_meanwhile(bench: Bench) -> None:
    power = Moody(bench)
    power.answer = DriverError("BMC 192.0.2.9 did not answer.")
    sync = _sync(bench, power)
    sync.sweep()
    assert bench.nodes.row(NODE)["fault"] == "power failure"
    # An operation has reached it in the meantime, and wrote down what it did.
    changed = {"power_state": states.POWER_ON}
    bench.nodes.update(bench.nodes.row(NODE), changed, (), bench.clock.now())
    power.answer = states.POWER_ON
    sync.sweep()
    found = bench.nodes.row(NODE)
    assert (found["fault"], found["last_error"]) == (None, None)


def test_a_fault_that_somebody_took_away_is_there_again_at_the_next_silence(bench: Bench) -> None:
    power = Moody(bench)
    power.answer = DriverError("BMC 192.0.2.9 did not answer.")
    sync = _sync(bench, power)
    sync.sweep()
    bench.nodes.update(bench.nodes.row(NODE), {"fault": None}, (), bench.clock.now())
    sync.sweep()
    assert bench.nodes.row(NODE)["fault"] == "power failure"


def test_a_bmc_that_is_late_holds_up_no_answer_of_another(bench: Bench) -> None:
    healthy, sick = NODE, bench.node(52)
    power = LateBmc(bench)
    assert _sync(bench, power).sweep() == 2
    assert power.seen["power_state"] == states.POWER_ON
    assert bench.nodes.row(healthy)["fault"] is None
    found = bench.nodes.row(sick)
    assert (found["power_state"], found["fault"]) == ("error", "power failure")
    assert found["last_error"] == "BMC 192.0.2.9 did not answer."
