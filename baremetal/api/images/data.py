"""The data of images: put it in, get it out."""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Final

from baremetal import log
from baremetal.api.body import Body, Member
from baremetal.api.call import Answer, Call
from baremetal.api.guard import permit
from baremetal.api.policies import images as may
from baremetal.api.types import kinds
from baremetal.db.images import image_of
from baremetal.domain import image as im
from baremetal.domain.errors import InvalidInput, RangeForbids, Unavailable
from baremetal.images.importer import COPY_IMAGE, GLANCE_DIRECT, METHODS, WEB_DOWNLOAD, Where
from baremetal.stores import Bytes

_OCTETS: Final = "application/octet-stream"
_RANGE: Final = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


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
    _enter(call)
    try:
        take(row, body.pieces(), store, promised)
    finally:
        call.services.transfers.release()
    return Answer(status=204)


def _enter(call: Call) -> None:
    """Take a place among the transfers; whoever does gives it back.

    :raises Unavailable: there are as many as are allowed.
    """
    if not call.services.transfers.acquire(blocking=False):
        raise Unavailable(
            "Too many uploads and downloads are under way ([api] max_transfers). Retry later."
        )


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


def download(call: Call) -> Answer:
    """The data of an image, or a range of it."""
    row = call.services.images.row(call.args["image"])
    policy = call.services.policy
    overseer = policy is None or policy.allows(call.identity, may.LIST_ALL)
    image_of(row).check_read(overseer=overseer)
    if row["size"] is None or row["status"] not in (im.ACTIVE, im.DEACTIVATED):
        return Answer(status=204)
    start, end = _range(call.environ.get("HTTP_RANGE"), row["size"])
    headers = {"Content-Length": str(end - start), "Accept-Ranges": "bytes"}
    if row["checksum"] and end - start == row["size"]:
        headers["Content-MD5"] = row["checksum"]
    status = 200
    if "HTTP_RANGE" in call.environ:
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{row['size']}"
    if call.environ["REQUEST_METHOD"] == "HEAD" or end == start:
        return Answer(status=status, headers=headers, stream=iter(()), content_type=_OCTETS)
    _enter(call)
    try:
        _, pieces = call.services.keeper.read(row, start, end - start)
    except BaseException:
        call.services.transfers.release()
        raise
    stream = _Pieces(pieces, call.services.transfers.release)
    return Answer(status=status, headers=headers, stream=stream, content_type=_OCTETS)


class _Pieces:
    """The bytes of an answer; the server closes it when the caller is gone."""

    def __init__(self, pieces: Generator[Bytes, None, None], leave: Callable[[], object]) -> None:
        self._pieces = pieces
        self._leave: Callable[[], object] | None = leave

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece: Any = next(self._pieces)
        return piece if isinstance(piece, bytes) else bytes(piece)

    def close(self) -> None:
        """Let go of the object, and of the place among the transfers."""
        leave, self._leave = self._leave, None
        try:
            self._pieces.close()
        finally:
            if leave is not None:
                leave()


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


def _range(text: str | None, size: int) -> tuple[int, int]:
    """The first byte that is asked for, and the one after the last.

    :raises InvalidInput: it is no range of bytes.
    :raises RangeForbids: the image has none of these bytes.
    """
    if text is None:
        return 0, size
    found = _RANGE.match(text.strip())
    if found is None or text.strip() == "bytes=-":
        raise InvalidInput(f"Range must be one range, such as bytes=0-1023, not '{text[:80]}'.")
    first, last = found.groups()
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1 if last else size, size)
    if start >= end:
        raise RangeForbids(text[:80], size)
    return start, end
