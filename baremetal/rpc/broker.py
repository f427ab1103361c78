"""Whether there is a broker behind ``transport_url``."""

from typing import Any

import oslo_messaging
from oslo_config import cfg

from baremetal.domain.errors import Unavailable

#: Transports that need a broker; the others live within a process.
_OVER_A_BROKER = ("rabbit", "kombu")
_SECONDS = 2


def check_broker(conf: cfg.ConfigOpts) -> None:
    """Return if a broker lets us in, or if none is needed.

    :raises Unavailable: none of those that are configured does, in two seconds each.
    """
    url = oslo_messaging.TransportURL.parse(conf)
    if url.transport not in _OVER_A_BROKER:
        return
    # It takes a tenth of a second to import, and many do without a broker.
    from kombu.connection import Connection  # noqa: PLC0415
    from kombu.exceptions import KombuError  # noqa: PLC0415

    problem: object = "transport_url names no host"
    for host in url.hosts:
        connection: Any = Connection(  # type: ignore[no-untyped-call]
            hostname=host.hostname,
            port=host.port or None,
            userid=host.username,
            password=host.password,
            virtual_host=url.virtual_host or "/",
            connect_timeout=_SECONDS,
        )
        try:
            connection.connect()
        except (
            *connection.connection_errors,
            *connection.channel_errors,  # a login that is refused is one of these
            KombuError,
        ) as error:
            problem = f"{host.hostname}: {error}"
        else:
            return
        finally:
            connection.release()
    raise Unavailable(f"No broker of transport_url answers. The last one said: {problem}")
