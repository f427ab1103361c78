"""Which values of a free-form mapping are secret, and how to part them from the rest.

A mapping is stored as two: a public one in which each secret reads as six stars,
ready to be shown to anybody, and the secrets alone, which are encrypted. So no
reader can leak what it never had.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

MASK: Final = "******"

_SECRET_WORD = re.compile(
    r"(^|_|-|\b)(pass|passwd|password|passphrase|secret|token|credential|credentials"
    r"|private_key|hex_kg_key|kg_key|priv_protocol_key|auth_key|configdrive|user_data)($|_|-|\b)",
    re.IGNORECASE,
)


def is_secret(key: str, declared: Iterable[str] = ()) -> bool:
    """Whether a driver declared `key` secret, or its name says so."""
    return key in declared or _SECRET_WORD.search(key) is not None


def part(
    values: Mapping[str, Any], declared: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(public, secrets) of one mapping; empty secrets stay public and readable."""
    public: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    for key, value in values.items():
        if is_secret(key, declared) and value not in (None, "", {}, []):
            public[key] = MASK
            secrets[key] = value
        else:
            public[key] = value
    return public, secrets


def join(public: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping as it was given; a secret that is gone from `public` stays out."""
    return {
        key: secrets[key] if value == MASK and key in secrets else value
        for key, value in public.items()
    }
