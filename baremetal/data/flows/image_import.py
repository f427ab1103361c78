"""import: the data of an image comes by itself.

web-download: queued -> importing -> active, from an address of the web.
glance-direct: uploading -> importing -> active, from what was staged.
copy-image: active -> active, to further stores.

Whatever the method, data is then copied to the further stores that were asked for. An object in
a store is called by its location, which is written down before the first byte; a step that runs
again finds what an earlier run has left, and goes on there.
"""

import uuid
from contextlib import suppress
from typing import Any, Final

from baremetal.data.carriage import OperationNotes, Part, carry, keep
from baremetal.data.task import ImageTask
from baremetal.domain import image as im
from baremetal.domain.errors import BaremetalError, Conflict, NotFound
from baremetal.engine.flow import Flow, Step
from baremetal.images.importer import KIND, WEB_DOWNLOAD
from baremetal.images.keeper import CHECKSUM, HASH
from baremetal.motion import Wishes
from baremetal.motion.checkpoint import discard
from baremetal.stores import DataObject

_FETCH: Final = "fetch"
_COPY: Final = "copy"

Row = dict[str, Any]


def brings(task: ImageTask) -> bool:
    """Whether the image has no data yet."""
    return "location" in task.operation.params


def spreads(task: ImageTask) -> bool:
    """Whether further stores are to have it."""
    return bool(task.operation.params["stores"])


def fetch(task: ImageTask) -> None:
    """Bring the bytes into the first store, inspect them, and let them be the image's own."""
    params = task.operation.params
    location = _location(task, params["location"])
    if location is None or location["state"] not in (im.WRITING, im.STORED):
        raise Conflict(f"Image {task.uuid} has no data on its way any more.")
    if location["state"] == im.STORED:
        return
    row = task.images.row(task.uuid)
    target = task.keeper.shelves.object(params["store"], params["location"])
    known = _download(task, target) if params["method"] == WEB_DOWNLOAD else {}
    task.keeper.publish(row, params["location"], target, known, "import done", task.guard)


def _download(task: ImageTask, target: DataObject) -> Row:
    """What becomes known of the bytes as they come."""
    known: Row | None = task.scratch.get("known")
    if known is not None and _is_there(target):
        return known
    # One that nobody has noted was left between its publication and the note.
    target.store.delete(target.name)
    params = task.operation.params
    source = task.downloads.source(task.vault.unseal(params["sealed"])["uri"])
    wishes = Wishes(
        hashes=(CHECKSUM, HASH),
        max_size=task.keeper.shelves.max_size,
        checkpoint=OperationNotes(task, params["location"]),
    )
    part = Part(_FETCH, 0, 1 + len(params["stores"]))
    outcome = carry(task, part, source, target, wishes)
    known = {
        "size": outcome.size,
        "checksum": outcome.digests[CHECKSUM],
        "os_hash_algo": HASH,
        "os_hash_value": outcome.digests[HASH],
    }
    task.scratch["known"] = known
    keep(task, part)
    return known


def copy(task: ImageTask) -> None:
    """Let each further store have the bytes, from one that has them."""
    stores = task.operation.params["stores"]
    first = 1 if brings(task) else 0
    for number, store in enumerate(stores, first):
        location = _copy_in(task, store)
        there = task.data.locations(task.uuid)
        mine = [one for one in there if one["uuid"] == location]
        if not mine and any(one["store"] == store for one in there):
            continue
        if mine and mine[0]["state"] != im.WRITING:
            continue
        sources = [one for one in there if one["state"] == im.STORED]
        if not sources:
            raise NotFound("Data of image", task.uuid)
        if not mine:
            now = task.clock.now()
            task.data.begin_copy(task.uuid, location, store, now, task.guard)
        _copy_to(task, sources[0], store, Part(_COPY, number, first + len(stores)))


def _copy_to(task: ImageTask, origin: Row, store: str, part: Part) -> None:
    row, location = task.images.row(task.uuid), _copy_in(task, store)
    shelves = task.keeper.shelves
    source = shelves.object(origin["store"], origin["uuid"])
    target = shelves.object(store, location)
    target.store.delete(target.name)
    wishes = Wishes(
        expected={row["os_hash_algo"]: row["os_hash_value"]},
        checkpoint=OperationNotes(task, location),
    )
    carry(task, part, source, target, wishes)
    task.data.finish_copy(task.uuid, location, task.clock.now(), task.guard)


def clean_up(task: ImageTask) -> None:
    """Leave nothing of what did not come; what is whole already stays."""
    params = task.operation.params
    if brings(task):
        _drop(task, params["store"], params["location"], "import failed")
    for store in params["stores"]:
        _drop(task, store, _copy_in(task, store), None)


def _drop(task: ImageTask, store: str, location: str, event: str | None) -> None:
    found = _location(task, location)
    if found is not None and found["state"] == im.STORED:
        return
    with suppress(BaremetalError):  # where a store is away, the audit finds what is left
        target = task.keeper.shelves.object(store, location)
        discard(OperationNotes(task, location), target)
        target.store.delete(target.name)
    if found is not None and found["state"] == im.WRITING:
        task.data.give_up(task.uuid, event, location, task.clock.now())


def _location(task: ImageTask, location: str) -> Row | None:
    return next((one for one in task.data.locations(task.uuid) if one["uuid"] == location), None)


def _copy_in(task: ImageTask, store: str) -> str:
    """The location of this operation's copy in a store: the same in each run."""
    return str(uuid.uuid5(uuid.UUID(task.operation.uuid), store))


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
    ),
    on_failure=clean_up,
)
