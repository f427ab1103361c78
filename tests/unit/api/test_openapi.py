"""The OpenAPI document says all that the tables say, and says it validly."""

import re
from typing import Any

import orjson
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from baremetal.api import versions
from baremetal.api.body import Body
from baremetal.api.images import routes as images
from baremetal.api.openapi import document
from baremetal.api.routes import ROUTES
from baremetal.api.routing import BYTES, Route
from baremetal.api.types.base import Type, fields_of

DOCUMENT = document(ROUTES)
IMAGES = document(images.ROUTES, images.ABOUT)
DOCUMENTS = pytest.mark.parametrize("found", [DOCUMENT, IMAGES], ids=["bare metal", "images"])
#: Each route, with the document that it is in.
PLACED = [*((route, DOCUMENT) for route in ROUTES), *((route, IMAGES) for route in images.ROUTES)]
SCHEMAS = DOCUMENT["components"]["schemas"]
TYPES = sorted(
    {
        named
        for route in ROUTES
        for given in (route.takes, route.gives)
        for named in (given if isinstance(given, list) else [given])
        if isinstance(named, type)
    },
    key=lambda cls: cls.__name__,
)


def _title(route: Route) -> str:
    return f"{route.method} {route.path}"


@DOCUMENTS
def test_it_is_valid_openapi(found: dict[str, Any]) -> None:
    OPENAPI_31_VALIDATOR.validate(orjson.loads(orjson.dumps(found)))


@pytest.mark.parametrize(("routes", "found"), [(ROUTES, DOCUMENT), (images.ROUTES, IMAGES)])
def test_it_names_every_route_and_no_other(
    routes: tuple[Route, ...], found: dict[str, Any]
) -> None:
    named = {f"{method.upper()} {path}" for path, item in found["paths"].items() for method in item}
    assert named == {_title(route) for route in routes}


@DOCUMENTS
def test_names_of_operations_are_unique(found: dict[str, Any]) -> None:
    names = [one["operationId"] for item in found["paths"].values() for one in item.values()]
    assert len(set(names)) == len(names)


@DOCUMENTS
def test_every_reference_leads_somewhere(found: dict[str, Any]) -> None:
    for reference in re.findall(r'"\$ref":"#/([^"]+)"', orjson.dumps(found).decode()):
        part: Any = found
        for word in reference.split("/"):
            part = part[word]
        assert part


@pytest.mark.parametrize(("route", "found"), PLACED, ids=[_title(route) for route, _ in PLACED])
def test_an_operation_says_what_its_route_says(route: Route, found: dict[str, Any]) -> None:
    operation = found["paths"][route.path][route.method.lower()]
    assert operation["summary"], "a controller's first docstring line is its summary"
    assert ("security" in operation) == route.public
    assert str(route.status) in operation["responses"]
    assert ("requestBody" in operation) == (route.takes is not None)
    parameters = [p for p in operation["parameters"] if "$ref" not in p]
    in_path = {p["name"] for p in parameters if p["in"] == "path"}
    assert in_path == set(re.findall(r"{(\w+)}", route.path))
    in_query = {p["name"] for p in parameters if p["in"] == "query"}
    assert in_query == {p.name for p in route.query if p.since <= versions.MAXIMUM}


@pytest.mark.parametrize("route", ROUTES, ids=_title)
def test_an_operation_says_since_when(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    assert operation["x-since"] == f"1.{route.since}"
    named = {p["name"]: p["x-since"] for p in operation["parameters"] if p.get("in") == "query"}
    assert named == {p.name: f"1.{p.since}" for p in route.query if p.since <= versions.MAXIMUM}


def test_an_api_without_microversions_speaks_of_none() -> None:
    assert "x-since" not in orjson.dumps(IMAGES).decode()
    assert "parameters/version" not in orjson.dumps(IMAGES["paths"]).decode()


def test_bytes_are_bytes() -> None:
    for route in images.ROUTES:
        operation = IMAGES["paths"][route.path][route.method.lower()]
        if route.takes == BYTES:
            assert list(operation["requestBody"]["content"]) == ["application/octet-stream"]
        if route.gives == BYTES:
            for status in ("200", "206"):
                content = operation["responses"][status]["content"]
                assert list(content) == ["application/octet-stream"]


def test_members_of_an_images_own_are_text() -> None:
    schemas = IMAGES["components"]["schemas"]
    assert schemas["ImageCreate"]["additionalProperties"] == {"type": "string"}
    assert schemas["Image"]["properties"]["os_hash_value"]["readOnly"]


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_a_type_shows_all_its_fields(cls: type[Type]) -> None:
    shown = SCHEMAS[cls.__name__]["properties"]
    assert list(shown) == list(fields_of(cls))
    for name, field in fields_of(cls).items():
        assert shown[name]["x-since"] == f"1.{field.since}"
        assert shown[name].get("readOnly", False) == (field.writable == "never")


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "POST"], ids=_title)
def test_what_must_be_given_is_required(route: Route) -> None:
    if isinstance(route.takes, Body) or route.takes is None:
        return
    given = SCHEMAS[f"{route.takes.__name__}Create"]
    mandatory = [name for name, field in fields_of(route.takes).items() if field.mandatory]
    assert given.get("required", []) == mandatory
    assert given["additionalProperties"] is False


def test_nothing_is_newer_than_the_newest_version() -> None:
    minors = re.findall(r'"x-since":"1\.(\d+)"', orjson.dumps(DOCUMENT).decode())
    assert minors
    assert max(map(int, minors)) <= versions.MAXIMUM
