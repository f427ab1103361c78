"""The backends that the configuration names, each a storage with an export."""

from dataclasses import dataclass
from typing import Any, Final

from oslo_config import cfg

from baremetal.clock import Clock
from baremetal.conf import shares as options
from baremetal.domain.errors import InvalidInput, Unavailable
from baremetal.domain.properties import Property
from baremetal.domain.share import SERVERS_SPEC, Place
from baremetal.domain.share_pool import PROTOCOLS, THIN
from baremetal.drivers import shares as drivers
from baremetal.drivers.interfaces.export import ExportInterface
from baremetal.drivers.interfaces.storage import Snapshots, StorageInterface

_GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Backend:
    """A storage, what lets clients into it, and how much of it may be allocated."""

    place: Place
    storage: StorageInterface
    export: ExportInterface
    reserved: float
    ratio: float

    @property
    def snapshots(self) -> Snapshots:
        """What keeps what shares held at a moment.

        :raises InvalidInput: this storage does not.
        """
        if not isinstance(self.storage, Snapshots):
            raise InvalidInput(f"Backend {self.place.backend} has no snapshots.")
        return self.storage

    def check(self) -> None:
        """Return if the storage and the server are there, and what they need.

        :raises BaremetalError: one is not, or does not answer.
        """
        self.storage.check()
        self.export.check()

    def report(self) -> dict[str, Any]:
        """What the scheduler is to know of it, as columns.

        :raises BaremetalError: it does not answer, or cannot be used.
        """
        stats, can = self.storage.stats(), self.storage.capabilities
        total = stats.total / _GIB
        ratio = self.ratio if can.thin else 1.0
        return {
            "total": total,
            "free": max(stats.free / _GIB - total * self.reserved, 0.0),
            "ceiling": int(total * (1 - self.reserved) * ratio),
            "capabilities": self.capabilities(),
        }

    def capabilities(self) -> dict[str, Any]:
        """What extra specs are compared with."""
        can, snapshots = self.storage.capabilities, isinstance(self.storage, Snapshots)
        return {
            "share_backend_name": self.place.backend,
            PROTOCOLS: self.export.capabilities.protocol,
            SERVERS_SPEC: False,
            THIN: can.thin,
            "snapshot_support": snapshots,
            "create_share_from_snapshot_support": snapshots,
            "revert_to_snapshot_support": snapshots,
            "mount_snapshot_support": False,
            "quota": can.quota,
            "clones": can.clones,
            "cheap_snapshots": can.cheap_snapshots,
            "max_over_subscription_ratio": self.ratio,
            "reserved_percentage": round(self.reserved * 100),
        }


class Backends:
    """Those of one share service, opened when it starts."""

    def __init__(self, conf: cfg.ConfigOpts, clock: Clock) -> None:
        """Open what ``[shares] enabled_backends`` names.

        :raises InvalidInput: a driver is not installed, a setting will not do, or a storage and
            an export do not go together.
        """
        names = list(dict.fromkeys(conf.shares.enabled_backends))
        self.all = {name: _opened(conf, name, clock) for name in names}

    def at(self, host: str) -> Backend:
        """The backend of a place.

        :raises Unavailable: the configuration does not name it any more.
        """
        place = Place.parse(host)
        found = self.all.get(place.backend)
        if found is None:
            raise Unavailable(
                f"[shares] enabled_backends does not name {place.backend} any more; what is to "
                "be done there waits for it."
            )
        return found


def _opened(conf: cfg.ConfigOpts, name: str, clock: Clock) -> Backend:
    section = f"share_backend:{name}"
    conf.register_opts(options.BACKEND_OPTS, group=section)
    group = conf[section]
    kinds = ((drivers.STORAGE, group.storage), (drivers.EXPORT, group.export))
    settings = [
        _settings(conf, section, drivers.driver_class(kind, driver).properties)
        for kind, driver in kinds
    ]
    storage = drivers.load_storage(group.storage, settings[0], clock)
    export = drivers.load_export(group.export, settings[1], clock)
    drivers.check_pair(storage, export)
    place = Place(conf.host, name, group.pool or name)
    reserved = group.reserved_percentage / 100
    return Backend(place, storage, export, reserved, group.max_over_subscription_ratio)


def _settings(
    conf: cfg.ConfigOpts, section: str, properties: tuple[Property, ...]
) -> dict[str, object]:
    found: dict[str, object] = {}
    for prop in properties:
        for word in (prop.name, f"{prop.name}_file") if prop.secret else (prop.name,):
            conf.register_opt(cfg.StrOpt(word, secret=prop.secret), group=section)
            if conf[section][word] is not None:
                found[word] = conf[section][word]
    return found
