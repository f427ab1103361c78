"""import: the data of an image comes by itself.

web-download: queued -> importing -> active, from an address of the web.
glance-direct: uploading -> importing -> active, from what was staged.
copy-image: active -> active, to further stores.

Data comes into the first store, and is copied to the others. Where all must have it or none,
the image has it when the last of them does; else from the first on, and a store that fails is
left out. An object in a store is called by its location, which is written down before the first
byte; a step that runs again finds what an earlier run has left, and goes on there.
"""

import logging
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from baremetal.data.carriage import OperationNotes, Part, carry, keep
from baremetal.data.task import ImageTask
from baremetal.domain import image as im
from baremetal.domain.errors import (
    BaremetalError,
    Conflict,
    InvalidInput,
    NotFound,
    StorageFailed,
    Unavailable,
)
from baremetal.engine.flow import Flow, Step
from baremetal.images.importer import KIND, WEB_DOWNLOAD
from baremetal.images.keeper import CHECKSUM, HASH, inspected
from baremetal.motion import Wishes
from baremetal.motion.checkpoint import discard
from baremetal.stores import DataObject
from baremetal.stores.errors import HostileImage, StoreError

LOG = logging.getLogger(__name__)

_FETCH: Final = "fetch"
_COPY: Final = "copy"
_PUBLISH: Final = "publish"
#: What becomes known of bytes as they come.
_KNOWN: Final = ("size", "checksum", "os_hash_algo", "os_hash_value")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A store that is to have the bytes, and the location there."""

    store: str
    location: str


def brings(task: ImageTask) -> bool:
    """Whether the image has no data yet."""
    return "location" in task.operation.params


def spreads(task: ImageTask) -> bool:
    """Whether further stores are to have it."""
    return bool(task.operation.params["stores"])


def all_or_none(task: ImageTask) -> bool:
    """Whether no store is to have it unless all do."""
    return bool(task.operation.params["all_or_none"])


def fetch(task: ImageTask) -> None:
    """Bring the bytes into the first store that takes them, and inspect them there."""
    left = [place for place in _places(task) if place.store not in _failed(task)]
    for place in left:
        try:
            _bring(task, place)
        except HostileImage:
            raise
        except (StorageFailed, InvalidInput) as error:
            if all_or_none(task) or not _downloads(task) or place is left[-1]:
                raise
            _fail(task, place, error)
        else:
            break
    if not all_or_none(task):
        for place in _places(task):
            if place.store in _failed(task):
                _drop(task, place, None)


def _bring(task: ImageTask, place: Place) -> None:
    location = _location(task, place)
    if location is None:
        if not _downloads(task) or place.location == task.operation.params["location"]:
            raise Conflict(f"Image {task.uuid} has no data on its way any more.")
        task.data.begin_copy(task.uuid, place.location, place.store, task.clock.now(), task.guard)
    elif location["state"] == im.STORED:
        return
    elif location["state"] != im.WRITING:
        raise Conflict(f"Image {task.uuid} has no data on its way any more.")
    row, target = task.images.row(task.uuid), _object(task, place)
    known = _download(task, place, target) if _downloads(task) else _of(row)
    known = inspected(target, row, known)
    task.scratch |= {"known": known, "home": place.location}
    if not all_or_none(task):
        now = task.clock.now()
        task.data.finish(task.uuid, "import done", [place.location], known, now, task.guard)


def _download(task: ImageTask, place: Place, target: DataObject) -> Row:
    """What becomes known of the bytes as they come."""
    known: Row | None = task.scratch.get("known")
    if known is not None and task.scratch["home"] == place.location and _is_there(target):
        return known
    # One that nobody has noted was left between its publication and the note.
    _clear(target)
    params = task.operation.params
    source = task.downloads.source(task.vault.unseal(params["sealed"])["uri"])
    wishes = Wishes(
        hashes=(CHECKSUM, HASH),
        max_size=task.keeper.shelves.max_size,
        checkpoint=OperationNotes(task, place.location),
    )
    part = Part(_FETCH, 0, 1 + len(params["stores"]))
    outcome = carry(task, part, source, target, wishes)
    known = {
        "size": outcome.size,
        "checksum": outcome.digests[CHECKSUM],
        "os_hash_algo": HASH,
        "os_hash_value": outcome.digests[HASH],
    }
    task.scratch |= {"known": known, "home": place.location}
    keep(task, part)
    return known


def copy(task: ImageTask) -> None:
    """Let each further store have the bytes, from one that has them."""
    home = task.scratch.get("home")
    further = [place for place in _places(task) if place.location != home]
    number = 1 if brings(task) else 0
    last: BaremetalError | None = None
    for place in further:
        if place.store in _failed(task):
            continue
        try:
            _spread(task, place, Part(_COPY, number, number + len(further)))
        except (StorageFailed, InvalidInput) as error:
            if all_or_none(task):
                raise
            _fail(task, place, error)
            _drop(task, place, None)
            last = error
        number += 1
    if last is not None and not brings(task) and len(_failed(task)) == len(further):
        raise last


def _spread(task: ImageTask, place: Place, part: Part) -> None:
    there = task.data.locations(task.uuid)
    mine = next((one for one in there if one["uuid"] == place.location), None)
    if mine is None and any(one["store"] == place.store for one in there):
        task.data.tell(task.uuid, task.clock.now(), done=[place.store])
        return
    if place.location in task.scratch.get("copied", ()):
        return
    if mine is not None and mine["state"] != im.WRITING:
        return
    if mine is None:
        now = task.clock.now()
        task.data.begin_copy(task.uuid, place.location, place.store, now, task.guard)
    known = task.scratch.get("known") or _of(task.images.row(task.uuid))
    source, target = _source(task, there), _object(task, place)
    _clear(target)
    wishes = Wishes(
        expected={known["os_hash_algo"]: known["os_hash_value"]},
        checkpoint=OperationNotes(task, place.location),
    )
    carry(task, part, source, target, wishes)
    if all_or_none(task):
        task.scratch["copied"] = [*task.scratch.get("copied", ()), place.location]
        keep(task, part)
        return
    task.data.finish(task.uuid, None, [place.location], {}, task.clock.now(), task.guard)


def _source(task: ImageTask, there: list[Row]) -> DataObject:
    """An object that has the bytes.

    :raises NotFound: there is none any more.
    """
    for one in there:
        if one["uuid"] == task.scratch.get("home") or one["state"] == im.STORED:
            return task.keeper.shelves.object(one["store"], one["uuid"])
    raise NotFound("Data of image", task.uuid)


def publish(task: ImageTask) -> None:
    """Let the image have the bytes, in all stores at once."""
    mine = {place.location for place in _places(task)}
    writing = [one["uuid"] for one in task.data.locations(task.uuid, im.WRITING)]
    ready = [one for one in writing if one in mine]
    if not ready:
        return  # an earlier run has done it
    event, known = ("import done", task.scratch["known"]) if brings(task) else (None, {})
    task.data.finish(task.uuid, event, ready, known, task.clock.now(), task.guard)


def clean_up(task: ImageTask) -> None:
    """Leave nothing of what did not come; what is whole already stays."""
    places = _places(task)
    stored = {one["store"] for one in task.data.locations(task.uuid, im.STORED)}
    missed = [place.store for place in places if place.store not in stored]
    task.data.tell(task.uuid, task.clock.now(), failed=missed)
    for place in places:
        _drop(task, place, "import failed" if brings(task) else None)


def _fail(task: ImageTask, place: Place, error: BaremetalError) -> None:
    """Go on without a store."""
    LOG.warning("image %s does not come into %s: %s", task.uuid, place.store, error.message)
    task.scratch["failed"] = [*_failed(task), place.store]
    task.data.tell(task.uuid, task.clock.now(), failed=[place.store])


def _drop(task: ImageTask, place: Place, event: str | None) -> None:
    found = _location(task, place)
    if found is not None and found["state"] == im.STORED:
        return
    with suppress(BaremetalError):  # where a store is away, the audit finds what is left
        target = _object(task, place)
        discard(OperationNotes(task, place.location), target)
        target.store.delete(target.name)
    if found is not None and found["state"] == im.WRITING:
        task.data.give_up(task.uuid, event, place.location, task.clock.now())


def _places(task: ImageTask) -> list[Place]:
    """All stores that are to have the bytes; copies have the same locations in each run."""
    params, own = task.operation.params, uuid.UUID(task.operation.uuid)
    found = [Place(store, str(uuid.uuid5(own, store))) for store in params["stores"]]
    return [Place(params["store"], params["location"]), *found] if brings(task) else found


def _object(task: ImageTask, place: Place) -> DataObject:
    return task.keeper.shelves.object(place.store, place.location)


def _clear(target: DataObject) -> None:
    """Make room for an object.

    :raises StorageFailed: the store refuses, or does not answer.
    """
    try:
        target.store.delete(target.name)
    except (StoreError, NotFound, Unavailable) as error:
        raise StorageFailed(error.message) from error


def _location(task: ImageTask, place: Place) -> Row | None:
    known = task.data.locations(task.uuid)
    return next((one for one in known if one["uuid"] == place.location), None)


def _failed(task: ImageTask) -> list[str]:
    found: list[str] = task.scratch.get("failed", [])
    return found


def _downloads(task: ImageTask) -> bool:
    return bool(task.operation.params["method"] == WEB_DOWNLOAD)


def _of(row: Row) -> Row:
    return {name: row[name] for name in _KNOWN}


def _is_there(target: DataObject) -> bool:
    try:
        target.store.stat(target.name)
    except NotFound:
        return False
    return True


FLOW: Flow[ImageTask] = Flow(
    KIND,
    (
        Step(_FETCH, fetch, when=brings),
        Step(_COPY, copy, when=spreads),
        Step(_PUBLISH, publish, when=all_or_none, quick=True),
    ),
    on_failure=clean_up,
)
