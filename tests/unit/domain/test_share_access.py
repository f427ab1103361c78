"""Whom a rule of access may name: what servers are told of, and nothing that they would obey."""

import pytest

from baremetal.domain.errors import InvalidInput
from baremetal.domain.share_access import checked
from baremetal.drivers.interfaces.export import network

ZONES = ("fe80::1%eth0", "fe80::1%x\n\troot preexec = id", "::1%x; } Squash = No_Root_Squash;")


@pytest.mark.parametrize("to", ["192.0.2.7", "192.0.2.0/24", "2001:DB8::/64", "::ffff:192.0.2.1"])
def test_addresses_and_networks_are_taken_as_they_are(to: str) -> None:
    assert checked("ip", to) == to
    assert network(to).prefix == int(to.partition("/")[2] or (128 if ":" in to else 32))


@pytest.mark.parametrize("to", ZONES)
def test_what_follows_an_address_never_reaches_a_server(to: str) -> None:
    with pytest.raises(InvalidInput):
        checked("ip", to)
    with pytest.raises(InvalidInput):
        network(to)
