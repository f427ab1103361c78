"""The directives ``api-reference`` and ``image-reference``: routes and fields of the two APIs.

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

from baremetal.api.dialect import IMAGE
from baremetal.api.routes import ROUTES
from baremetal.api.routing import Route
from baremetal.api.types.base import Type, fields_of
from baremetal.api.types.image import Image
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
        since, status = f"1.{route.since}", str(route.status)
        yield f"`{route.method} {route.path}`", since, status, _about(route)


def _about(route: Route) -> str:
    about = (inspect.getdoc(route.controller) or "").partition("\n")[0]
    return f"{about} No credentials needed." if route.public else about


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


class ImageReference(Directive):
    """A table of the Image API's routes, and one of the fields of an image."""

    def run(self) -> list[nodes.Node]:
        rows = [
            (f"`{route.method} {IMAGE.prefix}{route.path}`", str(route.status), _about(route))
            for route in IMAGE.routes
        ]
        fields = [(name, kind, *rest) for name, kind, _since, *rest in _field_rows(Image)]
        return [
            table(("route", "success", "what it does"), rows),
            nodes.rubric(text="Fields of an image"),
            table(("field", "kind", "written", "what it is"), fields),
        ]


def _order() -> dict[str, int]:
    names = dict.fromkeys(collection(route) for route in ROUTES)
    return {name: position for position, name in enumerate(names)}


def setup(app: Sphinx) -> dict[str, bool]:
    """Give Sphinx the directive."""
    app.add_directive("api-reference", ApiReference)
    app.add_directive("image-reference", ImageReference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
