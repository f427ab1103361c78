"""The event stream of the API (text/event-stream, WHATWG HTML, 9.2), read and kept alive."""

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from baremetal.client import errors
from baremetal.client.transport import Transport

if TYPE_CHECKING:
    from requests import Response

LOG = logging.getLogger(__name__)

PATH = "/v1/events/stream"
_SILENCE = 45.0  # seconds: three keep-alives were missed
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0  # seconds between attempts to reconnect


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, e.g. type `node.provision_state`.

    Without a type nothing did: the `id` is where to resume.
    """

    id: str
    type: str
    data: dict[str, Any]


class Events:
    """The stream of what happens to nodes and operations."""

    def __init__(
        self, transport: Transport, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._transport = transport
        self._sleep = sleep

    def once(self, *, since: str | None = None, node: str | None = None) -> Iterator[Event | None]:
        """Events of one connection; None first of all, when it stands, and at each keep-alive.

        :raises errors.ApiError: the server refuses; NotFound when it has no such stream
        :raises errors.Unreachable: it does not answer, or falls silent
        """
        params = {"node": node} if node else {}
        headers = {"Accept": "text/event-stream, */*;q=0.1"}
        headers |= {"Last-Event-ID": since} if since else {}
        response = self._transport.stream(PATH, params=params, headers=headers, silence=_SILENCE)
        with closing(response):
            yield None
            yield from parse_events(_chunks(response, self._transport.root))

    def follow(self, *, since: str | None = None, node: str | None = None) -> Iterator[Event]:
        """Events without end; reconnects where it was cut off.

        :raises errors.ApiError: the server refuses
        :raises errors.Unreachable: it could not be reached at the first attempt
        """
        met, pause = False, _FIRST_PAUSE
        while True:
            try:
                for event in self.once(since=since, node=node):
                    met, pause = True, _FIRST_PAUSE
                    if event is not None:
                        since = event.id or since
                        if event.type:
                            yield event
            except (errors.Unreachable, errors.ServerFault) as lost:
                if not met:
                    raise
                LOG.info("%s; reconnecting", lost)
            self._sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


def parse_events(chunks: Iterable[bytes]) -> Iterator[Event | None]:
    """Events out of a stream's bytes, however they are cut; None for each comment."""
    fields: dict[str, str] = {}
    for line in _lines(chunks):
        if line.startswith(":"):
            yield None
        elif line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields['data']}\n{value}" if name == "data" in fields else value
        else:
            if fields.get("data"):
                kind = fields.get("event", "message")
                yield Event(fields.get("id", ""), kind, json.loads(fields["data"]))
            elif fields.get("id"):
                yield Event(fields["id"], "", {})
            fields = {}


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode()


def _chunks(response: "Response", root: str) -> Iterator[bytes]:
    """Bytes as soon as they come, rather than in blocks of a fixed size."""
    # Imported here, because keystoneauth and its requests are loaded by the first request only.
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    raw = response.raw
    try:
        if getattr(raw, "chunked", False):
            yield from raw.read_chunked()
        else:
            while piece := raw.read1(65536):
                yield piece
    except (HTTPError, OSError) as lost:
        raise errors.Unreachable(root, f"the event stream broke: {lost}") from lost


class EventFeed:
    """Events of the stream, taken from a queue, so that a waiter can do something else as well.

    `live` is False until a connection stands, while there is none, and for ever where the
    server has no stream: whoever waits has to look for himself then. `connections` counts
    them; when it grows, something may have been missed.
    """

    def __init__(self, events: Events) -> None:
        self.live = False
        self.connections = 0
        self._events = events
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        threading.Thread(target=self._read, name="event-feed", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._closed.set()

    def next(self, timeout: float) -> Event | None:
        """The next event, or None when there was none for `timeout` seconds, or all changed."""
        try:
            return self._queue.get(timeout=max(timeout, 0.001))
        except queue.Empty:
            return None

    def _read(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed.is_set():
            try:
                for event in self._events.once():
                    if self._closed.is_set():
                        return
                    if not self.live:
                        self.live, pause = True, _FIRST_PAUSE
                        self.connections += 1
                    self._queue.put(event if event and event.type else None)
            except (errors.Unreachable, errors.ServerFault) as lost:
                LOG.info("%s", lost)
            except errors.ClientError as refused:
                LOG.info("no event stream here (%s); polling instead", refused)
                return
            finally:
                self.live = False
            self._queue.put(None)
            self._closed.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
