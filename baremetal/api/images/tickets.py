"""Tickets: URLs by which an image's data is read without credentials."""

from typing import Final
from urllib.parse import urlencode

from baremetal.api.body import Body, Member
from baremetal.api.call import Answer, Call
from baremetal.api.guard import permit
from baremetal.api.images.document import moment
from baremetal.api.images.download import TICKET
from baremetal.api.policies import images as may
from baremetal.api.types import kinds
from baremetal.db.images import image_of
from baremetal.db.types import stamp

NEW: Final = Body(
    {"seconds": Member(kinds.POSITIVE, about="How long it is to live; the longest, unless given.")},
    optional=True,
)


def issue(call: Call) -> Answer:
    """Give a URL by which whoever has it reads the image's data for a while."""
    wanted = NEW.read(call).get("seconds")
    permit(call, may.DOWNLOAD)
    services = call.services
    seconds, until = services.tickets.life(wanted)
    row = services.images.row(call.args["image"])
    image_of(row).check_direct()
    # Of two who could send the bytes, the store spares us the work.
    store, url = services.keeper.signed_url(row, seconds) or (
        None,
        _own(call, row["uuid"], seconds),
    )
    found = {
        "url": url,
        "expires_at": moment(stamp(until)),
        "store": store,
        **{name: row[name] for name in ("size", "os_hash_algo", "os_hash_value")},
    }
    return Answer(found, 201, {"Cache-Control": "no-store"})


def _own(call: Call, uuid: str, seconds: int) -> str:
    ticket = call.services.tickets.issue(uuid, seconds)
    return f"{call.base}/v2/images/{uuid}/direct?{urlencode({TICKET.name: ticket})}"
