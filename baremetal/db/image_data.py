"""Where the bytes of images are: what is true of an image and of its bytes changes at once.

A location is written down before its first byte, under a uuid of its own, by which the object
is called in its store. So whatever is in a store can be told from its name alone: an object
whose location is ``stored`` belongs to its image, another one is left of something that ended.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.images import move
from baremetal.db.tables import image_locations, image_members, images
from baremetal.db.types import stamp
from baremetal.domain import image as im
from baremetal.domain.errors import ChangedMeanwhile, NotFound

Row = Mapping[str, Any]
_AT = image_locations.c


class ImageData:
    """Writes an image and its locations, each time in one transaction."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db

    def begin(self, row: Row, event: str, location: str, store: str, now: datetime) -> None:
        """Bytes are about to be written to `store`, for an image as it was read in `row`.

        :raises Conflict: its status forbids `event`.
        :raises ChangedMeanwhile: it is no longer as it was.
        """
        at = stamp(now)
        new = {"uuid": location, "image_uuid": row["uuid"], "store": store, "state": im.WRITING}
        with self._db.write() as tx:
            move(tx, row, event, {}, at)
            tx.execute(image_locations.insert(), {**new, "created_at": at})

    def finish(
        self, uuid: str, event: str, location: str, values: Mapping[str, Any], now: datetime
    ) -> None:
        """All bytes are in the store; `values` are what became known of them.

        :raises NotFound: the image was deleted meanwhile.
        :raises Conflict: its status forbids `event`.
        """
        at = stamp(now)
        stored = (
            sa.update(image_locations)
            .where(_AT.uuid == location, _AT.state == im.WRITING)
            .values(state=im.STORED, updated_at=at)
        )
        with self._db.write() as tx:
            move(tx, _locked(tx, uuid), event, dict(values), at)
            if tx.execute(stored).rowcount != 1:
                raise ChangedMeanwhile("Image", uuid)

    def give_up(self, uuid: str, event: str, location: str, now: datetime) -> None:
        """The bytes did not come: as if nobody had tried. There being no image is fine."""
        with self._db.write() as tx:
            tx.execute(sa.delete(image_locations).where(_AT.uuid == location))
            try:
                row = _locked(tx, uuid)
            except NotFound:
                return
            if row["status"] in im.STATES[event]:
                move(tx, row, event, {}, stamp(now))

    def begin_delete(self, row: Row, now: datetime) -> list[dict[str, Any]]:
        """Take the image from sight; the locations whose objects are to be removed.

        :raises ChangedMeanwhile: it is no longer as it was read in `row`.
        """
        mine = _AT.image_uuid == row["uuid"]
        leave = sa.update(image_locations).where(mine).values(state=im.DELETING)
        with self._db.write() as tx:
            move(tx, row, "delete", {}, stamp(now))
            tx.execute(leave)
            found = tx.execute(sa.select(image_locations).where(mine)).mappings()
            return [dict(location) for location in found]

    def forget(self, uuid: str) -> None:
        """The objects are gone: so is the record of the image, and of who shares it."""
        with self._db.write() as tx:
            tx.execute(sa.delete(image_locations).where(_AT.image_uuid == uuid))
            tx.execute(sa.delete(image_members).where(image_members.c.image_uuid == uuid))
            tx.execute(sa.delete(images).where(images.c.uuid == uuid))

    def lose(self, location: Row, now: datetime) -> None:
        """The bytes of a location are gone; an image that has no others is killed."""
        uuid = location["image_uuid"]
        with self._db.write() as tx:
            tx.execute(sa.delete(image_locations).where(_AT.uuid == location["uuid"]))
            left = sa.select(_AT.uuid).where(_AT.image_uuid == uuid, _AT.state == im.STORED)
            if tx.execute(left).first() is None:
                row = _locked(tx, uuid)
                if row["status"] in im.STATES["lose"]:
                    move(tx, row, "lose", {}, stamp(now))

    def out_of_sight(self, before: datetime) -> list[str]:
        """The images whose deletion began before a moment, and has not ended."""
        query = sa.select(images.c.uuid).where(
            images.c.status == im.PENDING_DELETE, images.c.updated_at < stamp(before)
        )
        with self._db.read() as connection:
            return list(connection.execute(query).scalars())

    def size_of(self, uuid: str) -> int | None:
        """How many bytes the record of an image says that it has."""
        query = sa.select(images.c.size).where(images.c.uuid == uuid)
        with self._db.read() as connection:
            return connection.execute(query).scalar()

    def knows(self, location: str) -> bool:
        """Whether there is such a location, in whatever state."""
        with self._db.read() as connection:
            query = sa.select(_AT.uuid).where(_AT.uuid == location)
            return connection.execute(query).first() is not None

    def locations(self, uuid: str | None = None, state: str | None = None) -> list[dict[str, Any]]:
        """Locations, of one image or of one state, the oldest first."""
        query = sa.select(image_locations).order_by(_AT.id)
        if uuid is not None:
            query = query.where(_AT.image_uuid == uuid)
        if state is not None:
            query = query.where(_AT.state == state)
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _locked(tx: sa.Connection, uuid: str) -> Mapping[str, Any]:
    query = sa.select(images).where(images.c.uuid == uuid).with_for_update()
    row = tx.execute(query).mappings().first()
    if row is None:
        raise NotFound("Image", uuid)
    return dict(row)
