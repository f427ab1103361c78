"""The data of images, on its way out."""

import re
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final
from urllib.parse import quote

from baremetal.api.call import Answer, Call
from baremetal.api.policies import images as may
from baremetal.api.query import Parameter
from baremetal.api.types import kinds
from baremetal.db.images import image_of
from baremetal.domain import image as im
from baremetal.domain.errors import InvalidInput, RangeForbids
from baremetal.stores import Bytes
from baremetal.stores.tickets import PARAMETER

TICKET: Final = Parameter(PARAMETER, kinds.text(200), about="What lets its bearer in.")
_OCTETS: Final = "application/octet-stream"
_RANGE: Final = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


def download(call: Call) -> Answer:
    """The data of an image, or a range of it."""
    row = call.services.images.row(call.args["image"])
    policy = call.services.policy
    overseer = policy is None or policy.allows(call.identity, may.LIST_ALL)
    image_of(row).check_read(overseer=overseer)
    if row["size"] is None or row["status"] not in (im.ACTIVE, im.DEACTIVATED):
        return Answer(status=204)
    return _data(call, row)


def by_ticket(call: Call) -> Answer:
    """The same, for whoever has a ticket."""
    # Before all else: without one, nobody learns what there is.
    call.services.tickets.check(call.args["image"], call.query.get(TICKET.name, ""))
    row = call.services.images.row(call.args["image"].lower())
    image_of(row).check_direct()
    return _data(call, row)


def _data(call: Call, row: dict[str, Any]) -> Answer:
    front = call.services.keeper.behind_front(row)
    if front is not None:
        return Answer(headers=_for_front(row, front))
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
    transfers = call.services.transfers
    transfers.enter()
    try:
        _, pieces = call.services.keeper.read(row, start, end - start)
    except BaseException:
        transfers.leave()
        raise
    stream = _Pieces(pieces, transfers.leave)
    return Answer(status=status, headers=headers, stream=stream, content_type=_OCTETS)


def _for_front(row: dict[str, Any], path: str) -> dict[str, str]:
    """What lets the server before us send a file; ranges and HEAD are its own business."""
    headers = {"X-Accel-Redirect": quote(path), "Content-Type": _OCTETS}
    return {**headers, "Content-MD5": row["checksum"]} if row["checksum"] else headers


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
