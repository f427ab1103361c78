"""Drivers that an administrator configures: settings declared as data and checked as a whole."""

import re
from collections.abc import Mapping
from typing import ClassVar, Final

from baremetal.clock import Clock
from baremetal.domain.errors import InvalidInput
from baremetal.domain.properties import Property
from baremetal.stores.settings import Settings

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class ConfiguredDriver:
    """A driver for one place. It keeps no state between calls: another process may go on.

    All methods are safe to call from several threads for different shares; whoever calls sees
    to it that there is one call at a time for one share.
    """

    #: What can be configured, and what each field means.
    properties: ClassVar[tuple[Property, ...]] = ()

    def __init__(
        self, settings: Mapping[str, object] | None = None, clock: Clock | None = None
    ) -> None:
        """Take `settings`, which `properties` describe. Nothing is touched yet.

        :raises InvalidInput: with each field that will not do, why, and an example.
        """
        self.settings = Settings(self.properties, settings or {}, type(self).__name__)
        self.clock = clock or Clock()

    def check(self) -> None:
        """Return if the place is there and the programs are: to be asked at the start.

        :raises InvalidInput: what is missing, and where it comes from.
        :raises Unavailable: it does not answer now.
        """


def checked_id(kind: str, ident: str) -> str:
    """`ident`, if it can be a name in all file systems and servers.

    :raises InvalidInput: it cannot.
    """
    if not _ID.fullmatch(ident):
        raise InvalidInput(
            f"{kind} {ident!r} cannot be a name: up to 80 letters, digits, '.', '_' and '-', "
            "the first one a letter or a digit."
        )
    return ident
