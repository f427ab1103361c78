"""How a request finds its controller: one table, looked up in one step."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from baremetal.api.call import Call
from baremetal.api.query import Parameter
from baremetal.auth.rules import Rule

Controller = Callable[[Call], Any]
#: What a route takes whose body is no document; it comes in pieces, `Call.upload`.
BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table.

    `path` has variable parts in braces. `since` is the microversion that brought it.
    `public` routes need no credentials, all others name the `policy` that lets callers in
    (api/policies/). `status` is that of success. `query` are the
    parameters that it knows; others are refused, unless the controller looks itself for what
    there is (`open_query`). `takes` and `gives` name the types of the bodies, for the
    documentation.
    """

    method: str
    path: str
    controller: Controller
    policy: Rule | None = None
    since: int = 1
    public: bool = False
    status: int = 200
    takes: Any = None
    gives: Any = None
    query: tuple[Parameter, ...] = ()
    open_query: bool = False


class Match:
    """What stands at one path: a controller per method."""

    __slots__ = ("args", "methods")

    def __init__(self, methods: dict[str, Route], args: dict[str, str]) -> None:
        """Keep them."""
        self.methods = methods
        self.args = args


class _Branch:
    __slots__ = ("methods", "names", "static", "variable")

    def __init__(self) -> None:
        self.static: dict[str, _Branch] = {}
        self.variable: _Branch | None = None
        self.methods: dict[str, Route] = {}
        self.names: tuple[str, ...] = ()


class Router:
    """The table as a tree of path segments; fixed words go before variable parts."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Plant the tree."""
        self._root = _Branch()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        branch = self._root
        names = []
        for segment in route.path.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                branch.variable = branch.variable or _Branch()
                branch = branch.variable
            else:
                branch = branch.static.setdefault(segment, _Branch())
        if route.method in branch.methods:
            raise ValueError(f"{route.method} {route.path} is in the table twice")
        if route.public == (route.policy is not None):
            raise ValueError(f"{route.method} {route.path} is either public or names its policy")
        branch.methods[route.method] = route
        branch.names = tuple(names)

    def find(self, segments: Iterable[str]) -> Match | None:
        """What stands at the path, or None."""
        found = _find(self._root, tuple(segments), 0)
        if found is None:
            return None
        branch, values = found
        return Match(branch.methods, dict(zip(branch.names, values, strict=True)))


def _find(
    branch: _Branch, segments: tuple[str, ...], at: int
) -> tuple[_Branch, tuple[str, ...]] | None:
    if at == len(segments):
        return (branch, ()) if branch.methods else None
    segment = segments[at]
    below = branch.static.get(segment)
    if below is not None:
        found = _find(below, segments, at + 1)
        if found is not None:
            return found
    if branch.variable is not None and segment:
        found = _find(branch.variable, segments, at + 1)
        if found is not None:
            return found[0], (segment, *found[1])
    return None
