"""The contract of power."""

import time
from dataclasses import replace

import pytest

from baremetal.domain import states
from baremetal.domain.errors import DriverError
from baremetal.domain.node import Node
from baremetal.drivers.interfaces import PowerInterface
from tests.contract.drivers.benches import STUBBORN, Bench, only, wired

ON_OFF = (states.POWER_ON, states.POWER_OFF)
#: How long a caller waits at most to be told that nobody answers, seconds.
PATIENCE = 30.0


def _other_uuid(node: Node, number: int) -> Node:
    return replace(node, uuid=f"{number:08x}{node.uuid[8:]}")


class TestPower:
    kind = "power"

    def _set(self, interface: PowerInterface, node: Node, target: str) -> Node:
        """The node as it is known afterwards."""
        return replace(node, power_state=interface.set_power_state(node, target, 20))

    def test_a_machine_says_whether_it_is_on(self, interface: PowerInterface, bench: Bench) -> None:
        assert interface.get_power_state(bench.node) in ON_OFF

    def test_it_knows_some_targets_on_and_off_among_them(
        self, interface: PowerInterface, bench: Bench
    ) -> None:
        targets = interface.supported_power_states(bench.node)
        assert {*ON_OFF} <= set(targets) <= set(states.POWER_TARGETS)

    @pytest.mark.parametrize("before", ON_OFF)
    def test_each_target_is_reached_and_asking_twice_does_no_harm(
        self, interface: PowerInterface, bench: Bench, before: str
    ) -> None:
        for target in interface.supported_power_states(bench.node):
            node = self._set(interface, bench.node, before)
            assert node.power_state == before
            if before == states.POWER_OFF and target in (states.REBOOT, states.SOFT_REBOOT):
                continue  # Callers turn this into power on.
            for _ in range(2):
                node = self._set(interface, node, target)
                assert node.power_state == states.POWER_TARGETS[target]
                assert interface.get_power_state(node) == node.power_state

    @wired
    def test_nobody_answers(self, interface: PowerInterface, bench: Bench) -> None:
        for node in filter(None, (bench.silent, bench.refused)):
            began = time.monotonic()
            with pytest.raises(DriverError) as caught:
                interface.get_power_state(node)
            with pytest.raises(DriverError):
                interface.set_power_state(node, states.POWER_ON, 5)
            assert time.monotonic() - began < PATIENCE
            assert len(caught.value.message) > 20
            for value in (node.driver_info.get(name) for name in _secrets(interface)):
                assert not value or str(value) not in caught.value.message

    @only(lambda name, _cls: name in STUBBORN)
    def test_a_target_that_is_not_reached_in_time_is_an_error(
        self, interface: PowerInterface, bench: Bench
    ) -> None:
        assert bench.stubborn is not None
        interface.set_power_state(bench.stubborn, states.POWER_ON, 20)
        began = time.monotonic()
        with pytest.raises(DriverError, match="1 s"):
            interface.set_power_state(bench.stubborn, states.SOFT_POWER_OFF, 1)
        assert time.monotonic() - began < 5
        assert interface.get_power_state(bench.stubborn) == states.POWER_ON

    def test_a_sweep_answers_for_each_and_one_in_trouble_spoils_no_other(
        self, interface: PowerInterface, bench: Bench
    ) -> None:
        good = [_other_uuid(bench.node, number) for number in (10, 11)]
        bad = [
            _other_uuid(node, 20 + number)
            for number, node in enumerate(filter(None, (bench.silent, bench.refused)))
        ]
        if any(prop.required for prop in interface.properties):
            bad.append(_other_uuid(replace(bench.node, driver_info={}), 30))
        answers = dict(interface.get_power_states([*bad, *good]))
        assert {node.uuid for node in good} <= set(answers)
        assert all(answers[node.uuid] in ON_OFF for node in good)
        for node in bad:
            # One that is left in peace for a while may be left out.
            assert isinstance(answers.get(node.uuid, DriverError()), DriverError)

    def test_a_sweep_over_nothing_is_nothing(self, interface: PowerInterface) -> None:
        assert list(interface.get_power_states([])) == []


def _secrets(interface: PowerInterface) -> list[str]:
    return [prop.name for prop in interface.properties if prop.secret]
