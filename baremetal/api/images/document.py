"""An image as the API shows it, and what callers may write of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from baremetal.api.call import Call
from baremetal.api.guard import permit
from baremetal.api.policies import images as may
from baremetal.api.types.base import checked, fields_of
from baremetal.api.types.image import Image
from baremetal.domain import image as im
from baremetal.domain.errors import Forbidden

Row = Mapping[str, Any]
#: What is shown beside the fields, and belongs to the service as well.
LINKS: Final = ("file", "schema", "self", "stores", "locations", "direct_url")
_FIELDS: Final = fields_of(Image)


def shown(row: Row, stores: Sequence[str] = ()) -> dict[str, Any]:
    """The document of one image, its own properties among its fields."""
    found: dict[str, Any] = dict(row["properties"])
    for name, field in _FIELDS.items():
        found[name] = row[field.source or name]
    for name in ("created_at", "updated_at"):
        found[name] = moment(found[name])
    where = f"/v2/images/{row['uuid']}"
    found |= {"self": where, "file": f"{where}/file", "schema": "/v2/schemas/image"}
    if stores:
        found["stores"] = ",".join(stores)
    return found


def moment(text: str | None) -> str | None:
    """A moment, to the second, as the API writes it."""
    return None if text is None else f"{text[:19]}Z"


def read_only(name: str, verb: str) -> bool:
    """Whether a caller may not write a member; ``verb`` is ``create`` or ``patch``."""
    field = _FIELDS.get(name)
    if field is None:
        return name in LINKS or name.startswith(im.RESERVED_PREFIX)
    return field.writable not in ("always", verb)


def check_own(properties: Mapping[str, Any]) -> None:
    """Return if an image may have these properties, those of the service apart.

    :raises InvalidInput: naming one that will not do.
    """
    im.check_properties(
        {n: v for n, v in properties.items() if not n.startswith(im.RESERVED_PREFIX)}
    )


def columns(call: Call, given: Row, properties: Mapping[str, Any], verb: str) -> dict[str, Any]:
    """The columns that `given` members make, with the image's own `properties` for a start.

    :raises Forbidden: a member that callers do not write, or may not have so.
    :raises InvalidInput: naming the member, what is wrong with its value.
    """
    found: dict[str, Any] = {}
    own = dict(properties)
    for name, value in given.items():
        if read_only(name, verb):
            raise Forbidden(f"Attribute '{name}' is read-only.")
        field = _FIELDS.get(name)
        if field is None:
            own[name] = value
        else:
            found[field.source or name] = checked(field, name, value, "image")
    if own != properties:
        check_own(own)
        found["properties"] = own
    im.check_tags(tuple(found.get("tags", ())))
    if found.get("visibility") == im.PUBLIC:
        permit(call, may.UPDATE_PUBLIC)
    if "owner" in found and found["owner"] != call.identity.project_id:
        permit(call, may.UPDATE_OWNER)
    return found
