"""Which servers may be asked, where somebody else says what address to fetch from. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from baremetal.stores.errors import UseRefused

_PORTS: Final = {"http": 80, "https": 443}
#: An IPv4 address behind a translator (RFC 6052, 2.1).
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Reach:
    """Schemes, hosts, ports and addresses; whoever configures it knows them as `option` + name."""

    schemes: tuple[str, ...] = ("http", "https")
    #: Names, with ``*`` for any part of one; empty: all.
    hosts: tuple[str, ...] = ()
    #: Empty: all.
    ports: tuple[int, ...] = ()
    #: This machine itself, its own link, and what is no address of one machine.
    local: bool = False
    option: str = ""

    def check_server(self, scheme: str, host: str, port: int | None) -> None:
        """Return if a server may be asked, as far as its name tells.

        :raises UseRefused: it may not, by the option that the message names.
        """
        if scheme not in self.schemes:
            self._refuse(f"{scheme}://", "schemes", self.schemes)
        name = host.strip("[]").rstrip(".").lower()
        if self.hosts and not any(fnmatchcase(name, known.lower()) for known in self.hosts):
            self._refuse(f"host {name[:80]}", "hosts", self.hosts)
        port = _PORTS[scheme] if port is None else port
        if self.ports and port not in self.ports:
            self._refuse(f"port {port}", "ports", map(str, self.ports))
        found = _address(name)
        if found is not None:
            self.open_ones(name, [found])

    def open_ones(self, host: str, addresses: Iterable[str | Address]) -> list[str]:
        """Those of a host's addresses that may be asked.

        :raises UseRefused: none may, by the option that the message names.
        """
        found = [ip_address(each) for each in addresses]
        good = [str(each) for each in found if self.local or _is_elsewhere(each)]
        if found and not good:
            shown = host if host == str(found[0]) else f"{host} ({found[0]})"
            raise UseRefused(
                f"Nothing is fetched from {shown[:120]}: it is this machine itself, on its own "
                f"link, or not one machine's address. {self.option}local = true opens these."
            )
        return good

    def _refuse(self, what: str, option: str, known: Iterable[str]) -> None:
        raise UseRefused(
            f"Nothing is fetched from {what}: {self.option}{option} is {', '.join(known)}."
        )


def _address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_elsewhere(address: Address) -> bool:
    return not any(
        each.is_loopback
        or each.is_link_local
        or each.is_unspecified
        or each.is_multicast
        or (each.version == 4 and (each.packed[0] == 0 or each.packed == b"\xff\xff\xff\xff"))
        for each in _meant(address)
    )


def _meant(address: Address) -> Iterator[Address]:
    """The address, and those that are wrapped into it."""
    yield address
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
        if address.sixtofour is not None:
            yield address.sixtofour
        if address in _TRANSLATED:
            yield IPv4Address(address.packed[-4:])
