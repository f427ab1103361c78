"""Makes the transport, and turns errors of the bus into ours."""

import logging
from collections.abc import Mapping
from typing import Any

import oslo_messaging
from oslo_config import cfg

from baremetal import log
from baremetal.clock import Clock
from baremetal.domain import errors
from baremetal.meters import METERS
from baremetal.rpc.broker import check_broker

LOG = logging.getLogger(__name__)

TOPIC = "baremetal-conductor"
EXCHANGE = "baremetal"


#: What the library would do otherwise: wait half a minute for a broker that is back.
#: After each message the library looks whether it is to be acknowledged, first after so long and
#: then in ever longer steps. It would begin with a millisecond: a dozen looks for each ring.
_ACKNOWLEDGE_SECONDS = 0.1
_RABBIT_DEFAULTS = {"rabbit_interval_max": 5, "rabbit_qos_prefetch_count": 64}


def make_transport(conf: cfg.ConfigOpts, url: str | None = None) -> Any:
    """The RPC transport of ``transport_url``, or of `url` where that is not configured."""
    oslo_messaging.set_transport_defaults(EXCHANGE)
    if url is not None:
        # Parsing registers the option, whose default can be set only then.
        oslo_messaging.TransportURL.parse(conf, url)
        conf.set_default("transport_url", url)
    transport = oslo_messaging.get_rpc_transport(conf)
    section = "oslo_messaging_rabbit"
    if section in conf:
        for name, value in _RABBIT_DEFAULTS.items():
            conf.set_default(name, value, group=section)
        _look_seldom_for_acknowledgements()
    return transport


def _look_seldom_for_acknowledgements() -> None:
    # It takes a moment to import, and many do without a broker.
    from oslo_messaging._drivers import amqpdriver  # noqa: PLC0415

    amqpdriver.ACK_REQUEUE_EVERY_SECONDS_MIN = _ACKNOWLEDGE_SECONDS


class Carrier(oslo_messaging.NoOpSerializer):  # type: ignore[misc]
    """Lets the ids of a request travel with its messages, so that both ends log the same."""

    def serialize_context(self, ctxt: Mapping[str, Any]) -> Mapping[str, Any]:
        """The context of a message, with the ids."""
        return {**ctxt, **log.carried()}

    def deserialize_context(self, ctxt: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same, at the other end, in the thread that will carry the request out."""
        log.take_up(ctxt)
        return ctxt


class Client:
    """Calls and casts to one topic.

    What went wrong at the far end comes as ``{"error": [class, message]}``, since
    exceptions with structured arguments do not survive the way.
    """

    _clock = Clock()

    def __init__(self, transport: Any, topic: str, cap: str | None = None) -> None:
        """Speak to servers of `topic`, and send nothing that is newer than version `cap`."""
        target = oslo_messaging.Target(topic=topic, version="1.0")
        self._client = oslo_messaging.get_rpc_client(
            transport, target, version_cap=cap, serializer=Carrier()
        )
        #: Whether an answer has ever come.
        self._connected = False

    def tell(self, server: str | None, method: str, **arguments: Any) -> bool:
        """Tell one server, or any; a message that cannot be sent is only logged. Whether it was."""
        try:
            self._client.prepare(server=server, retry=0).cast({}, method, **arguments)
        except _not_sent() as error:
            LOG.warning("%s could not be told '%s': %s", server, method, error)
            return False
        return True

    def ask(
        self, server: str, method: str, timeout: float, since: str = "1.0", **arguments: Any
    ) -> Any:
        """The answer of one server to a method that version `since` of the contract brought.

        :raises NotSupported: the server is older than that, or we may send nothing as new.
        :raises Unavailable: it does not answer within `timeout` seconds.
        :raises BaremetalError: what the server raised.
        """
        prepared = self._client.prepare(server=server, timeout=timeout, retry=0, version=since)
        begun, outcome = self._clock.monotonic(), "lost"
        try:
            if not self._connected:
                # For its first answer the library would wait for a broker without an end.
                check_broker(self._client.transport.conf)
            answer = prepared.call({}, method, **arguments)
            self._connected = True
            outcome = "refused" if "error" in answer else "answered"
        except (oslo_messaging.RPCVersionCapError, oslo_messaging.UnsupportedVersion) as error:
            raise errors.NotSupported(
                f"Conductor {server} does not answer '{method}', which version {since} brought."
            ) from error
        except oslo_messaging.RemoteError as error:
            if error.exc_type != "UnsupportedVersion":
                raise
            raise errors.NotSupported(
                f"Conductor {server} does not answer '{method}', which version {since} brought."
            ) from error
        except oslo_messaging.MessagingTimeout as error:
            raise errors.Unavailable(
                f"Conductor {server} did not answer '{method}' within {timeout:.0f} s. Retry later."
            ) from error
        except _not_sent() as error:
            raise errors.Unavailable(f"The message bus does not answer: {error}") from error
        finally:
            METERS.rpc.observe((method, outcome), self._clock.monotonic() - begun)
        return unwrap(answer)


def _not_sent() -> tuple[type[Exception], ...]:
    """What is raised where the broker is away; that of a new connection comes as it is."""
    # It takes a moment to import, and many do without a broker.
    from kombu.exceptions import KombuError  # noqa: PLC0415

    return oslo_messaging.MessageDeliveryFailure, oslo_messaging.MessagingException, KombuError


def _revived(name: str, message: str) -> errors.BaremetalError:
    """The error that the server had, without the arguments it was made of."""
    found = getattr(errors, name, errors.DriverError)
    revived: errors.BaremetalError = found.__new__(found)
    revived.args = (message,)
    return revived


def unwrap(answer: Mapping[str, Any]) -> Any:
    """The result that `answered` has wrapped.

    :raises BaremetalError: what `refused` has wrapped.
    """
    if "error" in answer:
        raise _revived(*answer["error"])
    return answer["result"]


def answered(result: Any) -> Mapping[str, Any]:
    """A result as it travels."""
    return {"result": result}


def refused(error: errors.BaremetalError) -> Mapping[str, Any]:
    """An error as it travels: as the nearest class that both sides know."""
    known = next(cls for cls in type(error).__mro__ if cls.__module__ == errors.__name__)
    return {"error": [known.__name__, error.message]}
