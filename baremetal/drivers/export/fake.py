"""An export that is only words: for trials, and for load on everything above."""

from collections.abc import Sequence
from typing import ClassVar

from baremetal.domain.errors import NotFound
from baremetal.domain.properties import Property
from baremetal.drivers.interfaces.export import (
    AccessOutcome,
    ExportCapabilities,
    ExportInterface,
    Grant,
    Location,
    Rule,
)
from baremetal.drivers.interfaces.storage import Share, Tree

#: What the "server" of each address knows. It forgets when the process ends, as servers may.
_SERVERS: dict[str, dict[str, dict[str, Grant]]] = {}


class FakeExport(ExportInterface):
    """Lets nobody in, and remembers whom it should, as long as the process lives."""

    properties: ClassVar[tuple[Property, ...]] = (
        Property("address", "The host to name in locations.", "fake.example.org"),
        Property("protocol", "What to speak.", "NFS", choices=("NFS", "CIFS")),
    )

    @property
    def capabilities(self) -> ExportCapabilities:
        both = ("rw", "ro")
        protocol = self.settings.text("protocol", "NFS")
        return ExportCapabilities(protocol, {"ip": both, "user": both}, ("nothing", "directory"))

    def ensure(self, share: Share, tree: Tree) -> tuple[Location, ...]:
        self._server.setdefault(share.id, {})
        host = self.settings.text("address", "fake.example.org")
        if self.capabilities.protocol == "CIFS":
            return (Location(f"\\\\{host}\\{share.id}"),)
        return (Location(f"{host}:/shares/{share.id}"),)

    def remove(self, share: Share) -> None:
        self._server.pop(share.id, None)

    def update_access(
        self,
        share: Share,
        rules: Sequence[Rule],
        add: Sequence[Rule] = (),
        delete: Sequence[Rule] = (),
    ) -> AccessOutcome:
        known = self._known(share)
        recovery = not (add or delete)
        good, refused = self.sorted_out(rules if recovery else add)
        if recovery:
            known.clear()
        for rule in delete:
            known.pop(rule.id, None)
        known.update((rule.id, rule.grant) for rule in good)
        return AccessOutcome(refused)

    def enforced(self, share: Share) -> frozenset[Grant]:
        return frozenset(self._known(share).values())

    def exported(self) -> frozenset[str]:
        return frozenset(self._server)

    @property
    def _server(self) -> dict[str, dict[str, Grant]]:
        return _SERVERS.setdefault(self.settings.text("address"), {})

    def _known(self, share: Share) -> dict[str, Grant]:
        try:
            return self._server[share.id]
        except KeyError:
            raise NotFound("Export", f"of share {share.id}") from None
