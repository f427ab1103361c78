"""Data that comes by itself: downloaded, taken over from the stage, copied between stores.

It comes in threads of this process. Where that dies, the record says that the data is on its
way, and `baremetal.images.audit` puts it right; asking again is always safe.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.image_data import ImageData
from baremetal.db.images import ImageStore, image_of
from baremetal.domain import image as im
from baremetal.domain.errors import BaremetalError, Conflict, InvalidInput, NotFound, Unavailable
from baremetal.images.keeper import CHECKSUM, HASH, Keeper
from baremetal.motion import Wishes, transfer
from baremetal.stores import DataObject, locate

LOG = logging.getLogger(__name__)

GLANCE_DIRECT: Final = "glance-direct"
WEB_DOWNLOAD: Final = "web-download"
COPY_IMAGE: Final = "copy-image"
METHODS: Final = (GLANCE_DIRECT, WEB_DOWNLOAD, COPY_IMAGE)

#: Beyond these, callers are asked to come back.
_MOST_AT_ONCE: Final = 8
_SCHEMES: Final = ("http://", "https://")

Row = Mapping[str, Any]


class Importer:
    """Starts imports, and sees them to their end."""

    def __init__(
        self, db: Database, keeper: Keeper, clock: Clock, stopping: threading.Event
    ) -> None:
        """Import into the stores of `keeper`, until `stopping` is set."""
        self._keeper = keeper
        self._images = ImageStore(db)
        self._data = ImageData(db)
        self._clock = clock
        self._stopping = stopping
        self._places = threading.BoundedSemaphore(_MOST_AT_ONCE)

    def download(self, row: Row, uri: str, stores: Sequence[str]) -> None:
        """Begin to fetch an image's data from the web, into the first store, then the others.

        :raises InvalidInput: it is no address of the web, or the image lacks its formats.
        :raises Conflict: the image has data, or other data is on its way.
        :raises Unavailable: too many imports go on.
        """
        image_of(row).check_data()
        if not uri.startswith(_SCHEMES):
            raise InvalidInput(f"method/uri must begin with {' or '.join(_SCHEMES)}.")
        source, location = locate(uri), self._clock.new_uuid()

        def go() -> None:
            self._keeper.receive(
                row, location, stores[0], self._fetch(source), ("import done", "import failed")
            )
            self._copy_on(row["uuid"], stores[1:])

        self._start(
            lambda: self._data.begin(row, "import", location, stores[0], self._clock.now()),
            go,
            row["uuid"],
        )

    def take_over(self, row: Row, stores: Sequence[str]) -> None:
        """Let staged data become the image's own; it stays where it is, and is copied on.

        :raises Conflict: nothing is staged.
        :raises Unavailable: too many imports go on.
        """
        staged = self._data.locations(row["uuid"], im.STAGED)
        if not staged:
            raise Conflict(f"Nothing is staged for image {row['uuid']}; first PUT its stage.")
        (location,) = staged

        def go() -> None:
            self._keeper.receive(
                row,
                location["uuid"],
                location["store"],
                lambda _target: {},
                ("import done", "import failed"),
            )
            self._copy_on(row["uuid"], [one for one in stores if one != location["store"]])

        self._start(
            lambda: self._data.begin_import(row, location["uuid"], self._clock.now()),
            go,
            row["uuid"],
        )

    def copy(self, row: Row, stores: Sequence[str]) -> None:
        """Begin to copy an image's data to further stores.

        :raises Conflict: it is not active.
        :raises Unavailable: too many imports go on.
        """
        if row["status"] != im.ACTIVE:
            raise Conflict(f"Image {row['uuid']} is {row['status']}; only active ones are copied.")
        self._start(lambda: None, lambda: self._copy_on(row["uuid"], stores), row["uuid"])

    def _start(self, begin: Callable[[], None], go: Callable[[], None], uuid: str) -> None:
        if not self._places.acquire(blocking=False):
            raise Unavailable(f"{_MOST_AT_ONCE} imports go on in this process. Retry later.")

        def run() -> None:
            try:
                go()
            except BaremetalError as error:
                LOG.warning("image %s: import: %s", uuid, error.message)
                self._data.note(uuid, {im.IMPORT_MESSAGE: error.message}, self._clock.now())
            except Exception:
                LOG.exception("image %s: import", uuid)
            finally:
                self._places.release()

        try:
            begin()
        except BaseException:
            self._places.release()
            raise
        threading.Thread(target=run, name=f"import-{uuid}", daemon=True).start()

    def _fetch(self, source: DataObject) -> Callable[[DataObject], dict[str, Any]]:
        most = self._keeper.shelves.max_size

        def fetch(target: DataObject) -> dict[str, Any]:
            wishes = Wishes(hashes=(CHECKSUM, HASH), max_size=most)
            outcome = transfer(source, target, wishes, cancel=self._stopping, clock=self._clock)
            return {
                "size": outcome.size,
                "checksum": outcome.digests[CHECKSUM],
                "os_hash_algo": HASH,
                "os_hash_value": outcome.digests[HASH],
            }

        return fetch

    def _copy_on(self, uuid: str, stores: Sequence[str]) -> None:
        for store in stores:
            there = self._data.locations(uuid)
            if any(one["store"] == store for one in there):
                continue
            sources = [one for one in there if one["state"] == im.STORED]
            if not sources:
                raise NotFound("Data of image", uuid)
            self._copy_to(uuid, sources[0], store)

    def _copy_to(self, uuid: str, origin: Row, store: str) -> None:
        row, location = self._images.row(uuid), self._clock.new_uuid()
        shelves = self._keeper.shelves
        source = shelves.object(origin["store"], origin["uuid"])
        target = shelves.object(store, location)
        self._data.begin_copy(uuid, location, store, self._clock.now())
        try:
            wishes = Wishes(expected={row["os_hash_algo"]: row["os_hash_value"]})
            transfer(source, target, wishes, cancel=self._stopping, clock=self._clock)
            self._data.finish_copy(uuid, location, self._clock.now())
        except BaseException:
            with suppress(BaremetalError):
                target.store.delete(target.name)
            self._data.give_up(uuid, None, location, self._clock.now())
            raise
