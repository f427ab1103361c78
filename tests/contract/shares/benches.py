"""What drivers of shares prove themselves on: a pool for each storage, a server for each export."""

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from baremetal.drivers.interfaces.export import ExportInterface
from baremetal.drivers.interfaces.storage import Share, Snapshots, StorageInterface
from baremetal.drivers.shares import load_export, load_storage
from devstack.ganesha import GaneshaServer
from devstack.network import Network
from devstack.samba import SambaServer
from tests.support.share_clients import Client, NfsClient, SmbClient

#: Users that any machine has; what is theirs is not touched.
_USERS = ("games", "news")


class Storage(StorageInterface, Snapshots):
    """A storage that can do all: a type alone."""


@dataclass(frozen=True)
class Pool:
    """A place for a storage driver.

    :ivar seen: the directory that its files are beneath.
    :ivar strange: what something made by others would be called, but for a number.
    """

    name: str
    settings: Mapping[str, object]
    seen: Path
    strange: str = "strange"

    def storage(self) -> Storage:
        """The driver, as another process would have it."""
        made = load_storage(self.name, self.settings)
        assert isinstance(made, Snapshots)
        return made  # type: ignore[return-value]

    def make_strange(self, share: Share) -> str:
        """Something in the pool that was not made by a driver; its name."""
        name = f"{self.strange}-{share.id}"
        path = self.seen / name
        if self.name == "btrfs":
            subprocess.run(["btrfs", "subvolume", "create", path], check=True, capture_output=True)
        elif self.name == "zfs":
            subprocess.run(["zfs", "create", name], check=True)
            path = self.seen.parent / name.rpartition("/")[2]
        else:
            path.mkdir()
        (path / "old").write_bytes(b"of others")
        return name

    def leftovers(self) -> set[str]:
        """All that is in the pool, but for what a storage needs for itself."""
        if self.name == "zfs":
            words = ["zfs", "list", "-H", "-r", "-t", "all", "-o", "name", "bench"]
            said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
            return set(said.split()) - {"bench", "bench/shares"}
        found = (str(path.relative_to(self.seen)) for path in self.seen.rglob("*"))
        return set(found) - {"shares", "snapshots", ".aside"}


class Exports(ABC):
    """A server, and clients of it on two hosts."""

    name: str

    @abstractmethod
    def export(self) -> ExportInterface:
        """The driver, as another process would have it."""

    @property
    @abstractmethod
    def clients(self) -> tuple[Client, Client]:
        """Two that a rule lets in each; the first one may be refused what the second one may."""

    @abstractmethod
    def meddle(self, share: Share) -> None:
        """Let in somebody else by hand, past the driver."""

    @abstractmethod
    def restart(self) -> None:
        """Kill the server, and run it again."""

    @abstractmethod
    def leftovers(self) -> set[str]:
        """What the server knows of shares, and what is kept for it."""


class GaneshaBench(Exports):
    """NFS-Ganesha, and libnfs on two addresses."""

    name = "nfs-ganesha"

    def __init__(self, server: GaneshaServer, network: Network) -> None:
        self._server = server
        self._network = network

    def export(self) -> ExportInterface:
        settings = {"exports": str(self._server.exports), "bus": self._server.bus}
        settings["admin_address"] = "10.83.2.1"
        return load_export(self.name, {**settings, "address": "10.83.1.1"})

    @property
    def clients(self) -> tuple[Client, Client]:
        first, second = (self._network.client(number) for number in (1, 2))
        return NfsClient(first, "10.83.1.2"), NfsClient(second, "10.83.2.2")

    def meddle(self, share: Share) -> None:
        file = self._server.exports / f"{share.id}.conf"
        client = "CLIENT { Clients = 10.83.2.2; Access_Type = RW; }\n"
        file.write_text(file.read_text().replace("    FSAL", f"    {client}    FSAL"))
        self._server.reload()

    def restart(self) -> None:
        self._server.daemon.kill()
        self._server.start_server()

    def leftovers(self) -> set[str]:
        return {path.name for path in self._server.exports.rglob("*")} - {".state"}


class SambaBench(Exports):
    """Samba, and smbclient as two users on two addresses."""

    name = "samba"

    def __init__(self, server: SambaServer, network: Network) -> None:
        self._server = server
        self._network = network
        for user in _USERS:
            server.add_user(user, f"of-{user}")

    def export(self) -> ExportInterface:
        settings = {"conf": str(self._server.conf), "address": "10.83.1.1"}
        return load_export(self.name, settings)

    @property
    def clients(self) -> tuple[Client, Client]:
        first, second = (
            SmbClient(self._network.client(number), user, f"of-{user}")
            for number, user in enumerate(_USERS, 1)
        )
        return first, second

    @property
    def guests(self) -> tuple[Client, Client]:
        """The same, without a name: known by their addresses."""
        first, second = (
            SmbClient(self._network.client(number), f"10.83.{number}.2") for number in (1, 2)
        )
        return first, second

    def meddle(self, share: Share) -> None:
        words = ["net", "conf", "-s", str(self._server.conf), "setparm", share.id]
        subprocess.run([*words, "valid users", "games news"], check=True)

    def restart(self) -> None:
        self._server.daemon.kill()
        self._server.start()

    def leftovers(self) -> set[str]:
        words = ["net", "conf", "-s", str(self._server.conf), "listshares"]
        return set(subprocess.run(words, check=True, capture_output=True, text=True).stdout.split())
