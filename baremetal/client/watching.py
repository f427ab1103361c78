"""Resources as they change: by the event stream, or by looking again where there is none."""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from baremetal.client import errors
from baremetal.client.events import Event, EventFeed
from baremetal.client.transport import Resource

LOG = logging.getLogger(__name__)

_TICK = 0.5  # seconds without a change after which the waiter gets the word
_LOOK_WHEN_LIVE = 20.0  # seconds; a safety net under the stream
_LOOK_WHEN_POLLING = 1.0  # seconds, and a tenth more for each thing watched
_PATIENCE = 60.0  # seconds that the service may be away, e.g. for a restart

_OPERATION_OVER = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Subject:
    """What is watched: how to fetch one, and how events tell about it."""

    fetch: Callable[[str], Resource]
    event_key: str
    merge: Callable[[Resource, Event], bool]  # False: the event does not say enough
    gone: Callable[[str, errors.NotFound], Resource] | None = None  # None: that is an error


class Watcher:
    """Yields each resource at first, and then again whenever it changed, until `forget`."""

    def __init__(
        self,
        subject: Subject,
        feed: EventFeed,
        uuids: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._subject = subject
        self._feed = feed
        self._clock = clock
        self._watched: dict[str, Resource | None] = dict.fromkeys(uuids)
        self._stale: set[str] = set()
        self._stale_since = 0.0
        self._lost_at: float | None = None

    def forget(self, uuid: str) -> None:
        """Watch this one no longer."""
        del self._watched[uuid]

    def changes(self) -> Iterator[Resource | None]:
        """Changed resources (None: nothing new), until all are forgotten.

        :raises errors.Unreachable: the service has been away for a minute
        :raises errors.ApiError: it refuses
        """
        look_at, connections = self._clock(), 0
        while self._watched:
            if self._clock() >= look_at or connections != self._feed.connections:
                connections = self._feed.connections
                yield from self._look(self._watched.keys())
                look_at = self._clock() + self._interval()
                continue
            # Whatever else has been told already comes first: it may save a look, or many.
            event = self._feed.next(0 if self._stale else min(_TICK, look_at - self._clock()))
            yield self._hear(event)
            if self._stale and (event is None or self._clock() - self._stale_since > _TICK):
                yield from self._look(self._stale & self._watched.keys())

    def _interval(self) -> float:
        """Seconds until the next look: the stream tells sooner, where there is one."""
        return _LOOK_WHEN_LIVE if self._feed.live else _LOOK_WHEN_POLLING + len(self._watched) / 10

    def _look(self, uuids: Collection[str]) -> Iterator[Resource | None]:
        for uuid in list(uuids):
            self._stale.discard(uuid)
            try:
                resource = self._subject.fetch(uuid)
            except errors.NotFound as missing:
                if self._subject.gone is None:
                    raise
                resource = self._subject.gone(uuid, missing)
            except (errors.Unreachable, errors.Busy) as away:
                self._be_patient(away)
                yield None
                return
            self._lost_at = None
            before, self._watched[uuid] = self._watched[uuid], resource
            if resource != before:
                yield resource

    def _be_patient(self, away: errors.ClientError) -> None:
        now = self._clock()
        if self._lost_at is None:
            self._lost_at = now
            LOG.warning("%s; waiting for it to come back", away)
        if now - self._lost_at > _PATIENCE:
            raise away

    def _hear(self, event: Event | None) -> Resource | None:
        uuid = event.data.get(self._subject.event_key) if event else None
        known = self._watched.get(uuid) if uuid else None
        if event is None or uuid is None or known is None:
            return None
        changed = dict(known)
        if not self._subject.merge(changed, event):
            if not self._stale:
                self._stale_since = self._clock()
            self._stale.add(uuid)
            return None
        self._watched[uuid] = changed
        return changed


def merge_into_node(node: Resource, event: Event) -> bool:
    """Bring a node up to date by an event; False if it has to be fetched again."""
    data = event.data
    if event.type == "operation.progress":
        operation = node.get("operation")
        if not operation or operation["uuid"] != data["operation_uuid"]:
            return False
        progress = {"percent": data["percent"], "message": data["message"]}
        node["operation"] = operation | {"step": data["step"], "progress": progress}
        return True
    if event.type == "operation.state":
        return _merge_operation_state(node, data)
    # An event that does not go on from what is known is an old one, or follows a missed one.
    if event.type == "node.provision_state" and data["from"] == node["provision_state"]:
        node["provision_state"] = data["to"]
        node["target_provision_state"] = data.get("target")
        node["last_error"] = data.get("error")
        return True
    return False


def _merge_operation_state(node: Resource, data: Resource) -> bool:
    operation = node.get("operation")
    same = operation is not None and operation["uuid"] == data["operation_uuid"]
    if data["state"] in _OPERATION_OVER:
        if same:
            node["operation"] = None
        return True
    if operation is not None and same:
        node["operation"] = operation | {"state": data["state"], "step": data.get("step")}
    return same


def merge_into_operation(operation: Resource, event: Event) -> bool:
    """Bring an operation up to date by an event; False if it has to be fetched again."""
    if event.type != "operation.progress":
        return False
    data = event.data
    operation["step"] = data["step"]
    operation["progress"] = {"percent": data["percent"], "message": data["message"]}
    return True


def is_over(operation: Resource) -> bool:
    """Whether an operation has come to its end."""
    return operation.get("state") in _OPERATION_OVER
