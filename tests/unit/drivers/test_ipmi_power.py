"""What IPMI power makes of the bus' answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from baremetal.domain import states
from baremetal.domain.errors import DriverError
from baremetal.domain.node import Node
from baremetal.drivers.bmc.address import BmcAddress
from baremetal.drivers.bmc.chassis import Power, PowerAction, PowerReading
from baremetal.drivers.bmc.errors import BmcError, BmcNoAnswer
from baremetal.drivers.power import ipmi
from tests.support.clock import ManualClock


class ScriptedBus:
    """Answers by the port, and remembers how long it was given."""

    patience = 0.0

    def readings(
        self, bmcs: Any, timeout: float
    ) -> Iterator[tuple[BmcAddress, PowerReading | BmcError]]:
        self.patience = timeout
        for bmc in bmcs:
            if bmc.port == 1:
                yield bmc, BmcNoAnswer.out_of_time(bmc, waited_for="earlier commands")
            elif bmc.port == 2:
                yield bmc, BmcNoAnswer.silent(bmc, 5.0)
            else:
                yield bmc, PowerReading(Power.ON)


def _node(number: int, port: int) -> Node:
    info = {"ipmi_address": "192.0.2.1", "ipmi_port": port}
    return Node(uuid=f"n{number}", version=1, driver="ipmi", driver_info=info)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> ScriptedBus:
    scripted = ScriptedBus()
    monkeypatch.setattr(ipmi, "BUS", scripted)
    return scripted


def test_a_bmc_whose_turn_did_not_come_has_no_fault(bus: ScriptedBus) -> None:
    nodes = [_node(1, 1), _node(2, 2), _node(3, 3)]
    answers = dict(ipmi.IpmiPower().get_power_states(nodes))
    assert answers.keys() == {"n2", "n3"}
    assert isinstance(answers["n2"], BmcNoAnswer)
    assert answers["n3"] == states.POWER_ON


def test_nodes_that_share_a_bmc_all_have_its_answer(bus: ScriptedBus) -> None:
    answers = dict(ipmi.IpmiPower().get_power_states([_node(1, 9), _node(2, 9)]))
    assert answers == {"n1": states.POWER_ON, "n2": states.POWER_ON}


def test_a_sweep_of_very_many_has_more_time(bus: ScriptedBus) -> None:
    few = [_node(number, 9 + number) for number in range(5)]
    list(ipmi.IpmiPower().get_power_states(few))
    assert bus.patience == pytest.approx(8, abs=0.1)
    list(ipmi.IpmiPower().get_power_states([_node(n, 9 + n) for n in range(10_000)]))
    assert bus.patience == pytest.approx(28)


@pytest.mark.parametrize(("target", "times"), [(states.POWER_OFF, 2), (states.SOFT_POWER_OFF, 1)])
def test_what_somebody_has_undone_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, target: str, times: int
) -> None:
    """A conductor that slept until now may switch it on, when another has switched it off."""
    clock = ManualClock()
    commands: list[PowerAction] = []
    powered = [True]

    def set_power(_bus: Any, _bmc: Any, action: PowerAction) -> None:
        commands.append(action)
        powered[0] = len(commands) < 2

    monkeypatch.setattr(ipmi.IpmiPower, "_clock", clock)
    monkeypatch.setattr(ipmi, "set_power", set_power)
    monkeypatch.setattr(ipmi, "get_power", lambda *_: Power.ON if powered[0] else Power.OFF)
    power = ipmi.IpmiPower()
    if times == 1:
        with pytest.raises(DriverError, match="did not reach 'power off'"):
            power.set_power_state(_node(1, 1), target, 60)
    else:
        assert power.set_power_state(_node(1, 1), target, 60) == states.POWER_OFF
    assert len(commands) == times
