"""Hosts that are network namespaces of this machine: a server, and clients beside it."""

import os
import secrets
import subprocess
from pathlib import Path


class NetworkUnavailableError(Exception):
    """There can be no namespaces here; the message says why."""


class Network:
    """A server with a link to each of some clients; nobody else can reach any of them.

    The server is 10.83.N.1 and fd83:N::1 to client N, which is 10.83.N.2 and fd83:N::2;
    each client reaches the server by all of its addresses.
    """

    def __init__(self, home: Path, clients: int = 2) -> None:
        """Nothing is there before `start`; `home` is not used."""
        self._prefix = f"bm{secrets.token_hex(3)}"
        self._clients = range(1, clients + 1)

    def start(self) -> None:
        """Make the namespaces.

        :raises NetworkUnavailableError: that is not possible here.
        """
        if os.geteuid() != 0:
            raise NetworkUnavailableError("network namespaces want root.")
        self._ip("netns", "add", self._name("s"))
        self._ip("-n", self._name("s"), "link", "set", "lo", "up")
        for number in self._clients:
            client = self._name(number)
            self._ip("netns", "add", client)
            self._ip("-n", client, "link", "set", "lo", "up")
            here = [f"{self._prefix}{number}", "netns", self._name("s")]
            there = [f"{self._prefix}c", "netns", client]
            self._ip("link", "add", *here, "type", "veth", "peer", "name", *there)
            for space, link, end in ((self._name("s"), here[0], 1), (client, there[0], 2)):
                self._ip("-n", space, "link", "set", link, "up")
                for address in (f"10.83.{number}.{end}/24", f"fd83:{number}::{end}/64"):
                    self._ip("-n", space, "addr", "add", address, "dev", link, *_at_once(address))
            for gateway in (f"10.83.{number}.1", f"fd83:{number}::1"):
                self._ip("-n", client, "route", "add", "default", "via", gateway)

    def stop(self) -> None:
        """Remove them, with their links."""
        for name in ("s", *self._clients):
            subprocess.run(["ip", "netns", "delete", self._name(name)], check=False)

    @property
    def server(self) -> list[str]:
        """What to put before a command that is to run on the server."""
        return self._inside("s")

    def client(self, number: int) -> list[str]:
        """What to put before a command that is to run on a client."""
        return self._inside(number)

    def _inside(self, name: object) -> list[str]:
        # Not `ip netns exec`: that copies all mounts, and holds them.
        return ["nsenter", f"--net=/run/netns/{self._name(name)}"]

    def _name(self, name: object) -> str:
        return f"{self._prefix}-{name}"

    def _ip(self, *words: str) -> None:
        done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise NetworkUnavailableError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _at_once(address: str) -> list[str]:
    """A v6 address is of use at once only if nobody looks whether others have it."""
    return ["nodad"] if ":" in address else []
