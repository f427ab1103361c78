"""The directive ``api-reference``: routes and fields, from the API's own tables.

Read from ``baremetal/api/routes.py`` and the types that the routes name, so that the
page says what the running service does.
"""

import inspect
from collections.abc import Iterable, Iterator
from itertools import groupby

from docutils import nodes
from docutils.parsers.rst import Directive
from manual_table import sentence, table
from sphinx.application import Sphinx

from baremetal.api.routes import ROUTES
from baremetal.api.routing import Route
from baremetal.api.types.base import Type, fields_of
from baremetal.api.versions import MAXIMUM

_WRITTEN = {
    "never": "",
    "create": "when created",
    "always": "any time",
    "patch": "by PATCH",
}


def collection(route: Route) -> str:
    """The word by which a route is filed: ``nodes``, ``ports``, or ``versions``."""
    parts = route.path.strip("/").split("/")
    return parts[1] if len(parts) > 1 else "versions"


def types() -> list[type[Type]]:
    """The types that routes take and give, each once, in the order of the routes."""
    found: dict[type[Type], None] = {}
    for route in ROUTES:
        for named in (route.takes, route.gives):
            cls = named[0] if isinstance(named, list) else named
            if isinstance(cls, type):
                found.setdefault(cls)
    return list(found)


def _route_rows(routes: Iterable[Route]) -> Iterator[tuple[str, str, str, str]]:
    for route in routes:
        about = (inspect.getdoc(route.controller) or "").partition("\n")[0]
        if route.public:
            about += " No credentials needed."
        yield f"`{route.method} {route.path}`", f"1.{route.since}", str(route.status), about


def _field_rows(cls: type[Type]) -> Iterator[tuple[str, str, str, str, str]]:
    for name, field in fields_of(cls).items():
        written = "required" if field.mandatory else _WRITTEN[field.writable]
        yield f"`{name}`", str(field.kind.name), f"1.{field.since}", written, field.about


class ApiReference(Directive):
    """A table of routes per collection, and one of fields per type."""

    def run(self) -> list[nodes.Node]:
        found: list[nodes.Node] = [nodes.paragraph(text=f"The newest microversion is 1.{MAXIMUM}.")]
        in_order = sorted(ROUTES, key=lambda route: _order()[collection(route)])
        for name, routes in groupby(in_order, key=collection):
            found.append(nodes.rubric(text=name.capitalize()))
            head = ("route", "since", "success", "what it does")
            found.append(table(head, _route_rows(routes)))
        for cls in types():
            found.append(nodes.rubric(text=f"Fields of a {cls.__resource__.singular}"))
            found.append(sentence((inspect.getdoc(cls) or "").partition("\n")[0]))
            head5 = ("field", "kind", "since", "written", "what it is")
            found.append(table(head5, _field_rows(cls)))
        return found


def _order() -> dict[str, int]:
    names = dict.fromkeys(collection(route) for route in ROUTES)
    return {name: position for position, name in enumerate(names)}


def setup(app: Sphinx) -> dict[str, bool]:
    """Give Sphinx the directive."""
    app.add_directive("api-reference", ApiReference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
