"""The data of images: put it in, or let it be fetched."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from baremetal import log
from baremetal.api.body import Body, Member
from baremetal.api.call import Answer, Call
from baremetal.api.guard import permit
from baremetal.api.policies import images as may
from baremetal.api.types import kinds
from baremetal.domain.errors import InvalidInput
from baremetal.images.importer import COPY_IMAGE, GLANCE_DIRECT, METHODS, WEB_DOWNLOAD, Where

_OCTETS: Final = "application/octet-stream"


#: What to import, from where, and into which stores.
IMPORT: Final = Body(
    {
        "method": Member(kinds.OBJECT, mandatory=True, about="name, and what it needs."),
        "stores": Member(kinds.TEXTS, about="The default store, unless given."),
        "all_stores": Member(kinds.BOOLEAN, about="All that images may be put into."),
        "all_stores_must_succeed": Member(
            kinds.BOOLEAN,
            about="True unless given: no store has the data where one fails. Else one suffices.",
        ),
    }
)


def upload(call: Call) -> Answer:
    """Put data into an image; it becomes active when all of it is there, and is what it says."""
    return _taken(call, call.services.keeper.upload)


def stage(call: Call) -> Answer:
    """Put data beside an image, which an import by glance-direct makes its own."""
    return _taken(call, call.services.keeper.stage)


def _taken(call: Call, take: Callable[..., None]) -> Answer:
    kind = call.environ.get("CONTENT_TYPE", "").partition(";")[0].strip()
    if kind != _OCTETS:
        raise InvalidInput(f"Content-Type must be {_OCTETS}, not '{kind[:80]}'.")
    keeper = call.services.keeper
    store = keeper.shelves.for_images(call.environ.get("HTTP_X_IMAGE_META_STORE"))
    row = call.services.images.row(call.args["image"])
    body = call.upload
    promised = _promised(call, body.length)
    with call.services.transfers.one():
        take(row, body.pieces(), store, promised)
    return Answer(status=204)


def import_(call: Call) -> Answer:
    """Begin to import data; the image becomes active when it is there."""
    given = IMPORT.read(call)
    method, name = given["method"], given["method"].get("name")
    importer = call.services.importer
    where = _where(call, given)
    row = call.services.images.row(call.args["image"])
    asked = {
        "requested_by": call.identity.name,
        "request_id": call.request_id,
        "global_request_id": log.CONTEXT.get().get("global_request_id"),
    }
    if name == WEB_DOWNLOAD:
        permit(call, may.IMPORT_WEB)
        if not isinstance(method.get("uri"), str):
            raise InvalidInput("method/uri must say where to download from.")
        importer.download(row, method["uri"], where, asked)
    elif name == GLANCE_DIRECT:
        importer.take_over(row, where, asked)
    elif name == COPY_IMAGE:
        importer.copy(row, where, asked)
    else:
        raise InvalidInput(f"method/name must be one of {', '.join(METHODS)}.")
    return Answer(status=202)


def _where(call: Call, given: Mapping[str, Any]) -> Where:
    shelves, named = call.services.keeper.shelves, given.get("stores")
    if given.get("all_stores"):
        if named:
            raise InvalidInput("Give stores, or all_stores: not both.")
        named = shelves.all_for_images()
    wanted = named or [call.environ.get("HTTP_X_IMAGE_META_STORE")]
    stores = list(dict.fromkeys(shelves.for_images(store) for store in wanted))
    must = given.get("all_stores_must_succeed")
    return Where(stores, all_or_none=must is not False)


def _promised(call: Call, length: int | None) -> int | None:
    """How many bytes will come, as far as anybody says.

    :raises InvalidInput: two numbers that differ.
    """
    text = call.environ.get("HTTP_X_OPENSTACK_IMAGE_SIZE")
    if text is None:
        if length is None and not call.upload.tells_its_end:
            raise InvalidInput(
                "Give a Content-Length or x-openstack-image-size: without either, data that broke "
                "off could not be told from data that has ended."
            )
        return length
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidInput("x-openstack-image-size must be a number of bytes.")
    if length is not None and length != int(text):
        raise InvalidInput(f"x-openstack-image-size says {text} bytes, Content-Length {length}.")
    return int(text)
