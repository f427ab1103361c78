"""What is remembered of a BMC."""

from baremetal.drivers.bmc.address import RawCommand
from baremetal.drivers.bmc.chassis import GET_CHASSIS_STATUS, PowerAction, encode_chassis_control
from baremetal.drivers.bmc.errors import BmcError
from baremetal.drivers.bmc.recent import KEPT, Recent, name_of
from tests.unit.drivers.bmc.wire import ADDRESS, PASSWORD, Wire


def test_the_same_again_and_again_counts_as_one_exchange() -> None:
    recent = Recent()
    for _ in range(100):
        recent.note(GET_CHASSIS_STATUS, b"\x01\x00\x00")
    (one,) = recent.told()
    assert (one["times"], one["outcome"]) == (100, "answered 01 00 00")


def test_only_the_last_exchanges_are_kept() -> None:
    recent = Recent()
    for number in range(20):
        recent.note(RawCommand(0x06, number), b"")
    told = recent.told()
    assert len(told) == KEPT
    assert told[-1]["command"] == "command 0x13 of network function 0x06"
    assert told[-1]["outcome"] == "done"


def test_a_power_command_says_what_was_asked_for() -> None:
    assert name_of(encode_chassis_control(PowerAction.CYCLE)) == "Chassis Control: power cycle"
    assert name_of(GET_CHASSIS_STATUS) == "Get Chassis Status"


def test_a_line_remembers_answers_and_failures_without_the_password() -> None:
    wire = Wire()
    wire.outcome(GET_CHASSIS_STATUS)
    wire.restart_bmc(password="another")
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), BmcError)
    told = wire.line.recent.told()
    assert [one["command"] for one in told] == ["Get Chassis Status"] * 2
    assert told[0]["outcome"].startswith("answered ")
    assert f"refused user '{ADDRESS.username}'" in told[1]["outcome"]
    assert PASSWORD not in str(told)
    assert dict(wire.counters.failures) == {"bmc-refused": 1}
