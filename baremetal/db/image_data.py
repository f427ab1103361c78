"""Where the bytes of images are: what is true of an image and of its bytes changes at once.

A location is written down before its first byte, under a uuid of its own, by which the object
is called in its store. So whatever is in a store can be told from its name alone: an object
whose location is ``stored`` belongs to its image, another one is left of something that ended.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.events import Event
from baremetal.db.images import move
from baremetal.db.operations import cancel_all, record, submit
from baremetal.db.tables import image_locations, image_members, images, operations
from baremetal.db.types import stamp
from baremetal.domain import image as im
from baremetal.domain import operation as op
from baremetal.domain.errors import ChangedMeanwhile, Forbidden, NotFound
from baremetal.domain.history import Failure

Row = Mapping[str, Any]
#: What is written first in a transaction, and may refuse it.
Guard = Callable[[sa.Connection], object]
_AT = image_locations.c
#: What becomes known of an image with its bytes.
_KNOWN = ("size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value")


class ImageData:
    """Writes an image and its locations, each time in one transaction."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db

    def begin(
        self,
        row: Row,
        event: str,
        location: str,
        store: str,
        now: datetime,
        intent: Row | None = None,
    ) -> None:
        """Bytes are about to be written to `store`, for an image as it was read in `row`.

        With an `intent` it is an operation that will write them.

        :raises Conflict: its status forbids `event`.
        :raises ChangedMeanwhile: it is no longer as it was.
        """
        at = stamp(now)
        new = {"uuid": location, "image_uuid": row["uuid"], "store": store, "state": im.WRITING}
        with self._db.write() as tx:
            move(tx, row, event, _course(row, intent), at)
            tx.execute(image_locations.insert(), {**new, "created_at": at})
            if intent is not None:
                submit(tx, intent, at)

    def finish(
        self,
        uuid: str,
        event: str | None,
        locations: Sequence[str],
        values: Mapping[str, Any],
        now: datetime,
        guard: Guard | None = None,
    ) -> None:
        """All bytes are in the stores; `values` are what became known of them.

        Without an `event` the image had them before.

        :raises NotFound: the image was deleted meanwhile.
        :raises Conflict: its status forbids `event`.
        """
        at = stamp(now)
        with self._db.write() as tx:
            if guard is not None:
                guard(tx)
            row = _locked(tx, uuid)
            if event is None and row["status"] == im.PENDING_DELETE:
                raise NotFound("Image", uuid)
            where = sa.select(_AT.store).where(_AT.uuid.in_(locations))
            own = im.with_course(row["properties"], done=tx.execute(where).scalars())
            if event is not None:
                own.pop(im.IMPORT_MESSAGE, None)
                move(tx, row, event, {**values, "properties": own}, at)
            elif own != row["properties"]:
                _write(tx, row, own, at)
            for location in locations:
                _turn(tx, uuid, location, (im.WRITING, im.STORED), at)

    def staged(self, uuid: str, location: str, values: Mapping[str, Any], now: datetime) -> None:
        """All bytes are there, but not the image's own yet; `values` are what is known of them.

        :raises NotFound: the image was deleted meanwhile.
        """
        at = stamp(now)
        with self._db.write() as tx:
            move(tx, _locked(tx, uuid), "stage done", dict(values), at)
            _turn(tx, uuid, location, (im.WRITING, im.STAGED), at)

    def begin_import(self, row: Row, location: str, now: datetime, intent: Row) -> None:
        """The staged bytes of an image are about to become its own, by an operation.

        :raises Conflict: nothing is staged.
        :raises ChangedMeanwhile: the image is no longer as it was read in `row`.
        """
        at = stamp(now)
        with self._db.write() as tx:
            move(tx, row, "import", _course(row, intent), at)
            _turn(tx, row["uuid"], location, (im.STAGED, im.WRITING), at)
            submit(tx, intent, at)

    def submit(self, intent: Row, now: datetime) -> None:
        """Queue an operation that copies an image to further stores."""
        at = stamp(now)
        with self._db.write() as tx:
            submit(tx, intent, at)
            row = _locked(tx, intent["resource_uuid"])
            _write(tx, row, _course(row, intent)["properties"], at)

    def tell(
        self,
        uuid: str,
        now: datetime,
        *,
        done: Sequence[str] = (),
        failed: Sequence[str] = (),
    ) -> None:
        """An import into stores has ended there; there being no image is fine."""
        with self._db.write() as tx:
            try:
                row = _locked(tx, uuid)
            except NotFound:
                return
            own = im.with_course(row["properties"], done=done, failed=failed)
            if own != row["properties"]:
                _write(tx, row, own, stamp(now))

    def begin_copy(self, uuid: str, location: str, store: str, now: datetime, guard: Guard) -> None:
        """Bytes that the image has already are about to be written to a further store."""
        new = {"uuid": location, "image_uuid": uuid, "store": store, "state": im.WRITING}
        with self._db.write() as tx:
            guard(tx)
            tx.execute(image_locations.insert(), {**new, "created_at": stamp(now)})

    def give_up(self, uuid: str, event: str | None, location: str, now: datetime) -> None:
        """The bytes did not come: as if nobody had tried. There being no image is fine."""
        with self._db.write() as tx:
            tx.execute(sa.delete(image_locations).where(_AT.uuid == location))
            try:
                row = _locked(tx, uuid)
            except NotFound:
                return
            if event is not None and row["status"] in im.STATES[event]:
                move(tx, row, event, dict.fromkeys(_KNOWN), stamp(now))

    def begin_delete(self, row: Row, now: datetime) -> list[dict[str, Any]]:
        """Take the image from sight; the locations whose objects are to be removed.

        :raises ChangedMeanwhile: it is no longer as it was read in `row`.
        """
        mine = _AT.image_uuid == row["uuid"]
        leave = sa.update(image_locations).where(mine).values(state=im.DELETING)
        at = stamp(now)
        with self._db.write() as tx:
            # Operations before what they are about, as everywhere.
            cancel_all(tx, row["uuid"], "delete", at)
            move(tx, row, "delete", {}, at)
            tx.execute(leave)
            found = tx.execute(sa.select(image_locations).where(mine)).mappings()
            return [dict(location) for location in found]

    def leave_store(self, uuid: str, store: str, now: datetime) -> list[dict[str, Any]]:
        """Let an image have its bytes in a store no longer; the locations whose objects may go.

        :raises NotFound: it has none there.
        :raises Forbidden: it has them nowhere else.
        """
        stored = sa.and_(_AT.image_uuid == uuid, _AT.state == im.STORED)
        with self._db.write() as tx:
            row = _locked(tx, uuid)
            found = tx.execute(sa.select(image_locations).where(stored)).mappings()
            there = [dict(location) for location in found]
            mine = [one for one in there if one["store"] == store]
            if not mine:
                raise NotFound("Data of image", f"{uuid} in store {store}")
            if len(mine) == len(there):
                raise Forbidden(
                    f"Image {uuid} has its data in {store} alone. Copy it elsewhere first, or "
                    "delete the image."
                )
            tx.execute(sa.delete(image_locations).where(stored, _AT.store == store))
            _write(tx, row, row["properties"], stamp(now))
        return mine

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

    def is_worked_on(self, uuid: str) -> bool:
        """Whether an operation on an image is under way, or will be."""
        mine = sa.and_(operations.c.resource_uuid == uuid, operations.c.state.in_(op.OPEN))
        with self._db.read() as connection:
            return connection.execute(sa.select(operations.c.id).where(mine)).first() is not None

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


@dataclass(frozen=True, slots=True)
class ImageChange:
    """What an operation writes of an image along with itself: why it has failed, if it has."""

    uuid: str
    error: str | None = None

    def write(
        self,
        tx: sa.Connection,
        at: str,
        news: Sequence[Event] = (),
        *,
        free: bool = False,
        over: bool = False,
    ) -> None:
        """As `baremetal.db.operations.Change` has it; the image being gone is fine."""
        if self.error is not None:
            _note(tx, self.uuid, {im.IMPORT_MESSAGE: self.error}, at)
        record(tx, at, news)

    def remember(self, tx: sa.Connection, at: str, failure: Failure) -> None:
        """Nothing: an image has no history but its message."""


def _note(tx: sa.Connection, uuid: str, properties: Mapping[str, str], at: str) -> None:
    """Add the service's own properties to an image; there being none is fine."""
    try:
        row = _locked(tx, uuid)
    except NotFound:
        return
    _write(tx, row, {**row["properties"], **properties}, at)


def _write(tx: sa.Connection, row: Row, properties: Row, at: str) -> None:
    """Give an image that is locked its properties."""
    changed = {"properties": dict(properties), "version": row["version"] + 1, "updated_at": at}
    tx.execute(sa.update(images).where(images.c.uuid == row["uuid"]).values(changed))


def _course(row: Row, intent: Row | None) -> dict[str, Any]:
    """What an import that begins changes of an image: the stores that it is to come to."""
    if intent is None:
        return {}
    params = intent["params"]
    first = [params["store"]] if "store" in params else []
    return {"properties": im.with_course(row["properties"], begun=[*first, *params["stores"]])}


def _locked(tx: sa.Connection, uuid: str) -> Mapping[str, Any]:
    query = sa.select(images).where(images.c.uuid == uuid).with_for_update()
    row = tx.execute(query).mappings().first()
    if row is None:
        raise NotFound("Image", uuid)
    return dict(row)


def _turn(tx: sa.Connection, uuid: str, location: str, states: tuple[str, str], at: str) -> None:
    """Lead a location from one state to another."""
    now, then = states
    query = sa.update(image_locations).where(_AT.uuid == location, _AT.state == now)
    if tx.execute(query.values(state=then, updated_at=at)).rowcount != 1:
        raise ChangedMeanwhile("Image", uuid)
