"""Shares: records, what is done to them, and waiting until it is done."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from baremetal.client import errors
from baremetal.client.transport import Resource, Transport

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEADERS: Final = {"X-OpenStack-Manila-API-Version": "2.60"}
_PAGE: Final = 500
_LOOK_SECONDS: Final = 0.2


class ShareCollection:
    """List, get, create and delete at /v2/NAME; an ID, or a name that no other one has."""

    def __init__(self, transport: Transport, plural: str, singular: str) -> None:
        self._transport = transport
        self._path = f"/v2/{plural}"
        self._plural, self._singular = plural, singular

    def list(self, _fields: Sequence[str] = (), **filters: Any) -> Iterator[Resource]:
        """Every item that the filters let through, page by page."""
        wanted = {name: value for name, value in filters.items() if value is not None}
        limit = int(wanted.pop("limit", 0)) or None
        offset = 0
        while limit is None or offset < limit:
            size = min(_PAGE, limit - offset) if limit else _PAGE
            query = {**wanted, "limit": size, "offset": offset}
            page = self.ask("GET", "/detail", params=query)[self._plural]
            yield from page
            offset += len(page)
            if len(page) < size:
                return

    def get(self, ident: str, _fields: Sequence[str] = ()) -> Resource:
        """One item.

        :raises errors.NotFound: there is none; or there are several of that name
        """
        if _UUID.fullmatch(ident):
            found: Resource = self.ask("GET", f"/{ident}")[self._singular]
            return found
        named = [*self.list(name=ident, limit=2)]
        if len(named) == 1:
            return named[0]
        word = self._singular.capitalize()
        fault = f"{word} {ident} could not be found."
        if named:
            fault = f"There are several named {ident}; give an ID."
        path = f"{self._transport.root}{self._path}"
        raise errors.error_for(errors.Refusal(409 if named else 404, fault, "GET", path))

    def create(self, body: Resource) -> Resource:
        """The item that the server made of `body`."""
        made: Resource = self.ask("POST", json={self._singular: body})[self._singular]
        return made

    def delete(self, ident: str) -> None:
        """Let one go."""
        self.ask("DELETE", f"/{self.get(ident)['id']}")

    def act(self, ident: str, word: str, wait: str | None = None, **arguments: Any) -> Any:
        """Do something to one; what the server says of it, at once or when it has come so far."""
        body, query = {word: arguments or None}, {"wait": wait} if wait else None
        path = f"/{self.get(ident)['id']}/action"
        return self.ask("POST", path, json=body, params=query)

    def wait(self, ident: str, seconds: float) -> Resource:
        """One when nothing is under way with it any more, or when the time is over."""
        return _until(
            lambda: self.get(ident), lambda found: not found["status"].endswith("ing"), seconds
        )

    def ask(self, method: str, path: str = "", **more: Any) -> Any:
        """What the server answers beneath the collection."""
        return self._transport.request(method, self._path + path, headers=_HEADERS, **more)


class Shares(ShareCollection):
    """The shares of the service beside the Bare Metal API."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "shares", "share")
        self.snapshots = ShareCollection(transport, "snapshots", "snapshot")

    def locations(self, ident: str) -> Sequence[Resource]:
        """Where clients find a share."""
        found: Sequence[Resource] = self.ask("GET", f"/{self.get(ident)['id']}/export_locations")[
            "export_locations"
        ]
        return found

    def rules(self, ident: str) -> Sequence[Resource]:
        """Who may come in."""
        query = {"share_id": self.get(ident)["id"]}
        answer = self._transport.request(
            "GET", "/v2/share-access-rules", headers=_HEADERS, params=query
        )
        found: Sequence[Resource] = answer["access_list"]
        return found

    def wait_for_rules(self, ident: str, seconds: float) -> Resource:
        """The share when all that was said of its rules is so, or when the time is over."""
        return _until(
            lambda: self.get(ident), lambda s: s["access_rules_status"] != "syncing", seconds
        )


def _until(
    look: Callable[[], Resource], done: Callable[[Resource], bool], seconds: float
) -> Resource:
    deadline = time.monotonic() + seconds
    while not done(found := look()) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return found
