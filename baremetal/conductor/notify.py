"""Delivers events as notifications: each at least once, in order, whatever breaks meanwhile."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from baremetal.clock import Clock
from baremetal.db.events import EventLog
from baremetal.db.outbox import OutboxStore
from baremetal.domain.errors import Unavailable
from baremetal.domain.notification import notification_of

LOG = logging.getLogger(__name__)

#: How often is looked for events.
SECONDS = 1.0
#: A conductor that is heard of no more has the outbox for so long.
_LEASE_SECONDS = 30.0
_BATCH = 50

#: (event type, priority, payload); raises Unavailable.
Send = Callable[[str, str, dict[str, Any]], None]


class Outbox:
    """The duty of one conductor; of several that have it, one delivers at a time."""

    def __init__(
        self, store: OutboxStore, events: EventLog, send: Send, clock: Clock, host: str
    ) -> None:
        """Deliver `events` by `send` in the name of `host`."""
        self._store = store
        self._events = events
        self._send = send
        self._clock = clock
        self._host = host
        self._broken = False
        #: Set when the process ends.
        self.stopping = threading.Event()

    def begin(self) -> None:
        """From now on, what happens is to be delivered."""
        self._store.begin(self._clock.now())

    def deliver(self) -> int:
        """Deliver what there is; how many events that were.

        :raises Unavailable: the database does not answer.
        """
        delivered = 0
        while not self.stopping.is_set():
            now, until = self._clock.now(), self._clock.after(_LEASE_SECONDS)
            position = self._store.hold(self._host, now, until)
            if position is None:
                break
            done = self._deliver_after(position)
            delivered += done
            if done < _BATCH:
                break
        return delivered

    def _deliver_after(self, position: int) -> int:
        events = self._events.after(position, limit=_BATCH)
        if not events:
            return 0
        uuids = {event["node_uuid"] for event in events if event["node_uuid"]}
        nodes = self._store.described(uuids)
        done = 0
        try:
            for event in events:
                found = notification_of(event, nodes.get(event["node_uuid"]))
                if found is not None:
                    self._send(found.event_type, found.priority, dict(found.payload))
                done += 1
        except Unavailable as error:
            if not self._broken:
                LOG.warning("%s Notifications are kept and sent later.", error.message)
            self._broken = True
        else:
            if self._broken:
                LOG.info("notifications are sent again")
            self._broken = False
        if done and not self._store.advance(self._host, events[done - 1]["id"]):
            LOG.warning("another conductor has taken over the notifications")
            return 0
        return done
