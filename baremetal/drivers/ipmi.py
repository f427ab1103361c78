"""What the IPMI drivers share: their driver_info fields, and the one bus of the process."""

import shlex

from baremetal.domain.node import Node
from baremetal.domain.properties import Property, check
from baremetal.drivers.bmc.address import BmcAddress, Privilege
from baremetal.drivers.bmc.bus import IpmiBus

#: One owner of all input and output; it costs nothing before its first use.
BUS = IpmiBus()

PROPERTIES = (
    Property(
        "ipmi_address",
        "IP address or host name of the BMC.",
        "192.0.2.10",
        kind="host",
        required=True,
    ),
    Property("ipmi_username", "User name on the BMC.", "admin"),
    Property("ipmi_password", "Password on the BMC.", "secret", secret=True),
    Property("ipmi_port", "UDP port of the BMC, 623 by default.", "623", kind="port"),
    Property(
        "ipmi_priv_level",
        "Privilege level of the session, ADMINISTRATOR by default.",
        "OPERATOR",
        choices=tuple(level.value for level in Privilege),
    ),
    Property(
        "ipmi_cipher_suite",
        "Cipher suite, 17 or 3. Found out and remembered by default.",
        "17",
        choices=("3", "17"),
    ),
    Property(
        "ipmi_hex_kg_key",
        "Key for two-key login, up to 40 hexadecimal digits.",
        "00112233445566778899aabbccddeeff00112233",
        kind="hex",
        secret=True,
    ),
)


def address_of(node: Node) -> BmcAddress:
    """The node's BMC and how to log in to it.

    :raises InvalidInput: its driver_info does not say so.
    """
    info = node.driver_info
    check(PROPERTIES, info, "driver_info")
    kg = info.get("ipmi_hex_kg_key")
    suite = info.get("ipmi_cipher_suite")
    return BmcAddress(
        host=str(info["ipmi_address"]),
        port=int(info.get("ipmi_port") or 623),
        username=str(info.get("ipmi_username") or ""),
        password=str(info.get("ipmi_password") or ""),
        privilege=Privilege(info.get("ipmi_priv_level") or "ADMINISTRATOR"),
        cipher_suite=int(suite) if suite else None,
        kg=bytes.fromhex(str(kg)) if kg else None,
    )


def by_hand(bmc: BmcAddress, *words: str) -> str:
    """The same by ipmitool, which asks for the password."""
    command = ["ipmitool", "-I", "lanplus", "-H", bmc.host, "-p", str(bmc.port)]
    command += ["-U", bmc.username, "-L", bmc.privilege, "-a", *words]
    return shlex.join(command)
