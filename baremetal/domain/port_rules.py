"""What a port's fields may say. Pure: given what is wanted."""

import re
from collections.abc import Mapping
from typing import Any

from baremetal.domain.errors import InvalidInput
from baremetal.domain.node import normal_mac

LINK_FIELDS = ("switch_id", "port_id", "switch_info", "network_type", "hostname")
_UNMANAGED = "unmanaged"
#: An OpenFlow datapath is named by 64 bits.
_DATAPATH = re.compile(r"^(0x)?[0-9A-Fa-f]{16}$")


def check_values(values: Mapping[str, Any]) -> None:
    """Return if a port may have these values.

    :raises InvalidInput: an empty physical network, or a link that names no switch port.
    """
    if values.get("physical_network") == "":
        raise InvalidInput("A non-empty value is required when setting physical_network")
    link = values.get("local_link_connection")
    if link:
        _check_link(link)


def _check_link(link: Mapping[str, Any]) -> None:
    where = "local_link_connection"
    unknown = sorted(set(link) - set(LINK_FIELDS))
    if unknown:
        raise InvalidInput(
            f"Unknown field '{unknown[0][:80]}' in {where}. Known fields: {', '.join(LINK_FIELDS)}."
        )
    for name, value in link.items():
        if not isinstance(value, str):
            raise InvalidInput(f"{where}/{name} must be a string.")
    if link.get("network_type", _UNMANAGED) != _UNMANAGED:
        raise InvalidInput(f"{where}/network_type must be {_UNMANAGED}, or be left out.")
    complete = "port_id" in link and ("switch_id" in link or "hostname" in link)
    if not complete and "network_type" not in link:
        raise InvalidInput(f"{where} needs port_id, and switch_id (or hostname, for a smart NIC).")
    switch = link.get("switch_id")
    if switch is not None and normal_mac(switch) is None and not _DATAPATH.match(switch):
        raise InvalidInput(
            f"Expected a MAC address or OpenFlow datapath ID but received {switch[:80]}."
        )
