"""``iscsi://host:port/target/lun``: a LUN, reached by libiscsi; the host needs no initiator."""

from typing import Any, ClassVar

from baremetal.domain.errors import InvalidInput
from baremetal.domain.properties import Property
from baremetal.stores.abilities import BlockNode
from baremetal.stores.backends.block import BlockStore
from baremetal.stores.uri import Uri

_PORT = 3260


class IscsiStore(BlockStore):
    """The LUNs of a portal; a name is ``target/lun``."""

    scheme = "iscsi"
    properties: ClassVar[tuple[Property, ...]] = (
        Property("portal", "Host and port.", "192.0.2.7:3260", required=True),
        Property("username", "For CHAP.", "initiator"),
        Property("password", "For CHAP, 12 to 16 characters.", "s3cret-s3cret", secret=True),
        Property("initiator", "Our own name.", "iqn.2026-01.org.example:host7"),
        Property(
            "blank",
            "Whether all LUNs read as zeros before they are written: then zeros are left out.",
            "true",
            kind="boolean",
        ),
    )

    @classmethod
    def locate(cls, uri: Uri) -> tuple[dict[str, object], str]:
        own: dict[str, object] = {"portal": f"{uri.host}:{uri.port or _PORT}"}
        if uri.user is not None:
            own["username"] = uri.user
        if uri.password is not None:
            own["password"] = uri.password
        return own, uri.path.lstrip("/")

    @property
    def blank(self) -> bool:
        return self.settings.flag("blank")

    def uri(self, name: str) -> str:
        return str(Uri("iscsi", self.settings.text("portal"), f"/{name}"))

    def block_node(self, name: str) -> BlockNode:
        target, _, lun = name.rpartition("/")
        if not target or not lun.isdecimal():
            raise InvalidInput(f"'{name}' is no LUN; iscsi://host:3260/iqn.2026-01.x:y/1 is.")
        get = self.settings.text
        node: dict[str, Any] = {
            "driver": "iscsi",
            "transport": "tcp",
            "portal": get("portal"),
            "target": target,
            "lun": int(lun),
        }
        if get("initiator"):
            node["initiator-name"] = get("initiator")
        secrets: dict[str, str] = {}
        if get("username"):
            node |= {"user": get("username"), "password-secret": "password"}
            secrets["password"] = get("password")
        return BlockNode(node, secrets)
