"""Finds stores among the installed entry points, and objects by their URIs."""

import threading
from collections.abc import Mapping
from typing import Any, Final

import stevedore
from stevedore.exception import NoMatches

from baremetal.domain.errors import InvalidInput
from baremetal.stores.contract import DataObject, Store
from baremetal.stores.uri import Uri

#: The group of entry points; each is named after the scheme of its URIs.
NAMESPACE: Final = "baremetal.stores"

_known: dict[str, type[Store]] = {}
_lock = threading.Lock()


def store_class(scheme: str) -> type[Store]:
    """The driver for URIs of a kind.

    :raises InvalidInput: none is installed.
    """
    with _lock:
        if scheme not in _known:
            try:
                found: Any = stevedore.DriverManager(NAMESPACE, scheme)
                _known[scheme] = found.driver
            except NoMatches as error:
                there = ", ".join(f"{name}://" for name in installed())
                raise InvalidInput(
                    f"No store for {scheme}:// is installed. There are: {there}."
                ) from error
        return _known[scheme]


def installed() -> list[str]:
    """The schemes that have a driver here."""
    return sorted(set(stevedore.ExtensionManager(NAMESPACE).names()))


def locate(
    uri: str | Uri, settings: Mapping[str, Mapping[str, object]] | None = None
) -> DataObject:
    """The object at `uri`; `settings` are those of each scheme, a URI's own ones go first.

    :raises InvalidInput: no such store, or a setting that will not do.
    """
    parsed = Uri.parse(uri) if isinstance(uri, str) else uri
    driver = store_class(parsed.scheme)
    own, name = driver.locate(parsed)
    return DataObject(driver({**(settings or {}).get(parsed.scheme, {}), **own}), name)
