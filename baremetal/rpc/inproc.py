"""A bus within one process, for the all-in-one: nothing is sent anywhere, nobody polls."""

import queue
import threading
import time
from typing import Any

import oslo_messaging
from oslo_messaging._drivers import base, impl_fake

#: One for all exchanges: a listener looks at its own queues when anything arrives.
_ARRIVAL = threading.Condition()


class InProcessListener(impl_fake.FakeListener):  # type: ignore[misc]
    """Hands out messages as they arrive, where its parent would look every 50 ms."""

    @base.batch_poll_helper  # type: ignore[untyped-decorator]
    def poll(self, timeout: float | None = None) -> Any:
        """The next message, or None after `timeout` seconds or a stop."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with _ARRIVAL:
            while not self._stopped.is_set():
                message = self._take()
                if message is not None:
                    return message
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return None
                _ARRIVAL.wait(left)
        return None

    def stop(self) -> None:
        """Wake whoever polls, for the last time."""
        super().stop()
        with _ARRIVAL:
            _ARRIVAL.notify_all()

    def _take(self) -> Any:
        for target in self._targets:
            exchange = self._exchange_manager.get_exchange(target.exchange)
            context, message, reply, requeue = exchange.poll(target, self._pool)
            if message is not None:
                return impl_fake.FakeIncomingMessage(context, message, reply, requeue)
        return None


class InProcessDriver(impl_fake.FakeDriver):  # type: ignore[misc]
    """The driver behind ``transport_url = inproc://``."""

    def _send(
        self,
        target: Any,
        ctxt: Any,
        message: Any,
        wait_for_reply: bool | None = None,  # noqa: FBT001 - the parent's signature
        timeout: float | None = None,
        transport_options: Any = None,
    ) -> Any:
        self._check_serialize(message)
        replies: queue.Queue[Any] | None = queue.Queue() if wait_for_reply else None
        exchange = self._exchange_manager.get_exchange(target.exchange)
        with _ARRIVAL:
            exchange.deliver_message(
                target.topic,
                ctxt,
                message,
                server=target.server,
                fanout=target.fanout,
                reply_q=replies,
            )
            _ARRIVAL.notify_all()
        if replies is None:
            return None
        try:
            reply, failure = replies.get(timeout=timeout)
        except queue.Empty:
            raise oslo_messaging.MessagingTimeout(f"No reply on topic {target.topic}") from None
        if failure:
            raise failure
        return reply

    def listen(self, target: Any, batch_size: int, batch_timeout: float | None) -> Any:
        """A listener on the target's topic, for this server and for any."""
        exchange = target.exchange or self._default_exchange
        targets = [
            oslo_messaging.Target(topic=target.topic, server=target.server, exchange=exchange),
            oslo_messaging.Target(topic=target.topic, exchange=exchange),
        ]
        listener = InProcessListener(self._exchange_manager, targets)
        return base.PollStyleListenerAdapter(listener, batch_size, batch_timeout)
