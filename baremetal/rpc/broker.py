"""Whether there is a broker behind ``transport_url``."""

import ssl
from typing import Any

import oslo_messaging
from oslo_config import cfg

from baremetal.domain.errors import Unavailable

#: Transports that need a broker; the others live within a process.
_OVER_A_BROKER = ("rabbit", "kombu")
_SECONDS = 2
#: What oslo.messaging expects of a broker whose port is not given, with TLS too.
_PORT = 5672
_SECTION = "oslo_messaging_rabbit"


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
            port=host.port or _PORT,
            userid=host.username,
            password=host.password,
            virtual_host=url.virtual_host or "/",
            connect_timeout=_SECONDS,
            ssl=_tls(conf, host.hostname if len(url.hosts) == 1 else None),
            login_method=_option(conf, "rabbit_login_method"),
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


def _tls(conf: cfg.ConfigOpts, hostname: str | None) -> dict[str, Any] | bool:
    """How the driver of the bus is told to use TLS, for kombu; False where it is not."""
    if not _option(conf, "ssl"):
        return False
    files = {
        name: value
        for name, option in (("keyfile", "ssl_key_file"), ("certfile", "ssl_cert_file"))
        if (value := _option(conf, option))
    }
    authority = _option(conf, "ssl_ca_file")
    if authority:
        # As the driver does; without it, the system's authorities are asked.
        files |= {
            "ca_certs": authority,
            "cert_reqs": ssl.CERT_REQUIRED,
            "server_hostname": hostname,
        }
    return files or True


def _option(conf: cfg.ConfigOpts, name: str) -> Any:
    """An option of the bus' driver; None as long as there is no transport."""
    return conf[_SECTION][name] if _SECTION in conf else None
