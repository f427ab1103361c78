"""The event stream: what happens, as it happens (server-sent events, WHATWG HTML 9.2)."""

from collections.abc import Iterator

import orjson

from baremetal.api.call import Answer, Call
from baremetal.api.controllers.veil import veil, veiled_events
from baremetal.api.guard import visible_node
from baremetal.api.query import Parameter
from baremetal.api.types import kinds
from baremetal.domain.errors import InvalidInput, Unavailable
from baremetal.meters import METERS

#: How often the log is looked at, and how often a silent stream shows that it lives; seconds.
_LOOK_SECONDS = 0.25
_KEEP_ALIVE_SECONDS = 15.0
#: After this long a stream ends. Its caller resumes it, and is judged anew.
_STREAM_SECONDS = 300.0

PARAMETERS = (
    Parameter("since", kinds.COUNT, about="The number of the last event that is known."),
    Parameter("node", kinds.TEXT, about="Events of this node alone."),
)


def stream(call: Call) -> Answer:
    """Events after ``since`` (or ``Last-Event-ID``), for some minutes at a time.

    :raises Unavailable: as many streams as are allowed are open.
    """
    text = call.query.get("since", call.environ.get("HTTP_LAST_EVENT_ID"))
    try:
        number = kinds.COUNT.validate(text) if text is not None else call.services.events.last_id()
    except ValueError as error:
        raise InvalidInput(f"Last-Event-ID {error}") from error
    node = call.query.get("node")
    if node is not None:
        node, _ = visible_node(call, node)
    if not call.services.streams.acquire(blocking=False):
        raise Unavailable("Too many event streams are open ([api] max_streams). Retry later.")
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    stream = _Stream(call, number, node)
    return Answer(status=200, headers=headers, stream=stream, content_type="text/event-stream")


class _Stream:
    """The chunks of one stream; closing it frees its place."""

    def __init__(self, call: Call, number: int, node: str | None) -> None:
        self._services = call.services
        self._number = number
        self._node = node
        self._project = call.only_of
        self._veil = veil(call)
        self._asker = call.identity.project_id
        self._chunks = self._generate()
        METERS.streams.add(id(self))

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        """Free the stream's place; the server calls this when the caller is gone."""
        services, self._chunks = self._services, iter(())
        if services is not None:
            METERS.streams.discard(id(self))
            services.streams.release()
            self._services = None  # type: ignore[assignment]

    def _generate(self) -> Iterator[bytes]:
        clock, silent = self._services.clock, 0.0
        end = clock.monotonic() + _STREAM_SECONDS
        yield self._place("events of Baremetal")
        while not self._services.stopping.is_set() and clock.monotonic() < end:
            log = self._services.events
            events, self._number = log.look(self._number, self._node, self._project)
            for event in veiled_events(self._services.db, self._veil, self._asker, events):
                data = orjson.dumps(event["data"]).decode()
                yield f"id: {event['id']}\nevent: {event['type']}\ndata: {data}\n\n".encode()
            if events:
                silent = 0.0
                continue
            clock.sleep(_LOOK_SECONDS)
            silent += _LOOK_SECONDS
            if silent >= _KEEP_ALIVE_SECONDS:
                silent = 0.0
                yield self._place("keep-alive")
        yield self._place("to be continued")

    def _place(self, comment: str) -> bytes:
        """A comment, and where to resume: no event, but readers remember the number."""
        return f": {comment}\nid: {self._number}\n\n".encode()
