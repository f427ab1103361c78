"""What can go wrong with bytes, beside what ``domain.errors`` has already.

NotFound, AlreadyExists, InvalidInput, NotSupported     as everywhere
Unavailable             the store does not answer now: the same request may succeed later
StoreError              the store refuses or fails, and will again
|-- StoreFull           no room, or a quota is reached
|-- AccessRefused       the store does not let us
|-- SourceChanged       the object is no longer the one that was asked about
`-- DigestMismatch      the bytes are not those that were promised
HostileImage            an image that would make a tool read or write what it must not
UseRefused              an administrator's policy
TicketRefused           a signed URL that is forged, late or early
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from baremetal.domain.errors import (
    AlreadyExists,
    BaremetalError,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    Unauthenticated,
    Unavailable,
)


class StoreError(BaremetalError):
    """The store refuses or fails, and would again."""


class StoreFull(StoreError):
    """There is no room for the object."""


class AccessRefused(StoreError):
    """The store does not let these credentials, or this user, do that."""


class SourceChanged(StoreError, Conflict):
    """Somebody has replaced or changed the object between two of our reads."""

    def __init__(self, what: object) -> None:
        super().__init__(
            f"{what} was changed while it was read; nothing was published. Start again."
        )


class DigestMismatch(StoreError):
    """The bytes that arrived are not those that were promised."""

    def __init__(self, what: object, algorithm: str, promised: str, found: str) -> None:
        super().__init__(
            f"{what}: {algorithm} should be {promised}, but is {found}; nothing was published."
        )


class HostileImage(InvalidInput):
    """An image that asks a tool to open other files, or to grow without bound."""


class UseRefused(Forbidden):
    """A policy of the administrator keeps this store for other uses."""


class TicketRefused(Unauthenticated):
    """A ticket that is forged, expired, or for something else."""


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_PASSING = {errno.EAGAIN, errno.EINTR, errno.ETIMEDOUT, errno.ESTALE, errno.EBUSY}


@contextmanager
def told(what: object) -> Iterator[None]:
    """Raise the operating system's errors about `what` as ours.

    :raises NotFound: there is none.
    :raises AlreadyExists: there is one.
    :raises StoreFull: the disk or a quota is full.
    :raises AccessRefused: permissions.
    :raises Unavailable: it may pass.
    :raises StoreError: everything else.
    """
    try:
        yield
    except OSError as error:
        raise from_os(error, what) from error


def taken(what: object) -> AlreadyExists:
    """What there is to say where there is one."""
    return AlreadyExists(f"{what} exists already; it was left as it is.")


def from_os(error: OSError, what: object) -> BaremetalError:
    """The error of ours that says what `error` means for `what`."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return NotFound("Object", what)
    if isinstance(error, FileExistsError):
        return taken(what)
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return StoreFull(f"{what}: {reason}. Make room, or choose another store.")
    if error.errno in _REFUSED:
        return AccessRefused(f"{what}: {reason}.")
    if error.errno in _PASSING or isinstance(error, ConnectionError | TimeoutError):
        return Unavailable(f"{what}: {reason}.")
    return StoreError(f"{what}: {reason}.")
