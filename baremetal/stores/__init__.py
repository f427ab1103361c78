"""Where bytes live: the contract of stores, and how objects are found."""

from baremetal.stores.contract import (
    Bytes,
    Capabilities,
    DataObject,
    Extent,
    Stat,
    Store,
    Token,
    Writer,
)
from baremetal.stores.registry import locate
from baremetal.stores.uri import Uri

__all__ = [
    "Bytes",
    "Capabilities",
    "DataObject",
    "Extent",
    "Stat",
    "Store",
    "Token",
    "Uri",
    "Writer",
    "locate",
]
