"""How a wish for data that comes by itself becomes an operation of the data service.

It is downloaded, taken over from the stage, or copied between stores. What is written here is
the intent; `baremetal.data` carries it out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.image_data import ImageData
from baremetal.db.images import image_of
from baremetal.db.vault import Vault
from baremetal.domain import image as im
from baremetal.domain import operation as op
from baremetal.domain.errors import Conflict
from baremetal.images.downloads import Downloads

GLANCE_DIRECT: Final = "glance-direct"
WEB_DOWNLOAD: Final = "web-download"
COPY_IMAGE: Final = "copy-image"
METHODS: Final = (GLANCE_DIRECT, WEB_DOWNLOAD, COPY_IMAGE)
#: The kind of the operation, whatever the method.
KIND: Final = "import"

Row = Mapping[str, Any]
#: Columns of an operation that say who has asked for it.
Asked = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Where:
    """The stores that data is to be in, the first before the others."""

    stores: Sequence[str]
    #: Whether it is to be in all of them or in none.
    all_or_none: bool = True


class Importer:
    """Queues imports."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        clock: Clock,
        downloads: Downloads,
        ring: Callable[[], object],
    ) -> None:
        """Write intents to `db`, and `ring` the data service after each."""
        self._downloads = downloads
        self._data = ImageData(db)
        self._vault = vault
        self._clock = clock
        self._ring = ring

    def download(self, row: Row, uri: str, where: Where, asked: Asked) -> str:
        """Let an image's data be fetched from the web, into the first store, then the others.

        :returns: the uuid of the operation, as of the other two
        :raises InvalidInput: it is no address of the web, or the image lacks its formats.
        :raises UseRefused: the configuration keeps such addresses from being fetched from.
        :raises Conflict: the image has data, or other data is on its way.
        """
        image_of(row).check_data()
        self._downloads.source(uri)
        location, store = self._clock.new_uuid(), where.stores[0]
        # An address may hold a password, or be one.
        params = {
            "method": WEB_DOWNLOAD,
            "location": location,
            "store": store,
            "stores": list(where.stores[1:]),
            "all_or_none": where.all_or_none,
            "sealed": self._vault.seal({"uri": uri}),
        }
        intent = self._intent(row, params, asked)
        self._data.begin(row, "import", location, store, self._clock.now(), intent)
        return self._rung(intent)

    def take_over(self, row: Row, where: Where, asked: Asked) -> str:
        """Let staged data become the image's own; it stays where it is, and is copied on.

        :raises Conflict: nothing is staged.
        """
        staged = self._data.locations(row["uuid"], im.STAGED)
        if not staged:
            raise Conflict(f"Nothing is staged for image {row['uuid']}; first PUT its stage.")
        location, store = staged[0]["uuid"], staged[0]["store"]
        params = {
            "method": GLANCE_DIRECT,
            "location": location,
            "store": store,
            "stores": [one for one in where.stores if one != store],
            "all_or_none": where.all_or_none,
        }
        intent = self._intent(row, params, asked)
        self._data.begin_import(row, location, self._clock.now(), intent)
        return self._rung(intent)

    def copy(self, row: Row, where: Where, asked: Asked) -> str:
        """Let an image's data be copied to further stores.

        :raises Conflict: it is not active.
        """
        if row["status"] != im.ACTIVE:
            raise Conflict(f"Image {row['uuid']} is {row['status']}; only active ones are copied.")
        params = {
            "method": COPY_IMAGE,
            "stores": list(where.stores),
            "all_or_none": where.all_or_none,
        }
        intent = self._intent(row, params, asked)
        self._data.submit(intent, self._clock.now())
        return self._rung(intent)

    def _intent(self, row: Row, params: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
        return {
            "uuid": self._clock.new_uuid(),
            "kind": KIND,
            "resource_type": op.IMAGE,
            "resource_uuid": row["uuid"],
            "conductor_group": op.DATA_QUEUE,
            "params": dict(params),
            **asked,
        }

    def _rung(self, intent: Row) -> str:
        self._ring()
        return str(intent["uuid"])
