"""With whom an image is shared."""

from typing import Any

from baremetal.api.body import Body, Member
from baremetal.api.call import Answer, Call
from baremetal.api.images.document import moment
from baremetal.api.policies import images as may
from baremetal.api.types import kinds
from baremetal.db.images import image_of
from baremetal.domain import image as im
from baremetal.domain.errors import Forbidden, NotFound

NEW = Body({"member": Member(kinds.text(255), mandatory=True)})
STATUS = Body(
    {
        "status": Member(kinds.one_of(*im.MEMBER_STATUSES), mandatory=True),
        "member": Member(kinds.text(255), about="As in the path; some clients repeat it."),
    }
)


def list_members(call: Call) -> dict[str, Any]:
    """Those whom the image is shared with; each of them finds themselves alone."""
    row = call.services.images.row(call.args["image"])
    found = call.services.image_members.all(row["uuid"], _only(call, row["owner"]))
    return {"members": [_shown(one) for one in found], "schema": "/v2/schemas/members"}


def show(call: Call) -> dict[str, Any]:
    """One of them."""
    row, member = call.services.images.row(call.args["image"]), call.args["member"]
    only = _only(call, row["owner"])
    if only not in (None, member):
        raise NotFound("Member", member)
    return _shown(call.services.image_members.get(row["uuid"], member))


def add(call: Call) -> dict[str, Any]:
    """Share the image with a project, which may accept it."""
    row, member = call.services.images.row(call.args["image"]), NEW.read(call)["member"]
    im.check_member(image_of(row))
    call.services.image_members.add(row["uuid"], member, call.services.clock.now())
    return _shown(call.services.image_members.get(row["uuid"], member))


def answer(call: Call) -> dict[str, Any]:
    """Accept the image for one's own project, or reject it."""
    row, member = call.services.images.row(call.args["image"]), call.args["member"]
    status, members = STATUS.read(call)["status"], call.services.image_members
    policy, asker = call.services.policy, call.identity
    if policy is not None and "admin" not in asker.roles and asker.project_id != member:
        raise Forbidden(f"Only project {member} says whether it accepts the image.")
    members.answer(row["uuid"], member, status, call.services.clock.now())
    return _shown(members.get(row["uuid"], member))


def remove(call: Call) -> Answer:
    """Share the image with a project no longer."""
    row = call.services.images.row(call.args["image"])
    call.services.image_members.remove(row["uuid"], call.args["member"])
    return Answer(status=204)


def _only(call: Call, owner: str | None) -> str | None:
    """The one member that the caller may see; None where they may see all."""
    policy, asker = call.services.policy, call.identity
    if policy is None or policy.allows(asker, may.LIST_ALL):
        return None
    return None if owner is not None and asker.project_id == owner else asker.project_id or ""


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "image_id": row["image_uuid"],
        "member_id": row["member"],
        "status": row["status"],
        "created_at": moment(row["created_at"]),
        "updated_at": moment(row["updated_at"]),
        "schema": "/v2/schemas/member",
    }
