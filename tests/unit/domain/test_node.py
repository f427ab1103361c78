"""Names, addresses and rules of nodes."""

from typing import Any

import pytest

from baremetal.domain import node_rules, states
from baremetal.domain.errors import Conflict, Forbidden, InvalidInput
from baremetal.domain.node import is_name, is_trait, is_uuid, normal_mac

UUID = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"


def _row(**values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "uuid": UUID,
        "provision_state": states.MANAGEABLE,
        "maintenance": False,
        "maintenance_reason": None,
        "protected": False,
        "protected_reason": None,
        "retired": False,
        "retired_reason": None,
        "resource_class": None,
        "instance_uuid": None,
    }
    return {**row, **values}


@pytest.mark.parametrize("text", ["node-1", "rack1.u7", "a_b~c", "x" * 255])
def test_names(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize(
    "text", ["", "a b", "a\n", "x" * 256, "ä", "a/b", UUID, UUID.upper(), None, 7]
)
def test_what_is_no_name(text: object) -> None:
    assert not is_name(text)


def test_uuids() -> None:
    assert is_uuid(UUID)
    assert is_uuid(UUID.upper())
    for other in (UUID.replace("-", ""), f"{{{UUID}}}", "x" * 36, None, 7):
        assert not is_uuid(other)


def test_macs_are_brought_to_one_form() -> None:
    assert normal_mac(" 52-54-00-AA-00-01 ") == "52:54:00:aa:00:01"
    for other in ("52:54:00:aa:00", "52:54:00:aa:00:0g", "525400aa0001", None, 5):
        assert normal_mac(other) is None


def test_traits() -> None:
    assert is_trait("CUSTOM_GOLD_1")
    assert is_trait("HW_CPU_X86_VMX")
    for other in ("custom_gold", "CUSTOM_gold", "CUSTOM_A\n", "", None, "A" * 256):
        assert not is_trait(other)


@pytest.mark.parametrize("column", ["driver", "power_interface", "deploy_interface"])
def test_the_driver_changes_only_at_rest_or_in_maintenance(column: str) -> None:
    node_rules.check_update(_row(), {column: "x"})
    busy = _row(provision_state=states.ACTIVE)
    with pytest.raises(Conflict, match="maintenance"):
        node_rules.check_update(busy, {column: "x"})
    node_rules.check_update({**busy, "maintenance": True}, {column: "x"})
    node_rules.check_update(busy, {column: "x", "maintenance": True})


@pytest.mark.parametrize(
    ("row", "values", "error"),
    [
        (_row(instance_uuid=UUID), {"instance_uuid": UUID[::-1]}, Conflict),
        (_row(provision_state=states.AVAILABLE), {"retired": True}, Conflict),
        (_row(), {"protected": True}, Conflict),
        (_row(), {"protected_reason": "why"}, InvalidInput),
        (_row(), {"retired_reason": "why"}, InvalidInput),
        (
            _row(resource_class="a", provision_state=states.ACTIVE),
            {"resource_class": "b"},
            Conflict,
        ),
    ],
)
def test_changes_that_are_refused(
    row: dict[str, Any], values: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        node_rules.check_update(row, values)


def test_a_reason_goes_with_its_flag() -> None:
    row = _row(maintenance=True, maintenance_reason="disk", retired=True, retired_reason="old")
    row["fault"] = "power failure"
    more = node_rules.follow_ups(row, {"maintenance": False, "retired": False})
    assert more == {"maintenance_reason": None, "retired_reason": None, "fault": None}


@pytest.mark.parametrize("verb", ["deleted", "rebuild"])
def test_a_protected_node_is_not_touched(verb: str) -> None:
    row = _row(protected=True, protected_reason="production")
    with pytest.raises(Forbidden, match="production"):
        node_rules.check_verb(row, verb)
    with pytest.raises(Forbidden):
        node_rules.check_delete(row)


@pytest.mark.parametrize("verb", ["active", "rebuild", "clean", "rescue", "service"])
def test_in_maintenance_no_user_gets_the_machine(verb: str) -> None:
    with pytest.raises(InvalidInput, match="maintenance"):
        node_rules.check_verb(_row(maintenance=True), verb)


def test_a_retired_node_does_not_become_available() -> None:
    with pytest.raises(InvalidInput, match="retired"):
        node_rules.check_verb(_row(retired=True), "provide")


@pytest.mark.parametrize("state", sorted(states.ALL))
def test_a_record_goes_only_from_a_state_of_rest_or_in_maintenance(state: str) -> None:
    row = _row(provision_state=state)
    if state in states.DELETABLE:
        node_rules.check_delete(row)
    else:
        with pytest.raises(Conflict):
            node_rules.check_delete(row)
    node_rules.check_delete({**row, "maintenance": True})


def test_a_node_in_use_stays() -> None:
    with pytest.raises(Conflict, match="instance"):
        node_rules.check_delete(_row(instance_uuid=UUID))
