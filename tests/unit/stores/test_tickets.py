from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal.domain.errors import InvalidInput
from baremetal.stores import Uri
from baremetal.stores.errors import TicketRefused
from baremetal.stores.tickets import Grant, Keys, issue, sign_url, verify, verify_url

_NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
_OLD, _NEW = b"o" * 32, b"n" * 32
_KEYS = Keys(("k1",), {"k1": _OLD})
_GRANT = Grant("/v1/objects/7", "GET", "192.0.2.1")


def _later(seconds: float) -> datetime:
    return _NOW + timedelta(seconds=seconds)


def test_a_ticket_is_good_until_it_expires() -> None:
    ticket = issue(_KEYS, _GRANT, _NOW, 60)
    for seconds in (0, 59, 60):
        verify(_KEYS, ticket, _GRANT, _later(seconds), skew=0)
    with pytest.raises(TicketRefused, match="expired 1 seconds ago"):
        verify(_KEYS, ticket, _GRANT, _later(61), skew=0)


def test_clocks_may_differ_a_little() -> None:
    ticket = issue(_KEYS, _GRANT, _NOW, 60)
    verify(_KEYS, ticket, _GRANT, _later(-3600))
    verify(_KEYS, ticket, _GRANT, _later(90))
    with pytest.raises(TicketRefused):
        verify(_KEYS, ticket, _GRANT, _later(91))


@pytest.mark.parametrize(
    "other",
    [
        Grant("/v1/objects/8", "GET", "192.0.2.1"),
        Grant("/v1/objects/7", "PUT", "192.0.2.1"),
        Grant("/v1/objects/7", "GET", "192.0.2.2"),
        Grant("/v1/objects/7", "GET"),
        Grant("/v1/objects/7,3:GET", "", "192.0.2.1"),
    ],
)
def test_it_is_good_for_nothing_else(other: Grant) -> None:
    with pytest.raises(TicketRefused):
        verify(_KEYS, issue(_KEYS, _GRANT, _NOW, 60), other, _NOW)


def test_nobody_lengthens_its_life() -> None:
    name, _, signature = issue(_KEYS, _GRANT, _NOW, 60).split(".")
    forged = f"{name}.{int(_NOW.timestamp()) + 999999}.{signature}"
    with pytest.raises(TicketRefused):
        verify(_KEYS, forged, _GRANT, _NOW)


@given(st.text())
def test_nonsense_is_refused(text: str) -> None:
    for ticket in (text, f"k1.{text}", f"k1.1.{text}", f"{text}.99999999999.x"):
        with pytest.raises(TicketRefused):
            verify(_KEYS, ticket, _GRANT, _NOW)


def test_keys_are_rotated_without_breaking_what_is_about() -> None:
    ticket = issue(_KEYS, _GRANT, _NOW, 60)
    both = Keys(("k2", "k1"), {"k1": _OLD, "k2": _NEW})
    verify(both, ticket, _GRANT, _NOW)
    fresh = issue(both, _GRANT, _NOW, 60)
    assert fresh.startswith("k2.")
    only = Keys(("k2",), {"k2": _NEW})
    verify(only, fresh, _GRANT, _NOW)
    with pytest.raises(TicketRefused):
        verify(only, ticket, _GRANT, _NOW)


def test_a_url_carries_its_ticket_and_shows_it_to_nobody() -> None:
    url = sign_url(_KEYS, "https://host/v1/objects/7?a=b%20c", _NOW, 60)
    verify_url(_KEYS, url, _NOW)
    assert "ticket=" not in str(Uri.parse(url))
    with pytest.raises(TicketRefused):
        verify_url(_KEYS, url.replace("/7?", "/8?"), _NOW)
    with pytest.raises(TicketRefused, match="no ticket"):
        verify_url(_KEYS, "https://host/v1/objects/7", _NOW)
    with pytest.raises(TicketRefused, match="no ticket"):
        verify_url(_KEYS, f"{url}&ticket=k1.9.x", _NOW)
    assert sign_url(_KEYS, url, _NOW, 60).count("ticket=") == 1


def test_keys_that_will_not_do_are_refused() -> None:
    with pytest.raises(InvalidInput, match="32 bytes or more"):
        Keys(("k1",), {"k1": b"short"})
    with pytest.raises(InvalidInput, match="no name of a key"):
        Keys(("k.1",), {"k.1": _OLD})
    with pytest.raises(InvalidInput, match="need a key"):
        Keys((), {})
    assert "oooo" not in repr(_KEYS)
