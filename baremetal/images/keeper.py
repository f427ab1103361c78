"""The bytes of images come and go, and the record says at each moment what is true."""

import logging
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing, suppress
from typing import Any, Final

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.image_data import ImageData
from baremetal.db.images import ImageStore, image_of
from baremetal.domain import image as im
from baremetal.domain.errors import (
    BaremetalError,
    Conflict,
    InvalidInput,
    NotFound,
    TooLarge,
    Unavailable,
)
from baremetal.images.shelves import Shelves
from baremetal.motion.formats import QEMU_NAMES, inspect
from baremetal.motion.hashing import Digests, hasher_of
from baremetal.stores import Bytes, DataObject
from baremetal.stores.abilities import SignedUrls
from baremetal.stores.errors import HostileImage

LOG = logging.getLogger(__name__)

#: What the API shows as ``checksum`` and as ``os_hash_value``.
CHECKSUM: Final = "md5"
HASH: Final = "sha512"
#: Formats whose bytes can be told from others'.
_TOLD: Final = frozenset({*QEMU_NAMES, "raw", "iso", "gpt"})

Row = Mapping[str, Any]


class Keeper:
    """Puts bytes into stores, gets them, and removes them."""

    def __init__(self, db: Database, shelves: Shelves, clock: Clock) -> None:
        """Keep the images of `db` on `shelves`."""
        self.shelves = shelves
        self._images = ImageStore(db)
        self._data = ImageData(db)
        self._clock = clock

    def upload(self, row: Row, pieces: Iterable[Bytes], store: str, size: int | None) -> None:
        """Put bytes into an image that is as it was read in `row`.

        Nobody sees them before all have come, and are what the image says that they are.

        :raises Conflict: the image has bytes, or others are on their way.
        :raises HostileImage: they are not what they are said to be, or not safe.
        :raises TooLarge: there are more of them than an image may have.
        """
        image_of(row).check_data()
        location = self._clock.new_uuid()
        self._data.begin(row, "upload", location, store, self._clock.now())
        events = ("upload done", "upload failed")
        self._receive(row, location, store, lambda to: self._write(to, pieces, size), events)

    def stage(self, row: Row, pieces: Iterable[Bytes], store: str, size: int | None) -> None:
        """Take bytes in that a later import makes the image's own.

        :raises Conflict: the image has bytes, or others are on their way.
        :raises TooLarge: there are more of them than an image may have.
        """
        image_of(row).check_data()
        uuid, location = row["uuid"], self._clock.new_uuid()
        target = self.shelves.object(store, location)
        self._data.begin(row, "stage", location, store, self._clock.now())
        try:
            known = self._write(target, pieces, size)
            self._data.staged(uuid, location, known, self._clock.now())
        except BaseException:
            self.drop(target, uuid, location, "stage failed")
            raise

    def _receive(
        self,
        row: Row,
        location: str,
        store: str,
        fill: Callable[[DataObject], dict[str, Any]],
        events: tuple[str, str],
    ) -> None:
        """Let `fill` bring the bytes of a location that has begun, inspect and publish them.

        It returns what became known of them. `events` are what happens to the image where all
        went well, and where not: then nothing is left.
        """
        uuid, target = row["uuid"], self.shelves.object(store, location)
        try:
            self.publish(row, location, target, fill(target), events[0])
        except BaseException:
            self.drop(target, uuid, location, events[1])
            raise

    def publish(
        self, row: Row, location: str, target: DataObject, known: Mapping[str, Any], event: str
    ) -> None:
        """Inspect the bytes of a location that are all there, and let them be the image's own.

        :raises HostileImage: they are not what they are said to be, or not safe.
        :raises NotFound: the image was deleted meanwhile.
        """
        known = inspected(target, row, known)
        self._data.finish(row["uuid"], event, [location], known, self._clock.now())

    def drop(self, target: DataObject, uuid: str, location: str, event: str | None) -> None:
        """Leave nothing of a location whose bytes did not all come; `event` tells the image."""
        with suppress(BaremetalError):
            target.store.delete(target.name)
        self._data.give_up(uuid, event, location, self._clock.now())

    def _write(
        self, target: DataObject, pieces: Iterable[Bytes], size: int | None
    ) -> dict[str, Any]:
        most, at = self.shelves.max_size, 0
        if size is not None and size > most:
            raise _too_large(most)
        hasher = hasher_of(Digests((CHECKSUM, HASH)), size)
        try:
            with target.store.write(target.name, size=size) as writer:
                for piece in pieces:
                    if at + len(piece) > most:
                        raise _too_large(most)
                    hasher.feed(piece)
                    writer.write(at, piece)
                    at += len(piece)
                if size is not None and at != size:
                    raise InvalidInput(
                        f"{at} bytes have come, of {size} that were promised; nothing was kept."
                    )
                writer.commit(at)
            digests = hasher.finish()
        finally:
            hasher.stop()
        return {
            "size": at,
            "checksum": digests[CHECKSUM],
            "os_hash_algo": HASH,
            "os_hash_value": digests[HASH],
        }

    def read(
        self, row: Row, start: int, length: int
    ) -> tuple[DataObject, Generator[Bytes, None, None]]:
        """The object that holds an image's bytes, and a range of them in pieces. Close it.

        :raises NotFound: it has none.
        :raises Unavailable: none of the stores that have it answers.
        """
        locations = self._data.locations(row["uuid"], im.STORED)
        if not locations:
            raise NotFound("Data of image", row["uuid"])
        for number, location in enumerate(locations):
            try:
                found = self.shelves.object(location["store"], location["uuid"])
                stat = found.store.stat(found.name)
                return found, found.store.read(found.name, start, length, stat.validator)
            except BaremetalError as error:
                LOG.warning("image %s in %s: %s", row["uuid"], location["store"], error.message)
                if number + 1 == len(locations):
                    raise Unavailable(
                        f"The data of image {row['uuid']} cannot be read now. Retry later."
                    ) from error
        raise AssertionError

    def signed_url(self, row: Row, seconds: int) -> tuple[str, str] | None:
        """(store, URL) by which an image's bytes are read of the store itself for `seconds`.

        None where no store that has them gives such URLs, or can do so now.
        """
        for location in self._data.locations(row["uuid"], im.STORED):
            name = location["store"]
            try:
                found = self.shelves.object(name, location["uuid"])
                can = found.store.capabilities.signed_url and self.shelves.gives_urls(name)
                if can and isinstance(found.store, SignedUrls):
                    return name, found.store.signed_url(found.name, seconds)
            except BaremetalError as error:
                LOG.warning("image %s in %s: %s", row["uuid"], name, error.message)
        return None

    def places(self, uuid: str) -> list[tuple[str, DataObject]]:
        """(store, object) of each store that has an image's bytes."""
        return [
            (one["store"], self.shelves.object(one["store"], one["uuid"]))
            for one in self._data.locations(uuid, im.STORED)
        ]

    def behind_front(self, row: Row) -> str | None:
        """The path by which the server before us sends an image's bytes; None: we do."""
        for store, found in self.places(row["uuid"]):
            folder = self.shelves.front(store)
            if folder:
                try:
                    found.store.stat(found.name)
                except BaremetalError as error:
                    LOG.warning("image %s in %s: %s", row["uuid"], store, error.message)
                    continue
                return f"{folder.rstrip('/')}/{found.name.lstrip('/')}"
        return None

    def leave_store(self, row: Row, store: str) -> None:
        """Remove an image's bytes from one of its stores; another has them still.

        :raises NotFound: it has none there.
        :raises Forbidden: it is protected, or has them nowhere else.
        :raises Conflict: it has no bytes, or is being copied.
        """
        image_of(row).check_delete()
        image_of(row).check_whole()
        if self._data.is_worked_on(row["uuid"]):
            raise Conflict(f"Image {row['uuid']} is being copied; cancel that, or wait for it.")
        for location in self._data.leave_store(row["uuid"], store, self._clock.now()):
            found = self.shelves.object(store, location["uuid"])
            try:
                found.store.delete(found.name)
            except BaremetalError as error:
                # No record speaks of it any more, so the audit finds it.
                LOG.warning("image %s has left %s, its data not: %s", row["uuid"], store, error)

    def delete(self, row: Row) -> None:
        """Take an image from sight, then remove its bytes, then its record.

        Where a store does not answer, the last two are left to `baremetal-manage images audit`.

        :raises Forbidden: it is protected.
        :raises ChangedMeanwhile: it is no longer as it was read in `row`.
        """
        image_of(row).check_delete()
        self.remove(row["uuid"], self._data.begin_delete(row, self._clock.now()))

    def remove(self, uuid: str, locations: Iterable[Row]) -> bool:
        """Remove what is left of an image that is out of sight; whether nothing is left."""
        try:
            for location in locations:
                found = self.shelves.object(location["store"], location["uuid"])
                found.store.delete(found.name)
        except BaremetalError as error:
            LOG.warning("image %s is deleted, its data not yet: %s", uuid, error.message)
            return False
        self._data.forget(uuid)
        return True


def inspected(target: DataObject, row: Row, known: Mapping[str, Any]) -> dict[str, Any]:
    """What is `known` of an image's bytes, and the size of the disk that they are, bytes.

    :raises HostileImage: they are not what they are said to be, or not safe.
    """
    if row["container_format"] != "bare" or row["disk_format"] not in _TOLD:
        return {**known, "virtual_size": None}

    def read(start: int, length: int | None) -> Generator[Bytes, None, None]:
        with closing(target.store.read(target.name, start, length)) as pieces:
            yield from pieces

    try:
        found = inspect(read, known["size"], row["disk_format"])
    except HostileImage as error:
        raise HostileImage(f"{error.message} Nothing was kept.") from error
    return {**known, "virtual_size": found.virtual_size}


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        f"The image is larger than {most} bytes, the most that one may be ([images] max_size_gib)."
    )
