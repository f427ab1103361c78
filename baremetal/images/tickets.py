"""Tickets: for a while, whoever has one reads an image's bytes without credentials."""

from datetime import datetime, timedelta
from typing import Final

from oslo_config import cfg

from baremetal.clock import Clock
from baremetal.db.vault import Vault
from baremetal.domain.errors import Forbidden, InvalidInput
from baremetal.stores.tickets import Grant, Keys, issue, verify

_PURPOSE: Final = "tickets of images"


class Tickets:
    """Issues tickets and checks them, where ``[images] ticket_seconds`` lets there be any.

    They are signed with what is derived from the keys of the vault: all services of a plane share
    these, and who rotates them rotates the others.
    """

    def __init__(self, conf: cfg.ConfigOpts, vault: Vault, clock: Clock) -> None:
        """Take their longest life from `conf`."""
        self._longest: int = conf.images.ticket_seconds
        self._vault = vault
        self._clock = clock

    def life(self, seconds: int | None) -> tuple[int, datetime]:
        """How long a ticket may live that is to live for `seconds`, and until when.

        :raises Forbidden: there are no tickets here.
        :raises InvalidInput: that is too long.
        """
        self._check_there_are_any()
        if seconds is not None and seconds > self._longest:
            raise InvalidInput(
                f"A ticket lives for at most {self._longest} seconds ([images] ticket_seconds)."
            )
        life = seconds or self._longest
        return life, self._clock.now() + timedelta(seconds=life)

    def issue(self, image: str, seconds: int) -> str:
        """A ticket for the bytes of an image."""
        return issue(self._keys(), _grant(image), self._clock.now(), seconds)

    def check(self, image: str, ticket: str) -> None:
        """Return if a ticket lets its bearer read the bytes of an image.

        :raises Forbidden: there are no tickets here (any more).
        :raises TicketRefused: it is forged, for something else, of a dropped key, or expired.
        """
        self._check_there_are_any()
        verify(self._keys(), ticket, _grant(image), self._clock.now())

    def _check_there_are_any(self) -> None:
        if not self._longest:
            raise Forbidden("There are no tickets here: [images] ticket_seconds is 0.")

    def _keys(self) -> Keys:
        secrets = self._vault.derived(_PURPOSE)
        # A ticket names its key by what tells nothing of it.
        names = self._vault.derived(f"names of keys of {_PURPOSE}")
        by_name = {name.hex()[:12]: secret for name, secret in zip(names, secrets, strict=True)}
        return Keys(tuple(by_name), by_name)


def _grant(image: str) -> Grant:
    return Grant(f"/v2/images/{image.lower()}/direct")
