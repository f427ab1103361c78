"""In which stores an image's data is, and where in them."""

from typing import Any

from baremetal.api.call import Answer, Call


def locations(call: Call) -> list[dict[str, Any]]:
    """Where in the stores the image's data is, for those who may know."""
    uuid = call.services.images.row(call.args["image"])["uuid"]
    found = call.services.keeper.places(uuid)
    return [{"url": str(data), "metadata": {"store": store}} for store, data in found]


def leave(call: Call) -> Answer:
    """Remove the image's data from one of its stores; the last one keeps it."""
    row = call.services.images.row(call.args["image"])
    call.services.keeper.leave_store(row, call.args["store"])
    return Answer(status=204)
