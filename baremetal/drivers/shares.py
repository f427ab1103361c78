"""Finds storage and export drivers among the installed entry points, and pairs them."""

from collections.abc import Mapping
from typing import Any, Final

import stevedore
from stevedore.exception import NoMatches

from baremetal.clock import Clock
from baremetal.domain.errors import InvalidInput
from baremetal.drivers.interfaces.export import ExportInterface
from baremetal.drivers.interfaces.storage import StorageInterface

#: The groups of entry points.
STORAGE: Final = "baremetal.share.storage"
EXPORT: Final = "baremetal.share.export"


def load_storage(
    name: str, settings: Mapping[str, object], clock: Clock | None = None
) -> StorageInterface:
    """The storage driver `name`, configured.

    :raises InvalidInput: it is not installed, or a setting will not do.
    """
    made: StorageInterface = driver_class(STORAGE, name)(settings, clock)
    return made


def load_export(
    name: str, settings: Mapping[str, object], clock: Clock | None = None
) -> ExportInterface:
    """The export driver `name`, configured.

    :raises InvalidInput: it is not installed, or a setting will not do.
    """
    made: ExportInterface = driver_class(EXPORT, name)(settings, clock)
    return made


def installed(namespace: str) -> list[str]:
    """The names of a group that have a driver here."""
    return sorted(set(stevedore.ExtensionManager(namespace).names()))


def check_pair(storage: StorageInterface, export: ExportInterface) -> None:
    """Return if the export can let clients into what the storage makes.

    :raises InvalidInput: it cannot.
    """
    medium, media = storage.capabilities.medium, export.capabilities.media
    if medium not in media:
        raise InvalidInput(
            f"{type(export).__name__} exports {' or '.join(media)}, but {type(storage).__name__} "
            f"makes {medium}. Choose another pair in the backend's configuration."
        )


def driver_class(namespace: str, name: str) -> Any:
    """The driver `name` of a group, not configured yet.

    :raises InvalidInput: it is not installed.
    """
    try:
        return stevedore.DriverManager(namespace, name).driver
    except NoMatches as error:
        there = ", ".join(installed(namespace))
        raise InvalidInput(
            f"No driver '{name}' is installed in the entry points {namespace}. There are: {there}."
        ) from error
