"""What every driver promises, whatever its kind: fields as data, validation, no state."""

import json
import re
from dataclasses import replace
from datetime import datetime

import pytest

from baremetal.domain.autopsy import secret_texts
from baremetal.domain.errors import InvalidInput
from baremetal.domain.properties import _KINDS, Property
from baremetal.domain.secrets import MASK, is_secret
from baremetal.drivers.interfaces import DeployInterface, Interface
from baremetal.drivers.registry import CONTRACTS
from tests.contract.drivers.benches import BENCHES, KINDS, Bench, installed

#: No value of these kinds.
WRONG = {
    "text": ["a", "list"],
    "integer": "x1",
    "port": "99999",
    "boolean": "maybe",
    "host": "not a host",
    "url": "no-url",
    "hex": "xyz",
}


def _fields(interface: Interface) -> tuple[Property, ...]:
    """All that it reads, of driver_info and of instance_info."""
    instance = interface.instance_properties if isinstance(interface, DeployInterface) else ()
    return (*interface.properties, *instance)


@pytest.mark.parametrize("kind", KINDS)
def test_every_installed_driver_has_a_bench_to_be_proven_on(kind: str) -> None:
    assert set(installed(kind)) <= set(BENCHES)


def test_every_contract_has_a_suite() -> None:
    assert set(CONTRACTS) == set(KINDS)


def test_it_is_what_its_entry_point_says(driver: tuple[str, str], interface: Interface) -> None:
    contract = CONTRACTS[driver[0]]
    assert isinstance(interface, contract)
    assert interface.kind == driver[0]  # type: ignore[attr-defined]
    assert (type(interface).__doc__ or "").strip()


def test_its_capabilities_are_words_of_the_contract(
    driver: tuple[str, str], interface: Interface
) -> None:
    words = set(re.findall(r"``(\w+)``", CONTRACTS[driver[0]].__doc__ or ""))
    assert interface.capabilities <= words


def test_its_fields_are_told_to_people_with_an_example_that_will_do(interface: Interface) -> None:
    fields = _fields(interface)
    assert len({prop.name for prop in fields}) == len(fields)
    for prop in fields:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", prop.name)
        assert re.fullmatch(r"[A-Z].{3,}\.", prop.about), prop.about
        assert prop.kind in _KINDS
        assert prop.example
        assert prop.problem(prop.example) is None
        assert prop.name not in prop.about


def test_what_looks_like_a_secret_is_declared_as_one(interface: Interface) -> None:
    assert [prop.name for prop in _fields(interface) if is_secret(prop.name) > prop.secret] == []


def test_a_node_that_has_all_is_good(interface: Interface, bench: Bench) -> None:
    interface.validate(bench.node)
    interface.validate(bench.node)


def test_a_node_that_has_nothing_is_told_what_is_missing(
    interface: Interface, bench: Bench
) -> None:
    required = [prop for prop in interface.properties if prop.required]
    bare = replace(bench.node, driver_info={})
    if not required:
        interface.validate(bare)
        return
    with pytest.raises(InvalidInput) as caught:
        interface.validate(bare)
    for prop in required:
        assert f"driver_info/{prop.name} is missing" in caught.value.message
        assert prop.example in caught.value.message


def test_a_wrong_value_is_refused_by_its_name_and_a_secret_is_not_repeated(
    interface: Interface, bench: Bench
) -> None:
    for prop in interface.properties:
        wrong = "no-such-choice" if prop.choices else WRONG[prop.kind]
        node = replace(bench.node, driver_info={**bench.node.driver_info, prop.name: wrong})
        with pytest.raises(InvalidInput) as caught:
            interface.validate(node)
        assert f"driver_info/{prop.name}" in caught.value.message
        assert prop.example in caught.value.message
        assert not prop.secret or str(wrong) not in caught.value.message


def test_secrets_are_never_shown(interface: Interface) -> None:
    for prop in _fields(interface):
        assert (prop.shown("hunter2") == MASK) is prop.secret


def test_what_it_remembers_fits_into_an_autopsy_and_holds_no_secret(
    interface: Interface, bench: Bench
) -> None:
    told = interface.evidence(bench.node)
    assert set(told) <= {"bmc", "try"}
    for exchange in told.get("bmc", ()):
        assert {"at", "command", "outcome"} <= set(exchange)
        datetime.fromisoformat(exchange["at"])
    assert all(isinstance(command, str) for command in told.get("try", ()))
    named = {prop.name for prop in _fields(interface) if prop.secret}
    text = json.dumps(told)
    assert not [secret for secret in secret_texts(bench.node.driver_info, named) if secret in text]


def test_its_figures_have_names_and_labels_that_prometheus_takes(interface: Interface) -> None:
    for figure in interface.figures():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", figure.name)
        assert not figure.name.endswith("_total"), "it is added to what counts"
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", label) for label in figure.labels)
        assert figure.about.endswith(".")
        float(figure.value)


def test_it_keeps_no_state_of_its_own(interface: Interface) -> None:
    """Another conductor, or another thread, may make the next call."""
    settings = {"place"}
    assert vars(interface).keys() <= settings
