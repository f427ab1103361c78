"""Fields that drivers declare, and what is said of values that will not do."""

import pytest

from baremetal.domain.catalog import HardwareInfo
from baremetal.domain.errors import InvalidInput
from baremetal.domain.properties import Property, check
from baremetal.domain.secrets import MASK

ADDRESS = Property("address", "Where.", "192.0.2.1", kind="host", required=True)
PASSWORD = Property("password", "Proof.", "hunter2", secret=True, choices=("hunter2",))
PORT = Property("port", "Which.", "623", kind="port")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", ["x", 1, 1.5], [["x"], {"a": 1}]),
        ("integer", [0, "12", -3], ["1.5", "x", []]),
        ("port", [1, "65535"], [0, 65536, "-1", "x", "1.0", "²"]),
        ("boolean", [True, "false", "Yes", 0], ["maybe", 2, []]),
        ("host", ["10.0.0.1", "::1", "bmc-1.example.org"], ["a b", "-x", "x" * 254, "a/b", "a\n"]),
        (
            "url",
            ["http://a/b", "https://a", "file:///x"],
            ["ftp://a", "http://", "a b", "x", "http://a\n"],
        ),
        ("hex", ["00ff", "AABB", "0" * 40], ["0", "xyz", "0x12", "00 11", "00\n"]),
    ],
)
def test_a_kind_takes_what_it_means_and_nothing_else(
    kind: str, good: list[object], bad: list[object]
) -> None:
    prop = Property("field", "About.", "example", kind=kind)
    assert [value for value in good if prop.problem(value)] == []
    assert [value for value in bad if not prop.problem(value)] == []


def test_bounds_are_part_of_the_message() -> None:
    prop = Property("n", "Number.", "5", kind="integer", minimum=1, maximum=9)
    assert prop.problem(10) == "must be from 1 to 9, not 10"
    assert prop.problem(0) == "must be from 1 to 9, not 0"
    assert prop.problem(9) is None


def test_all_problems_come_at_once_each_with_an_example() -> None:
    with pytest.raises(InvalidInput) as caught:
        check((ADDRESS, PORT), {"port": "high"}, "driver_info")
    assert caught.value.message == (
        "driver_info/address is missing (Where. Example: 192.0.2.1); "
        "driver_info/port must be a port from 1 to 65535, not 'high' (Which. Example: 623)"
    )


def test_a_refused_secret_is_not_repeated() -> None:
    with pytest.raises(InvalidInput) as caught:
        check((PASSWORD,), {"password": "hunter3"}, "driver_info")
    assert "hunter3" not in caught.value.message
    assert MASK in caught.value.message


def test_at_enrolment_what_is_missing_or_masked_may_come_later() -> None:
    check((ADDRESS, PASSWORD), {"password": MASK}, "driver_info", given_only=True)
    with pytest.raises(InvalidInput):
        check((ADDRESS,), {"address": "a b"}, "driver_info", given_only=True)


def test_hardware_as_data_reads_the_same_and_ignores_what_it_does_not_know() -> None:
    info = HardwareInfo(
        "acme", {"power": ("acme", "fake"), "boot": ("pxe",)}, {("power", "acme"): (ADDRESS, PORT)}
    )
    data = info.as_data()
    data["properties"][0][2][0]["of_a_newer_release"] = 1
    assert HardwareInfo.from_data("acme", data) == info


def test_the_chosen_interfaces_decide_which_fields_matter() -> None:
    info = HardwareInfo("acme", {"power": ("acme", "fake")}, {("power", "acme"): (ADDRESS,)})
    assert info.chosen({}) == {"power": "acme"}
    assert info.all_fields() == (ADDRESS,)
    assert info.fields(info.chosen({"power": "fake"})) == ()
    with pytest.raises(InvalidInput, match="does not support the power interface 'ipmi'"):
        info.chosen({"power": "ipmi"})
    with pytest.raises(InvalidInput, match="Enabled for it: none"):
        info.chosen({"raid": "x"})
