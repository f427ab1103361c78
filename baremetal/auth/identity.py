"""Who is asking."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller, as far as they have proved who they are."""

    name: str | None
    authenticated: bool = True


ANONYMOUS = Identity(None, authenticated=False)
"""Somebody who gave no credentials."""

NOBODY_ASKED = Identity(None)
"""Anybody, where authentication is switched off."""
