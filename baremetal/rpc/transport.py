"""Makes the transport, and turns errors of the bus into ours."""

import logging
from collections.abc import Mapping
from typing import Any

import oslo_messaging
from oslo_config import cfg

from baremetal.domain import errors

LOG = logging.getLogger(__name__)

TOPIC = "baremetal-conductor"
EXCHANGE = "baremetal"


def make_transport(conf: cfg.ConfigOpts, url: str | None = None) -> Any:
    """The RPC transport of ``transport_url``, or of `url` where that is not configured."""
    oslo_messaging.set_transport_defaults(EXCHANGE)
    if url is not None:
        # Parsing registers the option, whose default can be set only then.
        oslo_messaging.TransportURL.parse(conf, url)
        conf.set_default("transport_url", url)
    return oslo_messaging.get_rpc_transport(conf)


class Client:
    """Calls and casts to one topic.

    What went wrong at the far end comes as ``{"error": [class, message]}``, since
    exceptions with structured arguments do not survive the way.
    """

    def __init__(self, transport: Any, topic: str, version: str) -> None:
        """Speak `version` of the contract of `topic`."""
        target = oslo_messaging.Target(topic=topic, version=version)
        self._client = oslo_messaging.get_rpc_client(transport, target)
        self._shouter = self._client.prepare(fanout=True, retry=0)

    def shout(self, method: str, **arguments: Any) -> None:
        """Tell all servers; a message that cannot be sent is only logged."""
        try:
            self._shouter.cast({}, method, **arguments)
        except (oslo_messaging.MessageDeliveryFailure, oslo_messaging.MessagingException) as error:
            LOG.warning("%s could not be announced: %s", method, error)

    def ask(self, server: str, method: str, timeout: float, **arguments: Any) -> Any:
        """The answer of one server.

        :raises Unavailable: it does not answer within `timeout` seconds.
        :raises BaremetalError: what the server raised.
        """
        prepared = self._client.prepare(server=server, timeout=timeout, retry=0)
        try:
            answer = prepared.call({}, method, **arguments)
        except oslo_messaging.MessagingTimeout as error:
            raise errors.Unavailable(
                f"Conductor {server} did not answer '{method}' within {timeout:.0f} s. Retry later."
            ) from error
        except (oslo_messaging.MessageDeliveryFailure, oslo_messaging.MessagingException) as error:
            raise errors.Unavailable(f"The message bus does not answer: {error}") from error
        if "error" in answer:
            raise _revived(*answer["error"])
        return answer["result"]


def _revived(name: str, message: str) -> errors.BaremetalError:
    """The error that the server had, without the arguments it was made of."""
    found = getattr(errors, name, errors.DriverError)
    revived: errors.BaremetalError = found.__new__(found)
    revived.args = (message,)
    return revived


def answered(result: Any) -> Mapping[str, Any]:
    """A result as `Client.ask` unwraps it."""
    return {"result": result}


def refused(error: errors.BaremetalError) -> Mapping[str, Any]:
    """An error as `Client.ask` raises it; the nearest class that both sides know."""
    known = next(cls for cls in type(error).__mro__ if cls.__module__ == errors.__name__)
    return {"error": [known.__name__, error.message]}
