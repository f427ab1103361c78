"""Collections of the API, each with the same five verbs."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from baremetal.client.transport import Resource, Transport


class Collection:
    """List, get, create, update and delete at /v1/NAME."""

    def __init__(self, transport: Transport, name: str, key: str | None = None) -> None:
        self._transport = transport
        self._path = f"/v1/{name}"
        self._key = key or name

    def list(self, fields: Sequence[str] = (), **filters: Any) -> Iterator[Resource]:
        """Every item that the filters let through, page by page.

        :param fields: names of what is wanted of each; empty for the API's usual choice
        """
        query = {name: _query_value(value) for name, value in filters.items() if value is not None}
        if fields:
            query["fields"] = ",".join(fields)
        return self._transport.pages(self._path, self._key, query)

    def get(self, ident: str, fields: Sequence[str] = ()) -> Resource:
        """One item by its UUID or name."""
        params = {"fields": ",".join(fields)} if fields else None
        item: Resource = self._call("GET", ident, params=params)
        return item

    def create(self, body: Resource) -> Resource:
        """The item that the server made of `body`."""
        created: Resource = self._transport.request("POST", self._path, json=body)
        return created

    def update(self, ident: str, patch: Sequence[Resource], **query: Any) -> Resource:
        """The item after a JSON patch (RFC 6902)."""
        params = {name: _query_value(value) for name, value in query.items()}
        updated: Resource = self._call("PATCH", ident, json=list(patch), params=params)
        return updated

    def delete(self, ident: str) -> None:
        """Remove one item's record."""
        self._call("DELETE", ident)

    def _call(self, method: str, ident: str, *rest: str, **kwargs: Any) -> Any:
        path = "/".join((self._path, *(quote(part, safe="") for part in (ident, *rest))))
        return self._transport.request(method, path, **kwargs)


def _query_value(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


class Drivers(Collection):
    """Hardware types."""

    def properties(self, name: str) -> Resource:
        """What a node of this driver may or must say in driver_info: {name: description}."""
        described: Resource = self._call("GET", name, "properties")
        return described


class Operations(Collection):
    """Long work, done or under way."""

    def cancel(self, uuid: str) -> Resource:
        """The operation, which ends as soon as it can.

        :raises errors.Conflict: it is over, or past the point of return
        """
        cancelled: Resource = self._call("POST", uuid, "cancel")
        return cancelled

    def autopsy(self, uuid: str) -> Resource:
        """Why the operation failed: cause, evidence, what to try next.

        :raises errors.NotFound: it has not failed
        """
        found: Resource = self._call("GET", uuid, "autopsy")
        return found
