"""Host names of BMCs to socket addresses, resolved in the caller's thread and remembered."""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Final

from baremetal.drivers.bmc.address import BmcAddress
from baremetal.drivers.bmc.errors import BmcNameUnknown
from baremetal.drivers.bmc.sockets import SocketAddress

#: How long an answer of the resolver holds, and how long its failure does.
_KEEP_SECONDS: Final = 300.0
_KEEP_FAILURE_SECONDS: Final = 15.0
_MAX_NAMES: Final = 20_000
_RESOLVERS: Final = 8

Found = dict[BmcAddress, SocketAddress | BmcNameUnknown]


def _first_address(host: str, port: int) -> SocketAddress:
    place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4]
    return (str(place[0]), *place[1:])


class Names:
    """A small cache in front of the system's resolver, which may block for many seconds."""

    def __init__(
        self,
        resolve: Callable[[str, int], SocketAddress] = _first_address,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolve = resolve
        self._monotonic = monotonic
        self._known: dict[tuple[str, int], tuple[float, SocketAddress | str]] = {}
        self._lock = threading.Lock()

    def known(self, bmc: BmcAddress) -> SocketAddress | BmcNameUnknown | None:
        """What can be said without asking anybody; None: `find` must ask."""
        with self._lock:
            entry = self._known.get((bmc.host, bmc.port))
        if entry is not None and self._monotonic() < entry[0]:
            found = entry[1]
            return BmcNameUnknown.unresolved(bmc, found) if isinstance(found, str) else found
        try:
            ipaddress.IPv4Address(bmc.host)
        except ValueError:
            return None
        return (bmc.host, bmc.port)

    def find(self, bmc: BmcAddress) -> SocketAddress:
        """The socket address of a BMC; may block.

        :raises BmcNameUnknown: when the host name has none
        """
        found = self.known(bmc)
        if found is None:
            try:
                found = self._resolve(bmc.host, bmc.port)
            except (OSError, UnicodeError) as error:
                cause = getattr(error, "strerror", None) or str(error)
                self._keep(bmc, cause, _KEEP_FAILURE_SECONDS)
                raise BmcNameUnknown.unresolved(bmc, cause) from error
            self._keep(bmc, found, _KEEP_SECONDS)
        if isinstance(found, BmcNameUnknown):
            raise found
        return found

    def find_all(self, bmcs: Iterable[BmcAddress], seconds: float) -> Iterator[Found]:
        """The socket addresses of many BMCs: at once those that are known, then the others."""
        known = {bmc: self.known(bmc) for bmc in bmcs}
        yield {bmc: place for bmc, place in known.items() if place is not None}
        unknown = [bmc for bmc, place in known.items() if place is None]
        if not unknown:
            return
        resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="ipmi-names")
        lookups = {resolvers.submit(self._look_up, bmc): bmc for bmc in unknown}
        try:
            for done in as_completed(lookups, timeout=seconds):
                yield {lookups.pop(done): done.result()}
        except TimeoutError:
            yield {bmc: BmcNameUnknown.unresolved(bmc, "too slow") for bmc in lookups.values()}
        finally:
            resolvers.shutdown(wait=False, cancel_futures=True)

    def _look_up(self, bmc: BmcAddress) -> SocketAddress | BmcNameUnknown:
        try:
            return self.find(bmc)
        except BmcNameUnknown as error:
            return error

    def _keep(self, bmc: BmcAddress, found: SocketAddress | str, seconds: float) -> None:
        with self._lock:
            if len(self._known) >= _MAX_NAMES:
                self._known.clear()
            self._known[bmc.host, bmc.port] = (self._monotonic() + seconds, found)
