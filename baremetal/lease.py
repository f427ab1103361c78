"""Whether the operation that a thread carries out is still its conductor's to carry out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from baremetal.domain.errors import LeaseLost

_HELD: Final[ContextVar[Callable[[], bool] | None]] = ContextVar("held", default=None)


@contextmanager
def carrying_out(held: Callable[[], bool]) -> Iterator[None]:
    """For the block, this thread carries out an operation; `held` says whether it still may."""
    token = _HELD.set(held)
    try:
        yield
    finally:
        _HELD.reset(token)


def permit() -> Callable[[], bool]:
    """What says whether this thread's operation may still touch hardware, for another to ask."""
    return _HELD.get() or _always


def _always() -> bool:
    return True


def confirm() -> None:
    """Return if hardware may be touched now: to be asked before each command that changes it.

    A process that was frozen in the middle of a step knows nothing of whoever has gone on in
    its place, and would undo what that one does.

    :raises LeaseLost: the lease has run out since it was renewed last.
    """
    held = _HELD.get()
    if held is not None and not held():
        raise LeaseLost("The lease of the operation has run out in the middle of a step.")
