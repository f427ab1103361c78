import itertools
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal.client import Client, connect, errors
from baremetal.client.events import Event, EventFeed, parse_events
from tests.unit.client.stand_in import StandIn

STREAM = (
    b": keep-alive\n\n"
    b'id: 1\nevent: node.created\ndata: {"name": "\xc3\xa4"}\n\n'
    b'id: 2\r\nevent: two\r\ndata: {"a":\r\ndata: 1}\r\n\r\n'
    b'data: {"b": 2}\n\n'
    b"event: without data\n\n"
    b"id: 8\n\n"
    b'data: {"c": 3}\n\n'
    b'id: 9\nevent: cut off\ndata: {"c'
)
EVENTS = [
    None,
    Event("1", "node.created", {"name": "ä"}),
    Event("2", "two", {"a": 1}),
    Event("", "message", {"b": 2}),
    Event("8", "", {}),
    Event("", "message", {"c": 3}),
]


@given(st.lists(st.integers(0, len(STREAM))))
def test_events_are_whole_however_the_bytes_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in itertools.pairwise(edges)]
    assert list(parse_events(pieces)) == EVENTS


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(params=[True, False], ids=["chunked", "until the connection closes"])
def streaming(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    stand_in = StandIn(chunked=request.param)
    yield stand_in
    stand_in.stop()


def test_events_come_as_they_happen(streaming: StandIn) -> None:
    stream = connect(endpoint=streaming.root).events.once()
    assert next(stream) is None
    streaming.emit("node.created", {"name": "n"})
    event = next(stream)
    assert event is not None
    assert (event.id, event.type, event.data["name"]) == ("1", "node.created", "n")


def test_a_stream_goes_on_where_it_was_cut_off(streaming: StandIn) -> None:
    follow = connect(endpoint=streaming.root).events.follow(since="0")
    for number in range(3):
        streaming.emit("tick", {"number": number})
    assert [next(follow).data["number"] for _ in range(3)] == [0, 1, 2]
    streaming.cut_streams()
    streaming.emit("tick", {"number": 3})
    assert next(follow).data["number"] == 3
    assert streaming.seen[-1].headers["Last-Event-ID"] == "3"


def test_a_stream_that_told_of_nothing_goes_on_where_it_ended(streaming: StandIn) -> None:
    """Streams end after some minutes; what happens before the next one is not missed."""
    for number in range(3):
        streaming.emit("tick", {"number": number})
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    follow = connect(endpoint=streaming.root).events.follow()
    threading.Thread(target=lambda: heard.put(next(follow)), daemon=True).start()
    _until(lambda: streaming.listeners() == 1)
    streaming.tell_place()
    streaming.cut_streams()
    streaming.emit("tick", {"number": 3})
    assert heard.get(timeout=30).data["number"] == 3
    assert streaming.seen[-1].headers["Last-Event-ID"] == "3"


def test_a_stream_outlives_the_service(streaming: StandIn) -> None:
    follow = connect(endpoint=streaming.root).events.follow(since="0")
    streaming.emit("tick", {"number": 0})
    next(follow)
    streaming.stop()
    streaming.emit("tick", {"number": 1})
    streaming.start()
    assert next(follow).data["number"] == 1


def test_the_first_attempt_must_succeed(api: StandIn, client: Client) -> None:
    api.stream = False
    with pytest.raises(errors.NotFound):
        next(client.events.follow())
    api.stop()
    with pytest.raises(errors.Unreachable):
        next(client.events.follow())


def test_a_feed_says_when_something_may_have_been_missed(api: StandIn, client: Client) -> None:
    with EventFeed(client.events) as feed:
        _until(lambda: feed.live)
        assert feed.connections == 1
        api.emit("tick", {"number": 0})
        heard = [event for event in (feed.next(1), feed.next(1)) if event]
        assert json.dumps([event.data["number"] for event in heard]) == "[0]"
        api.cut_streams()
        _until(lambda: feed.connections == 2)
    _until(lambda: not feed.live)


def test_a_feed_is_not_live_where_there_is_no_stream(api: StandIn, client: Client) -> None:
    api.stream = False
    with EventFeed(client.events) as feed:
        assert feed.next(0.2) is None
        assert not feed.live
