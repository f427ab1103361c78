"""The way of notifications: oslo.messaging's notifier, which is off unless it is configured."""

import logging
from typing import Any

import oslo_messaging
from oslo_config import cfg
from oslo_messaging.notify import notifier as options

from baremetal.domain.errors import Unavailable

_SECTION = "oslo_messaging_notifications"


def wanted(conf: cfg.ConfigOpts) -> bool:
    """Whether ``[oslo_messaging_notifications] driver`` names one."""
    # The library registers them only together with a transport, which costs time to make.
    conf.register_opts(options._notifier_opts, group=_SECTION)  # noqa: SLF001
    return bool(set(conf[_SECTION].driver) - {"noop"})


class NotificationSender:
    """Sends notifications, and says so when one could not be sent."""

    def __init__(self, conf: cfg.ConfigOpts, publisher: str) -> None:
        """Send in the name of `publisher`, such as ``conductor.HOST``."""
        self._failure: Exception | None = None
        self._transport = transport = oslo_messaging.get_notification_transport(conf)
        self._send = transport._send_notification  # noqa: SLF001
        # The drivers log what goes wrong and keep it for themselves, so it is noted here, below
        # them. What is to be logged about it is logged by whoever calls us.
        transport._send_notification = self._watched  # noqa: SLF001
        logging.getLogger("oslo_messaging.notify.messaging").setLevel(logging.CRITICAL)
        # Where the driver is `log`, lines are what is wanted.
        logging.getLogger("oslo.messaging.notification").setLevel(logging.INFO)
        self._notifier = oslo_messaging.Notifier(transport, publisher, retry=0)

    def send(self, event_type: str, priority: str, payload: dict[str, Any]) -> None:
        """Send one.

        :raises Unavailable: the broker did not take it.
        """
        self._failure = None
        getattr(self._notifier, priority)({}, event_type, payload)
        if self._failure is not None:
            raise Unavailable(
                f"The message bus did not take a notification: {self._failure}"
            ) from self._failure

    def close(self) -> None:
        """Let go of the connections."""
        self._transport.cleanup()

    def _watched(self, *args: Any, **kwargs: Any) -> None:
        try:
            self._send(*args, **kwargs)
        except Exception as error:
            self._failure = error
            raise
