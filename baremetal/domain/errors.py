"""One class per thing that somebody can do something about.

    BaremetalError
    |-- InvalidInput          the request says something that cannot be meant
    |   |-- UnknownField, ReadOnlyField, PatchFailed
    |-- NotFound              no such node, port, operation...
    |   |-- NoAutopsy
    |-- NotAcceptable         the API version does not know this
    |-- Conflict              true, but not now, or not twice
    |   |-- AlreadyExists, NodeBusy, ChangedMeanwhile, StateForbids, InUse
    |-- Forbidden             a rule or a flag on the resource refuses
    |-- Unauthenticated
    |-- TooLarge
    |-- RangeForbids          a range of bytes that is not there
    |-- Unavailable           a part that is needed does not answer
    |-- NotSupported          the driver has no such ability
    |-- DriverError           the hardware, or the way to it
    `-- LeaseLost             another conductor has taken this operation over

``api/errors.py`` maps each to an HTTP status; nothing else does.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class BaremetalError(Exception):
    """The base of all errors that carry a message for a person."""

    @property
    def message(self) -> str:
        """The sentence to show: what was wrong, with what, what to do next."""
        return str(self.args[0]) if self.args else type(self).__name__


class InvalidInput(BaremetalError):
    """The request is malformed; nothing was changed."""


class UnknownField(InvalidInput):
    """A field that this resource does not have."""

    def __init__(self, field: str, where: str, known: tuple[str, ...] = ()) -> None:
        hint = f" Known fields: {', '.join(known)}." if known else ""
        super().__init__(f"Unknown field '{field}' in {where}.{hint}")


class ReadOnlyField(InvalidInput):
    """A field that only the service itself writes."""

    def __init__(self, path: str, writable: tuple[str, ...]) -> None:
        super().__init__(
            f"Cannot patch {path}. Only the following can be updated: {', '.join(writable)}"
        )


class PatchFailed(InvalidInput):
    """A JSON PATCH that does not fit the document it is applied to."""


class NotFound(BaremetalError):
    """There is no such thing, or none that the caller may see."""

    def __init__(self, kind: str, ident: object) -> None:
        super().__init__(f"{kind} {ident} could not be found.")


class NoAutopsy(NotFound):
    """The operation has none: it goes on, went well, or ended without a fault."""

    def __init__(self, operation: str, state: str) -> None:
        BaremetalError.__init__(
            self,
            f"Operation {operation} is {state} and has no autopsy: there is one of each operation "
            "that has failed or was stopped while a conductor ran it.",
        )


class NotAcceptable(BaremetalError):
    """The negotiated API version does not have this route, field or verb."""


class Conflict(BaremetalError):
    """The request is sound, but the present state of things refuses it."""


class AlreadyExists(Conflict):
    """A name, address or uuid that is taken."""


class NodeBusy(Conflict):
    """Another operation holds the node."""

    def __init__(self, node: str, holder: str, operation: str | None = None) -> None:
        what = f"Node {node} is locked by host {holder}, please retry after it is done."
        hint = f" It is held by operation {operation}." if operation else ""
        super().__init__(what + hint)


class ChangedMeanwhile(Conflict):
    """Somebody else changed the resource between our read and our write."""

    def __init__(self, kind: str, ident: str) -> None:
        super().__init__(
            f"{kind} {ident} was changed by another request at the same time; "
            "nothing was written. Read it again and retry."
        )


class StateForbids(BaremetalError):
    """A verb that the state table does not have for the node's present state."""

    def __init__(self, action: str, node: str, state: str | None) -> None:
        super().__init__(
            f'The requested action "{action}" can not be performed on node '
            f'"{node}" while it is in state "{state}".'
        )


class InUse(Conflict):
    """Something cannot go, because something else depends on it."""


class Forbidden(BaremetalError):
    """The caller, or a flag such as ``protected``, does not permit this."""


class Unauthenticated(BaremetalError):
    """No credentials, or wrong ones."""


class TooLarge(BaremetalError):
    """The body is larger than the configured cap."""


class RangeForbids(BaremetalError):
    """A range of bytes that lies behind the last one."""

    def __init__(self, wanted: str, size: int) -> None:
        super().__init__(f"There are {size} bytes; none of them is in {wanted}.")


class Unavailable(BaremetalError):
    """A part that is needed (conductor, bus, database) does not answer now."""


class NotSupported(BaremetalError):
    """The node's driver has no such ability."""


class DriverError(BaremetalError):
    """The hardware refused, did not answer, or answered nonsense.

    `cause` is a word of ``autopsy.CAUSES``. `evidence` is what a driver adds to the autopsy
    of the operation that fails by this, as ``Interface.evidence`` has it.
    """

    cause: str = "hardware"
    evidence: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, *args: object, cause: str | None = None) -> None:
        super().__init__(*args)
        if cause is not None:
            self.cause = cause


class StorageFailed(DriverError):
    """A store, or where data was to come from, refused or did not answer."""

    cause = "storage"


class LeaseLost(BaremetalError):
    """This worker's claim on an operation has passed to another one."""
