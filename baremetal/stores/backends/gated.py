"""Connections to those servers alone that a `Reach` names, wherever a redirection or DNS leads."""

import socket
from collections.abc import Mapping
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NameResolutionError

from baremetal.stores.reach import Reach


def pools(reach: Reach) -> Mapping[str, type[HTTPConnectionPool]]:
    """The pools of a manager, by scheme.

    An address is looked up once, and what was looked at is what is connected to.
    """

    class Gated(HTTPConnection):
        """Asks before each connection that is made."""

        scheme = "http"

        def _new_conn(self) -> socket.socket:
            host = self._dns_host
            reach.check_server(self.scheme, host, self.port)
            addresses = reach.open_ones(host, self._looked_up(host))
            try:
                return self._first(addresses)
            finally:
                # What TLS and the Host header go by.
                self._dns_host = host

        def _looked_up(self, host: str) -> list[str]:
            try:
                found = socket.getaddrinfo(host.strip("[]"), self.port, type=socket.SOCK_STREAM)
            except (socket.gaierror, UnicodeError) as error:
                reason = socket.gaierror(str(error))
                raise NameResolutionError(host, self, reason) from error
            return list(dict.fromkeys(str(address[0]) for *_, address in found))

        def _first(self, addresses: list[str]) -> socket.socket:
            """A socket to the first that answers."""
            for address in addresses[:-1]:
                self._dns_host = address
                try:
                    return super()._new_conn()
                except (OSError, HTTPError):
                    continue
            self._dns_host = addresses[-1]
            return super()._new_conn()

    class GatedTls(Gated, HTTPSConnection):
        """The same with TLS."""

        scheme = "https"

    class Pool(HTTPConnectionPool):
        ConnectionCls: Any = Gated

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls: Any = GatedTls

    return {"http": Pool, "https": TlsPool}
