"""Where a node's Redfish service is, which system it is there, and how to log in."""

import shlex
from dataclasses import dataclass, field

from baremetal.domain.node import Node
from baremetal.domain.properties import Property, check

AUTO, BASIC, SESSION = "auto", "basic", "session"

PROPERTIES = (
    Property(
        "redfish_address",
        "URL of the Redfish service; https where it names no scheme.",
        "https://192.0.2.20",
        required=True,
    ),
    Property(
        "redfish_system_id",
        "Path of the system. May be left out where the service has one system alone.",
        "/redfish/v1/Systems/1",
    ),
    Property("redfish_username", "User name on the service.", "admin"),
    Property("redfish_password", "Password on the service.", "secret", secret=True),
    Property(
        "redfish_verify_ca",
        "Whether to verify the certificate, true by default; or a file of authorities to trust.",
        "/etc/ssl/certs/bmcs.pem",
    ),
    Property(
        "redfish_auth_type",
        "How to log in: basic, session, or auto, a session if there can be one.",
        "session",
        choices=(AUTO, BASIC, SESSION),
    ),
)

_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one system.

    :ivar verify: whether to verify the certificate, or by which file.
    """

    address: str
    system: str | None
    username: str
    password: str = field(repr=False)
    verify: bool | str
    auth_type: str

    def by_hand(self) -> str:
        """A command that shows the system; it asks for the password."""
        command = ["curl", "--location", "--user", self.username]
        command += [] if self.verify else ["--insecure"]
        return shlex.join([*command, self.address + (self.system or "/redfish/v1/Systems")])


def access_of(node: Node) -> Access:
    """How to reach the node's system.

    :raises InvalidInput: its driver_info does not say so.
    """
    info = node.driver_info
    check(PROPERTIES, info, "driver_info")
    address = str(info["redfish_address"]).rstrip("/")
    verify = str(info.get("redfish_verify_ca", True))
    return Access(
        address=address if "://" in address else f"https://{address}",
        system=str(info.get("redfish_system_id") or "") or None,
        username=str(info.get("redfish_username") or ""),
        password=str(info.get("redfish_password") or ""),
        verify=_WORDS.get(verify.lower(), verify),
        auth_type=str(info.get("redfish_auth_type") or AUTO),
    )
