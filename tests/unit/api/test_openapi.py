"""The OpenAPI document says all that the tables say, and says it validly."""

import re
from typing import Any

import orjson
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from baremetal.api import versions
from baremetal.api.body import Body
from baremetal.api.openapi import document
from baremetal.api.routes import ROUTES
from baremetal.api.routing import Route
from baremetal.api.types.base import Type, fields_of

DOCUMENT = document(ROUTES)
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


def _operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][route.path][route.method.lower()]
    return found


def test_it_is_valid_openapi() -> None:
    OPENAPI_31_VALIDATOR.validate(orjson.loads(orjson.dumps(DOCUMENT)))


def test_it_names_every_route_and_no_other() -> None:
    named = {
        f"{method.upper()} {path}" for path, item in DOCUMENT["paths"].items() for method in item
    }
    assert named == {_title(route) for route in ROUTES}


def test_names_of_operations_are_unique() -> None:
    names = [_operation(route)["operationId"] for route in ROUTES]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere() -> None:
    for reference in re.findall(r'"\$ref":"#/([^"]+)"', orjson.dumps(DOCUMENT).decode()):
        found: Any = DOCUMENT
        for part in reference.split("/"):
            found = found[part]
        assert found


@pytest.mark.parametrize("route", ROUTES, ids=_title)
def test_an_operation_says_what_its_route_says(route: Route) -> None:
    operation = _operation(route)
    assert operation["summary"], "a controller's first docstring line is its summary"
    assert operation["x-since"] == f"1.{route.since}"
    assert ("security" in operation) == route.public
    assert str(route.status) in operation["responses"]
    assert ("requestBody" in operation) == (route.takes is not None)
    parameters = [p for p in operation["parameters"] if "$ref" not in p]
    in_path = {p["name"] for p in parameters if p["in"] == "path"}
    assert in_path == set(re.findall(r"{(\w+)}", route.path))
    in_query = {p["name"]: p["x-since"] for p in parameters if p["in"] == "query"}
    assert in_query == {p.name: f"1.{p.since}" for p in route.query if p.since <= versions.MAXIMUM}


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
