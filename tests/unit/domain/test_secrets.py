"""Parting secrets from the rest of a mapping, and joining them again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal.domain.secrets import MASK, is_secret, join, part

#: Six stars as a value of its own would stand for the secret; the API takes it as such.
SCALARS = st.none() | st.booleans() | st.integers() | st.text("ab~/*", max_size=5)
KEYS = st.sampled_from(["a", "b/c", "~d", "password", "api_key", "token", "name", ""])
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(KEYS, VALUES, max_size=5)


@pytest.mark.parametrize(
    "key",
    [
        "ipmi_password",
        "password1",
        "adminPassword",
        "redfish-password",
        "PASSWORD",
        "pass",
        "ipmi_hex_kg_key",
        "snmp_auth_key",
        "snmp_priv_key",
        "snmp_community",
        "privateKey",
        "api_key",
        "secret",
        "client.secret",
        "agent_token",
        "credentials",
        "configdrive",
        "user_data",
    ],
)
def test_these_names_say_that_they_hide_something(key: str) -> None:
    assert is_secret(key)


@pytest.mark.parametrize(
    "key",
    [
        "ipmi_address",
        "ipmi_username",
        "ipmi_port",
        "snmp_auth_protocol",
        "image_source",
        "image_checksum",
        "ssh_public_key",
        "passive",
        "bypass_checks",
        "compass",
        "keyboard",
        "monkey",
    ],
)
def test_these_names_hide_nothing(key: str) -> None:
    assert not is_secret(key)


def test_secrets_are_masked_however_deep_they_are() -> None:
    given_values = {
        "ipmi_address": "10.0.0.1",
        "ipmi_password": "one",
        "snmp": {"user": "u", "v3": {"auth_key": "two", "level": 3}},
    }
    public, secrets = part(given_values)
    assert public == {
        "ipmi_address": "10.0.0.1",
        "ipmi_password": MASK,
        "snmp": {"user": "u", "v3": {"auth_key": MASK, "level": 3}},
    }
    assert secrets == {"ipmi_password": "one", "snmp/v3/auth_key": "two"}
    assert join(public, secrets) == given_values


def test_a_list_with_a_secret_in_it_is_one_secret() -> None:
    given_values = {"users": [{"name": "a", "password": "p"}], "ports": [1, {"speed": 2}]}
    public, secrets = part(given_values)
    assert public == {"users": MASK, "ports": [1, {"speed": 2}]}
    assert join(public, secrets) == given_values


def test_a_secret_in_a_list_in_a_list_is_found() -> None:
    public, _ = part({"racks": [[{"deep": {"password": "p"}}]]})
    assert public == {"racks": MASK}


def test_what_a_driver_declares_is_secret_under_any_name() -> None:
    public, secrets = part({"acme_pin": "1234", "acme_port": 1}, {"acme_pin"})
    assert public == {"acme_pin": MASK, "acme_port": 1}
    assert secrets == {"acme_pin": "1234"}


def test_a_secret_taken_out_of_the_public_part_is_gone() -> None:
    _, secrets = part({"password": "p", "inner": {"token": "t", "kept": {"token": "u"}}})
    assert join({"inner": {"kept": {"token": MASK}}}, secrets) == {
        "inner": {"kept": {"token": "u"}}
    }


def test_keys_that_look_like_paths_are_told_apart() -> None:
    given_values = {"a": {"password": "inner"}, "a/password": "outer", "a~1password": "third"}
    public, secrets = part(given_values)
    assert len(secrets) == 3
    assert join(public, secrets) == given_values


@pytest.mark.parametrize("empty", [None, "", {}, []])
def test_an_empty_secret_can_be_read(empty: object) -> None:
    assert part({"password": empty}) == ({"password": empty}, {})


@given(MAPPINGS)
def test_parting_and_joining_gives_what_was_given(values: dict[str, Any]) -> None:
    public, secrets = part(values)
    assert join(public, secrets) == values


@given(MAPPINGS)
def test_no_secret_stays_readable(values: dict[str, Any]) -> None:
    public, _ = part(values)
    assert list(_readable_secrets(public)) == []


@given(MAPPINGS)
def test_parting_twice_changes_nothing(values: dict[str, Any]) -> None:
    public, secrets = part(values)
    assert part(join(public, secrets), secrets.keys()) == (public, secrets)


def _readable_secrets(value: object) -> "list[object]":
    if isinstance(value, list):
        return [found for inner in value for found in _readable_secrets(inner)]
    if not isinstance(value, dict):
        return []
    mine = [v for k, v in value.items() if is_secret(k) and v not in (MASK, None, "", {}, [])]
    return mine + [found for inner in value.values() for found in _readable_secrets(inner)]
