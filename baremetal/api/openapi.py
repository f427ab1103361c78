"""An API as an OpenAPI 3.1 document, made of its table of routes and of the types.

``x-since`` of a path, parameter, field or member is the microversion that brought it, where there
are such.
Format: https://spec.openapis.org/oas/v3.1.1
"""

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from baremetal.api import errors, versions
from baremetal.api.body import Body
from baremetal.api.query import FIELDS, Parameter
from baremetal.api.routing import BYTES, Route
from baremetal.api.types.base import Field, Type, fields_of

Json = dict[str, Any]

_VARIABLES: Mapping[str, tuple[Json, str]] = {
    "node": ({"type": "string"}, "A node's UUID or name."),
    "ident": ({"type": "string"}, "The resource's UUID, or its name where it has one."),
    "chassis": ({"type": "string", "format": "uuid"}, "A chassis's UUID."),
    "event": ({"type": "string", "format": "uuid"}, "An event's UUID."),
    "operation": ({"type": "string", "format": "uuid"}, "An operation's UUID."),
    "trait": ({"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"}, "A trait."),
    "driver": ({"type": "string"}, "A hardware type."),
    "vif": ({"type": "string"}, "A virtual interface's ID."),
    "hostname": ({"type": "string"}, "A conductor's host name."),
    "image": ({"type": "string", "format": "uuid"}, "An image's UUID."),
    "member": ({"type": "string"}, "A project's ID."),
    "store": ({"type": "string"}, "A store's name."),
    "tag": ({"type": "string", "minLength": 1, "maxLength": 255}, "A tag."),
    "schema": (
        {"type": "string", "enum": ["image", "images", "member", "members"]},
        "What the schema is of.",
    ),
}

_PATCH: Json = {
    "description": "RFC 6902; test, move and copy are not supported.",
    "type": "array",
    "maxItems": 500,
    "items": {
        "type": "object",
        "properties": {
            "op": {"type": "string", "enum": ["add", "replace", "remove"]},
            "path": {"type": "string", "pattern": "^/.+", "examples": ["/extra/rack"]},
            "value": {"description": "Anything; needed but for remove."},
        },
        "required": ["op", "path"],
        "additionalProperties": False,
    },
}

_REFUSALS = {
    "4XX": "The request was refused; nothing was changed.",
    "502": "The hardware refused, or did not answer.",
    "503": "A part that is needed does not answer now; retry after Retry-After seconds.",
}


_VERSION: Json = {"$ref": "#/components/parameters/version"}
_BINARY: Json = {"schema": {"type": "string", "format": "binary"}}


@dataclass(frozen=True, slots=True)
class About:
    """What a document says of its API as a whole; the rest follows from the routes."""

    title: str
    summary: str
    version: str
    #: What a refusal consists of.
    error: Json
    #: The oldest microversion that callers may choose; None: there are none to choose from.
    oldest: str | None = None
    #: The media types of patches.
    patches: tuple[str, ...] = ("application/json",)


BARE_METAL = About(
    "Baremetal",
    "Bare Metal API v1, with operations and events beside it",
    f"1.{versions.MAXIMUM}",
    errors.SCHEMA,
    f"1.{versions.MINIMUM}",
)


def document(routes: Iterable[Route], about: About = BARE_METAL) -> Json:
    """The whole document but for ``servers``, since callers know us by many URLs."""
    paths: Json = {}
    schemas: Json = {"Error": about.error, "Patch": _PATCH}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, about)
        for cls in _types_of(route):
            schemas.setdefault(cls.__name__, _shown(cls))
        if _is_type(route.takes):
            schemas.setdefault(f"{route.takes.__name__}Create", _given(route.takes))
    found: Json = {
        "openapi": "3.1.0",
        "info": {"title": about.title, "summary": about.summary, "version": about.version},
        "security": [{"basic": []}, {"keystone": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": {"version": _version_header()},
            "responses": {name: _refusal(words) for name, words in _REFUSALS.items()},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "keystone": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
            },
        },
    }
    if about.oldest is None:
        del found["components"]["parameters"]
        return dict(_unversioned(found))
    found["info"]["x-min-version"] = about.oldest
    return found


def _unversioned(part: Any) -> Any:
    """The same, of an API that has no microversions."""
    if isinstance(part, dict):
        return {name: _unversioned(value) for name, value in part.items() if name != "x-since"}
    if isinstance(part, list):
        return [_unversioned(one) for one in part if one != _VERSION]
    return part


def _operation(route: Route, api: About) -> Json:
    about = (inspect.getdoc(route.controller) or "").partition("\n")[0]
    operation: Json = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").strip("_"),
        "summary": about.replace("``", "`"),
        "tags": [route.path.strip("/").split("/")[1] if route.path.count("/") > 1 else "versions"],
        "x-since": _since(route.since),
        "parameters": [
            _VERSION,
            *(_path_parameter(name) for name in re.findall(r"{(\w+)}", route.path)),
            *(_query_parameter(parameter, route) for parameter in _of_our_versions(route.query)),
        ],
        "responses": _responses(route),
    }
    if route.public:
        operation["security"] = []
    if route.takes is not None:
        operation["requestBody"] = _request_body(route.takes, api)
    return operation


# -- parameters --------------------------------------------------------------


def _version_header() -> Json:
    return {
        "name": versions.HEADER,
        "in": "header",
        "description": f"The microversion, 1.{versions.DEFAULT} by default. What is newer than it "
        "is not there: routes answer 404, fields and query parameters 406.",
        "schema": {"type": "string", "pattern": r"^(1\.[0-9]{1,4}|latest)$"},
        "example": f"1.{versions.MAXIMUM}",
    }


def _path_parameter(name: str) -> Json:
    schema, about = _VARIABLES[name]
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}


def _query_parameter(parameter: Parameter, route: Route) -> Json:
    schema = parameter.kind.schema
    if parameter is FIELDS and _types_of(route):
        names = list(fields_of(_types_of(route)[0]))
        schema = {**schema, "items": {"type": "string", "enum": names}}
    found: Json = {"name": parameter.name, "in": "query", "schema": schema}
    if schema.get("type") == "array":
        found |= {"style": "form", "explode": False}
    if parameter.about:
        found["description"] = parameter.about
    return {**found, "x-since": _since(parameter.since)}


def _of_our_versions(parameters: Iterable[Parameter]) -> list[Parameter]:
    return [parameter for parameter in parameters if parameter.since <= versions.MAXIMUM]


# -- bodies ------------------------------------------------------------------


def _request_body(takes: Any, api: About) -> Json:
    required = True
    media: tuple[str, ...] = ("application/json",)
    if takes == BYTES:
        return {"required": True, "content": {"application/octet-stream": _BINARY}}
    if takes == "patch":
        schema: Json = {"$ref": "#/components/schemas/Patch"}
        media = api.patches
    elif isinstance(takes, Body):
        schema, required = _members(takes), not takes.optional
    else:
        schema = {"$ref": f"#/components/schemas/{takes.__name__}Create"}
    return {"required": required, "content": {kind: {"schema": schema} for kind in media}}


def _members(body: Body) -> Json:
    known = {n: m for n, m in body.members.items() if m.since <= versions.MAXIMUM}
    return _object(
        {
            name: _described(
                member.kind.schema if member.mandatory else _or_null(member.kind.schema),
                member.about,
                member.since,
            )
            for name, member in known.items()
        },
        [name for name, member in known.items() if member.mandatory],
    )


def _given(cls: type[Type]) -> Json:
    """What a caller may give to create a resource."""
    found = _object(
        {
            name: _described(_field_schema(field), field.about, field.since)
            for name, field in (*fields_of(cls).items(), *cls.__beside__.items())
            if field.writable in ("create", "always")
        },
        [name for name, field in fields_of(cls).items() if field.mandatory],
    )
    return found if cls.__others__ is None else {**found, "additionalProperties": cls.__others__}


def _object(properties: Json, required: list[str]) -> Json:
    return {
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _shown(cls: type[Type]) -> Json:
    """A resource as it is shown; a request for fewer fields shows fewer."""
    properties = {
        name: _described(_field_schema(field), field.about, field.since)
        | ({"readOnly": True} if field.writable == "never" else {})
        for name, field in fields_of(cls).items()
    }
    about = (inspect.getdoc(cls) or "").partition("\n")[0]
    return {"description": about, "type": "object", "properties": properties}


def _field_schema(field: Field) -> Json:
    required = field.mandatory or not field.nullable or field.computed is not None
    return field.kind.schema if required else _or_null(field.kind.schema)


def _described(schema: Json, about: str, since: int) -> Json:
    return {**schema, **({"description": about} if about else {}), "x-since": _since(since)}


def _or_null(schema: Json) -> Json:
    found = dict(schema)
    if "type" in found:
        kinds = found["type"] if isinstance(found["type"], list) else [found["type"]]
        found["type"] = [*kinds, "null"]
    if "enum" in found:
        found["enum"] = [*found["enum"], None]
    return found


# -- responses ---------------------------------------------------------------


def _responses(route: Route) -> Json:
    success: Json = {"description": "Done." if route.status != 202 else "It will be done."}
    content = _content(route)
    if content:
        success["content"] = content
    found = {str(route.status): success}
    if route.gives == BYTES:
        found["204"] = {"description": "There is no data (yet)."}
        found["206"] = {"description": "The range that was asked for.", "content": content}
    refusals = {name: {"$ref": f"#/components/responses/{name}"} for name in _REFUSALS}
    return {**found, **refusals}


def _content(route: Route) -> Json:
    if route.gives == "events":
        return {"text/event-stream": {"schema": {"type": "string"}}}
    if route.gives == BYTES:
        return {"application/octet-stream": _BINARY}
    if route.gives is None and route.status in (202, 204):
        return {}
    schema: Json = {"type": "object"}
    if isinstance(route.gives, list):
        cls = route.gives[0]
        items = {"type": "array", "items": {"$ref": f"#/components/schemas/{cls.__name__}"}}
        following = {"type": "string", "description": "The URL of the next page, if there is one."}
        properties = {cls.__resource__.plural: items, "next": following}
        schema = {**schema, "properties": properties, "required": [cls.__resource__.plural]}
    elif route.gives is not None:
        schema = {"$ref": f"#/components/schemas/{route.gives.__name__}"}
    return {"application/json": {"schema": schema}}


def _refusal(about: str) -> Json:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": about, "content": {"application/json": {"schema": schema}}}


def _types_of(route: Route) -> list[type[Type]]:
    named = route.gives[0] if isinstance(route.gives, list) else route.gives
    return [cls for cls in (named, route.takes) if _is_type(cls)]


def _is_type(named: Any) -> bool:
    return isinstance(named, type) and issubclass(named, Type)


def _since(minor: int) -> str:
    return f"1.{minor}"
