"""Which versions of the Image API there are, its schemas, and its stores."""

from typing import Any

from baremetal.api.call import Answer, Call
from baremetal.api.images.document import LINKS
from baremetal.api.types.base import fields_of
from baremetal.api.types.image import Image
from baremetal.domain import image as im
from baremetal.domain.errors import NotFound
from baremetal.images.importer import METHODS

#: The newest minor version whose requests are understood; there is nothing to choose.
NEWEST = 15
_TEXT = {"type": ["null", "string"]}


def versions(call: Call) -> dict[str, Any]:
    """The versions of the API."""
    link = {"rel": "self", "href": f"{call.base}/v2/"}
    return {
        "versions": [
            {
                "id": f"v2.{minor}",
                "status": "CURRENT" if minor == NEWEST else "SUPPORTED",
                "links": [link],
            }
            for minor in range(NEWEST, -1, -1)
        ]
    }


def choices(call: Call) -> Answer:
    """The same, to be chosen from."""
    return Answer(versions(call), 300)


def image_schema() -> dict[str, Any]:
    """What an image consists of."""
    properties: dict[str, Any] = {}
    for name, field in fields_of(Image).items():
        schema = dict(field.kind.schema)
        kind = schema.get("type")
        if field.nullable and isinstance(kind, str):
            schema["type"] = ["null", kind]
            if "enum" in schema:
                schema["enum"] = [None, *schema["enum"]]
        if field.writable == "never":
            schema["readOnly"] = True
        if field.about:
            schema["description"] = field.about
        properties[name] = schema
    for name in LINKS[:3]:
        properties[name] = {"type": "string", "readOnly": True}
    links = [{"rel": name, "href": f"{{{name}}}"} for name in ("self", "describedby")]
    return {
        "name": "image",
        "properties": properties,
        "additionalProperties": Image.__others__,
        "links": links,
    }


def _member_schema() -> dict[str, Any]:
    text = {"type": "string"}
    names = ("image_id", "member_id", "created_at", "updated_at", "schema")
    properties: dict[str, Any] = dict.fromkeys(names, text)
    properties["status"] = {"type": "string", "enum": list(im.MEMBER_STATUSES)}
    return {"name": "member", "properties": properties}


def _many(name: str, one: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string"}
    properties: dict[str, Any] = {name: {"type": "array", "items": one}, "schema": text}
    if name == "images":
        properties |= {"first": {"type": "string"}, "next": {"type": "string"}}
    return {"name": name, "properties": properties}


def schema(call: Call) -> dict[str, Any]:
    """What a document of the API consists of, as JSON schema."""
    name = call.args["schema"]
    one = image_schema() if name.startswith("image") else _member_schema()
    if name == one["name"]:
        return one
    if name == f"{one['name']}s":
        return _many(name, one)
    raise NotFound("Schema", name)


def stores(call: Call) -> dict[str, Any]:
    """The stores that images may be put into."""
    shelves = call.services.keeper.shelves
    found = []
    for name in shelves.names:
        one: dict[str, Any] = {"id": name, "description": shelves.description(name)}
        if name == shelves.default:
            one["default"] = "true"
        found.append(one)
    return {"stores": found}


def stores_detail(call: Call) -> dict[str, Any]:
    """The stores, and how they are set up, secrets apart."""
    shelves = call.services.keeper.shelves
    found = stores(call)
    for one in found["stores"]:
        about = shelves.about(one["id"])
        one |= {"type": about["driver"], "properties": about["settings"]}
    return found


def import_methods(_call: Call) -> dict[str, Any]:
    """The ways by which data can be imported."""
    about = {"description": "Import methods available.", "type": "array"}
    return {"import-methods": {**about, "value": list(METHODS)}}
