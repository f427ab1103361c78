"""Images: list, create, show, change, delete; tags."""

from collections.abc import Callable
from typing import Any

from baremetal.api.body import read_object
from baremetal.api.call import Answer, Call
from baremetal.api.images import document
from baremetal.api.images.listing import wanted
from baremetal.api.patch import read_patch
from baremetal.api.types.base import fields_of
from baremetal.api.types.image import Image
from baremetal.domain import image as im
from baremetal.domain.errors import (
    ChangedMeanwhile,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSupported,
)
from baremetal.images.importer import METHODS

_TRIES = 10
#: The media types of patches.
PATCHES = ("application/openstack-images-v2.1-json-patch", "application/json-patch+json")
_FIELDS = fields_of(Image)

Row = dict[str, Any]


def list_images(call: Call) -> dict[str, Any]:
    """A page of the images that the caller may see."""
    asked, first, follow = wanted(call)
    rows = call.services.images.page(asked)
    stores = call.services.images.stores_of([row["uuid"] for row in rows])
    found: dict[str, Any] = {
        "images": [document.shown(row, stores.get(row["uuid"], ())) for row in rows],
        "first": first,
        "schema": "/v2/schemas/images",
    }
    if rows and len(rows) == asked.limit:
        found["next"] = follow(rows[-1]["uuid"])
    return found


def create(call: Call) -> Answer:
    """Add an image; its data comes later."""
    given = read_object(call.raw)
    values = document.columns(call, given, {}, "create")
    values.setdefault("uuid", call.services.clock.new_uuid())
    values.setdefault("owner", call.identity.project_id)
    values.setdefault("visibility", im.SHARED)
    call.services.images.insert({**values, "status": im.QUEUED}, call.services.clock.now())
    answer = _answer(call, values["uuid"], 201)
    answer.headers["Location"] = f"{call.base}/v2/images/{values['uuid']}"
    answer.headers["OpenStack-image-import-methods"] = ",".join(METHODS)
    answer.headers["OpenStack-image-store-ids"] = ",".join(call.services.keeper.shelves.names)
    return answer


def show(call: Call) -> Answer:
    """One image."""
    return _answer(call, call.args["image"])


def update(call: Call) -> Answer:
    """Apply a JSON PATCH; what is no field of the image is a property of its owner's own."""
    kind = call.environ.get("CONTENT_TYPE", "").partition(";")[0].strip()
    if kind not in PATCHES:
        raise NotSupported(f"Content-Type must be {PATCHES[0]}, not '{kind[:80]}'.")
    patch = read_patch(call)
    _change(call, lambda row: _patched(call, row, patch))
    return _answer(call, call.args["image"])


def _patched(call: Call, row: Row, patch: list[Row]) -> Row:
    given: Row = {}
    own = dict(row["properties"])
    for step in patch:
        name = _named(step)
        if name not in _FIELDS:
            _apply(own, name, step)
        elif step["op"] == "remove":
            raise Forbidden(f"Property {name} is a base property and cannot be removed.")
        else:
            given[name] = step["value"]
    values = document.columns(call, given, own, "patch")
    if own != row["properties"]:
        document.check_own(own)
        values["properties"] = own
    changed = {name: value for name, value in values.items() if value != row[name]}
    for name in ("disk_format", "container_format"):
        if name in changed and row["status"] != im.QUEUED:
            raise Forbidden(f"Attribute {name} can be replaced only for a queued image.")
    return changed


def _named(step: Row) -> str:
    path = step["path"][1:]
    name = str(path.replace("~1", "/").replace("~0", "~"))
    if "/" in path:
        raise InvalidInput(f"Invalid path /{path[:80]}: members have no parts.")
    if document.read_only(name, "patch"):
        raise Forbidden(f"Attribute '{name}' is read-only.")
    return name


def _apply(own: Row, name: str, step: Row) -> None:
    if step["op"] != "add" and name not in own:
        raise Conflict(f"Property {name} does not exist.")
    if step["op"] == "remove":
        del own[name]
    else:
        own[name] = step["value"]


def delete(call: Call) -> Answer:
    """Delete an image, and its data."""
    row = call.services.images.row(call.args["image"])
    call.services.keeper.delete(row)
    return Answer(status=204)


def add_tag(call: Call) -> Answer:
    """Give an image a tag."""
    tag = call.args["tag"]

    def change(row: Row) -> Row:
        tags = [*row["tags"], *([] if tag in row["tags"] else [tag])]
        im.check_tags(tuple(tags))
        return {"tags": tags} if tags != row["tags"] else {}

    return _change(call, change)


def remove_tag(call: Call) -> Answer:
    """Take a tag away."""
    tag = call.args["tag"]

    def change(row: Row) -> Row:
        if tag not in row["tags"]:
            raise NotFound("Tag", tag)
        return {"tags": [one for one in row["tags"] if one != tag]}

    return _change(call, change)


def deactivate(call: Call) -> Answer:
    """Keep the data from being read by those who do not look after all images."""
    return _change(call, lambda row: _moved(row, "deactivate"))


def reactivate(call: Call) -> Answer:
    """Let the data be read again."""
    return _change(call, lambda row: _moved(row, "reactivate"))


def _moved(row: Row, event: str) -> Row:
    status = im.after(row["uuid"], row["status"], event)
    return {"status": status} if status != row["status"] else {}


def _change(call: Call, change: Callable[[Row], Row]) -> Answer:
    """Write what `change` makes of the image, again where somebody else was faster."""
    for attempt in range(_TRIES):
        row = call.services.images.row(call.args["image"])
        values = change(row)
        try:
            if values:
                call.services.images.update(row, values, call.services.clock.now())
            break
        except ChangedMeanwhile:
            if attempt + 1 == _TRIES:
                raise
    return Answer(status=204)


def _answer(call: Call, uuid: str, status: int = 200) -> Answer:
    row = call.services.images.row(uuid)
    stores = call.services.images.stores_of([uuid]).get(uuid, ())
    return Answer(document.shown(row, stores), status)
