"""NFS-Ganesha's D-Bus interface: exports added, changed and removed without a restart.

Names, signatures and meanings of numbers: Ganesha 4, ``org.ganesha.nfsd.exportmgr``.
"""

import os
from pathlib import Path
from typing import Any, Final

from jeepney import DBusAddress, DBusErrorResponse, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection

from baremetal.domain.errors import DriverError, Unavailable
from baremetal.drivers.interfaces.export import Grant, network

_EXPORTS: Final = DBusAddress(
    "/org/ganesha/nfsd/ExportMgr", "org.ganesha.nfsd", "org.ganesha.nfsd.exportmgr"
)
_SECONDS: Final = 60.0
#: A bit of a client's options: it may write.
_WRITES: Final = 0x40
#: Errors of the bus itself: nobody of that name, no answer.
_NOBODY: Final = ("ServiceUnknown", "NameHasNoOwner", "NoReply", "Spawn")
_DEFAULT_BUS: Final = "unix:path=/run/dbus/system_bus_socket"


class Refused(DriverError):
    """Ganesha answered, and it said no."""


class GaneshaBus:
    """Requests to one server."""

    def __init__(self, address: str) -> None:
        """Use the bus at `address`; empty: the system's."""
        self._address = address or os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", _DEFAULT_BUS)

    def add(self, path: Path, ident: int) -> None:
        """Export what a file says.

        :raises Refused: it is exported already, or cannot be.
        """
        self._ask("AddExport", "ss", (str(path), f"EXPORT(Export_Id={ident})"))

    def update(self, path: Path, ident: int) -> None:
        """Let what a file says be in force, its clients above all.

        :raises Refused: there is no such export.
        """
        self._ask("UpdateExport", "ss", (str(path), f"EXPORT(Export_Id={ident})"))

    def remove(self, ident: int) -> None:
        """Export it no more; there being none is fine."""
        if self.shown(ident) is not None:
            self._ask("RemoveExport", "q", (ident,))

    def shown(self, ident: int) -> tuple[str, frozenset[Grant]] | None:
        """The path of an export and whom it lets in; None where there is none."""
        try:
            said = self._ask("DisplayExport", "q", (ident,))
        except Refused:
            return None
        _, path, _, _, clients = said
        return path, frozenset(
            Grant("ip", network(client[0]).text, "rw" if client[8] & _WRITES else "ro")
            for client in clients
        )

    def paths(self) -> dict[int, str]:
        """All exports: their paths by their numbers."""
        _, exports = self._ask("ShowExports")
        return {export[0]: export[1] for export in exports}

    def _ask(self, method: str, signature: str | None = None, body: tuple[Any, ...] = ()) -> Any:
        request = new_method_call(_EXPORTS, method, signature, body)
        try:
            with open_dbus_connection(self._address) as bus:
                reply = bus.send_and_get_reply(request, timeout=_SECONDS)
        except (OSError, DBusErrorResponse) as error:
            raise Unavailable(
                f"The D-Bus at {self._address} does not answer: {error}. Is it there, and may we?"
            ) from error
        if reply.header.message_type != MessageType.error:
            return reply.body
        name = DBusErrorResponse(reply).name
        reason = reply.body[0] if reply.body else name
        if any(word in name for word in _NOBODY):
            raise Unavailable(f"NFS-Ganesha does not answer on {self._address}: {reason}.")
        raise Refused(f"NFS-Ganesha refuses {method}: {reason}. Its log says more.")
