"""Compares records with stores, and puts right what disagrees.

finding            what it is                               how it is put right
unfinished         an upload that has ended nowhere         its object goes, the image is queued
half-deleted       an image out of sight whose data stays   its objects go, then its record
lost               a record of bytes that are not there     the location goes; without another
one the image is killed
wrong size         bytes, but not as many as recorded       the same; the object goes, too
orphan             an object that no record knows           it goes
leftover           what an interrupted write has left       it goes
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.image_data import ImageData
from baremetal.db.types import moment
from baremetal.domain import image as im
from baremetal.domain.errors import BaremetalError, NotFound, NotSupported
from baremetal.domain.node import is_uuid
from baremetal.images.keeper import Keeper
from baremetal.images.shelves import Shelves
from baremetal.stores.abilities import KnowsLeftovers

UNFINISHED: Final = "unfinished"
HALF_DELETED: Final = "half-deleted"
LOST: Final = "lost"
WRONG_SIZE: Final = "wrong size"
ORPHAN: Final = "orphan"
LEFTOVER: Final = "leftover"
UNREACHABLE: Final = "unreachable"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that disagrees."""

    kind: str
    store: str
    #: The image, or the object's own name where no image is known.
    what: str
    about: str
    repaired: bool = False


class Audit:
    """One look at all images and all stores."""

    def __init__(self, db: Database, shelves: Shelves, clock: Clock, hours: float) -> None:
        """Take what has not moved for so many hours to be abandoned."""
        self._data = ImageData(db)
        self._keeper = Keeper(db, shelves, clock)
        self._shelves = shelves
        self._clock = clock
        self._before: datetime = clock.now() - timedelta(hours=hours)

    def run(self, *, repair: bool) -> Iterator[Finding]:
        """What disagrees; with `repair` it is put right as it is told."""
        yield from self._unfinished(repair=repair)
        yield from self._half_deleted(repair=repair)
        yield from self._stored(repair=repair)
        for name in self._shelves.names:
            try:
                yield from self._orphans(name, repair=repair)
                yield from self._leftovers(name, repair=repair)
            except NotSupported:
                # It has no listing: there is no way to find what nobody knows of.
                continue
            except BaremetalError as error:
                yield Finding(UNREACHABLE, name, name, error.message)

    def _unfinished(self, *, repair: bool) -> Iterator[Finding]:
        for location in self._data.locations(state=im.WRITING):
            if moment(location["created_at"]) >= self._before:
                continue
            uuid, store = location["image_uuid"], location["store"]
            if self._data.is_worked_on(uuid):
                # Its operation ends it, or goes on with it.
                continue
            try:
                if repair:
                    target = self._shelves.object(store, location["uuid"])
                    target.store.delete(target.name)
                    for event in ("upload failed", "stage failed", "import failed"):
                        self._data.give_up(uuid, event, location["uuid"], self._clock.now())
            except BaremetalError as error:
                yield Finding(UNREACHABLE, store, uuid, error.message)
                continue
            about = f"begun at {location['created_at'][:19]}, never ended"
            yield Finding(UNFINISHED, store, uuid, about, repair)

    def _half_deleted(self, *, repair: bool) -> Iterator[Finding]:
        for uuid in self._data.out_of_sight(self._before):
            locations = self._data.locations(uuid)
            done = repair and self._keeper.remove(uuid, locations)
            stores = ", ".join(sorted({one["store"] for one in locations}))
            yield Finding(HALF_DELETED, stores, uuid, "deleted, its data not yet", done)

    def _stored(self, *, repair: bool) -> Iterator[Finding]:
        for location in self._data.locations(state=im.STORED):
            found = self._disagrees(location)
            if found is None:
                continue
            kind, about = found
            done = repair and kind != UNREACHABLE
            if done:
                if kind == WRONG_SIZE:
                    target = self._shelves.object(location["store"], location["uuid"])
                    target.store.delete(target.name)
                self._data.lose(location, self._clock.now())
            yield Finding(kind, location["store"], location["image_uuid"], about, done)

    def _disagrees(self, location: dict[str, Any]) -> tuple[str, str] | None:
        try:
            target = self._shelves.object(location["store"], location["uuid"])
            size = target.store.stat(target.name).size
        except NotFound:
            return LOST, f"{location['uuid']} is not in the store"
        except BaremetalError as error:
            return UNREACHABLE, error.message
        expected = self._data.size_of(location["image_uuid"])
        if size is not None and expected is not None and size != expected:
            return WRONG_SIZE, f"{size} bytes instead of {expected}"
        return None

    def _orphans(self, name: str, *, repair: bool) -> Iterator[Finding]:
        store, prefix = self._shelves.store(name), self._shelves.prefix(name)
        for stat in store.list(prefix):
            uuid = stat.name.removeprefix(prefix)
            # What is called otherwise is somebody else's.
            if not is_uuid(uuid) or stat.modified is None:
                continue
            # First the object, then the record: one that is written meanwhile has its record.
            if stat.modified >= self._before.timestamp() or self._data.knows(uuid):
                continue
            if repair:
                store.delete(stat.name)
            yield Finding(
                ORPHAN, name, stat.name, f"{stat.size} bytes that no record knows", repair
            )

    def _leftovers(self, name: str, *, repair: bool) -> Iterator[Finding]:
        store = self._shelves.store(name)
        if not isinstance(store, KnowsLeftovers):
            return
        for left in store.leftovers(self._shelves.prefix(name)):
            if left.modified is None or left.modified >= self._before.timestamp():
                continue
            if repair:
                with suppress(NotFound):
                    store.discard(left)
            yield Finding(LEFTOVER, name, left.name, "left by an interrupted write", repair)
