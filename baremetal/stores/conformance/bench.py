"""What a case works on, and how it says that a promise is broken."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from baremetal.domain.errors import BaremetalError
from baremetal.stores.contract import Capabilities, Stat, Store


class Broken(AssertionError):
    """A promise of the contract that the store does not keep."""


class NotMeant(Exception):
    """The store does not claim this ability, so there is nothing to keep."""


@dataclass
class Bench:
    """A store to be proven, and how to come by objects in it."""

    store: Store
    #: Names of the store's own begin with this, such as ``bucket/``.
    prefix: str = ""
    #: Puts an object into a store that cannot be written through us.
    seed: Callable[[str, bytes], None] | None = None
    #: The store's only object, where it makes none: a LUN, a volume.
    only: str | None = None
    #: Turns any text into a name, where not every text is one (quoted, for URLs).
    spell: Callable[[str], str] = str
    #: Some stand-ins for a server believe any signature.
    believes_all: bool = False
    _run: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def can(self) -> Capabilities:
        """What the store says of itself."""
        return self.store.capabilities

    def name(self, label: str) -> str:
        """A name that no other run uses."""
        return self.only or self.spell(f"{self.prefix}conformance-{self._run}-{label}")

    def put(self, label: str, data: bytes) -> str:
        """An object that holds `data` (at its beginning, where the size is fixed)."""
        name = self.name(label)
        if self.seed is not None:
            self.seed(name, data)
            return name
        with self.store.write(name, size=len(data), replace=self.only is not None) as writer:
            if data:
                writer.write(0, data)
            writer.commit(len(data))
        return name

    def get(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """What the store says is in there."""
        with closing(self.store.read(name, start, length)) as pieces:
            return b"".join(bytes(piece) for piece in pieces)


#: A promise. It raises `Broken`, or `NotMeant`.
Case = Callable[[Bench], None]


def expect(true: bool, promise: str) -> None:  # noqa: FBT001 - it reads as a sentence
    """Go on if the promise is kept.

    :raises Broken: it is not.
    """
    if not true:
        raise Broken(promise)


def wanted(ability: object, what: str) -> None:
    """Go on if the store claims the ability.

    :raises NotMeant: it does not.
    """
    if not ability:
        raise NotMeant(what)


@contextmanager
def refused(kind: type[BaremetalError], promise: str) -> Iterator[None]:
    """Expect `kind` to be raised.

    :raises Broken: nothing is, or something else.
    """
    try:
        yield
    except kind:
        return
    except Exception as error:
        raise Broken(f"{promise}, not {type(error).__name__}: {error}") from error
    raise Broken(f"{promise}; nothing was raised")


def exists(store: Store, name: str) -> Stat | None:
    """What is there, or None."""
    found = [stat for stat in store.list(name) if stat.name == name]
    return found[0] if found else None
