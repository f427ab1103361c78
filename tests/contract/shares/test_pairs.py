"""Every storage with every export, on the real servers, as real clients see it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from baremetal.drivers.interfaces.export import ExportInterface, Location
from baremetal.drivers.interfaces.storage import Share, Snapshot, Tree
from baremetal.drivers.shares import check_pair
from tests.contract.shares.benches import Exports, Pool, Storage
from tests.support.dying import die_everywhere
from tests.support.share_clients import Client, Refused

pytestmark = pytest.mark.slow
PAIRS = [
    (storage, export)
    for export in ("nfs-ganesha", "samba")
    for storage in ("directory", "btrfs", "zfs")
]


@dataclass(frozen=True)
class Pair:
    """A storage and an export that go together."""

    pool: Pool
    server: Exports

    @property
    def storage(self) -> Storage:
        return self.pool.storage()

    @property
    def export(self) -> ExportInterface:
        return self.server.export()

    @property
    def clients(self) -> tuple[Client, Client]:
        return self.server.clients

    def open(self, share: Share, tree: Tree) -> Location:
        """Export a tree, and let the first client in."""
        location = self.export.ensure(share, tree)[0]
        self.export.update_access(share, [self.clients[0].rule()])
        return location

    def create(self, share: Share) -> tuple[Tree, Location]:
        """A share that the first client may write to."""
        tree = self.storage.create(share)
        self.prepare(tree)
        return tree, self.open(share, tree)

    def prepare(self, tree: Tree) -> None:
        """Let there be a file for clients to write to.

        libnfs creates files exclusively, by a time that zfs-fuse refuses; and Ganesha never lets
        go of a file that it could not create so.
        """
        (tree.path / "file").touch()
        (tree.path / "file").chmod(0o666)

    def destroy(self, share: Share) -> None:
        self.export.remove(share)
        self.storage.delete(share)


@pytest.fixture(params=PAIRS, ids="-".join)
def pair(
    request: pytest.FixtureRequest,
    pools: Callable[[str], Pool],
    servers: Callable[[str], Exports],
    share: Share,
) -> Iterator[Pair]:
    storage, export = request.param
    made = Pair(pools(storage), servers(export))
    yield made
    made.destroy(share)


def test_they_go_together_and_find_what_they_need(pair: Pair) -> None:
    check_pair(pair.storage, pair.export)
    pair.storage.check()
    pair.export.check()


def test_clients_come_in_as_far_as_rules_say(pair: Pair, share: Share) -> None:
    writer, reader = pair.clients
    export, rw, ro = pair.export, writer.rule("rw"), reader.rule("ro")
    tree = pair.storage.create(share)
    pair.prepare(tree)
    location = export.ensure(share, tree)[0]
    assert not writer.can_read(location, "file"), "a new export lets nobody in"

    assert export.update_access(share, [rw], add=[rw]).refused == {}
    writer.write(location, "file", b"of the writer" * 10_000)
    assert writer.read(location, "file") == b"of the writer" * 10_000
    assert (tree.path / "file").read_bytes() == b"of the writer" * 10_000
    assert not reader.can_read(location, "file")

    export.update_access(share, [rw, ro], add=[ro])
    assert reader.read(location, "file") == b"of the writer" * 10_000
    with pytest.raises(Refused):
        reader.write(location, "file", b"of the reader")
    assert export.is_in_force(share, [rw, ro])

    export.update_access(share, [ro], delete=[rw])
    assert not writer.can_read(location, "file")
    assert reader.can_read(location, "file")
    assert export.is_in_force(share, [ro])


def test_what_is_too_much_is_refused_or_counted(pair: Pair, share: Share) -> None:
    # Little, since libnfs writes it in a thousand pieces, and ZFS puts each onto the disk.
    share = Share(share.id, 768 << 10)
    _, location = pair.create(share)
    too_much = b"x" * (1 << 20)
    if pair.storage.capabilities.quota == "enforced":
        with pytest.raises(Refused):
            pair.clients[0].write(location, "file", too_much)
        larger = Share(share.id, share.size * 4)
        assert pair.storage.resize(larger).size == larger.size
    pair.clients[0].write(location, "file", too_much)
    assert pair.storage.used(share) >= len(too_much)


def test_clients_see_what_was_reverted_and_what_was_cloned(pair: Pair, share: Share) -> None:
    client, storage, export = pair.clients[0], pair.storage, pair.export
    tree, location = pair.create(share)
    client.write(location, "file", b"first")
    snapshot, copy = Snapshot("kept", share.id), Share(f"{share.id}-copy", share.size)
    storage.snapshot(snapshot)
    client.write(location, "file", b"second")
    (tree.path / "later").write_bytes(b"more")
    assert client.read(location, "later") == b"more"

    cloned = pair.open(copy, storage.create(copy, snapshot))
    assert client.read(cloned, "file") == b"first"
    client.write(cloned, "file", b"of the clone")

    if not storage.capabilities.revert_under_exports:
        export.remove(share)
    tree = storage.revert(share, snapshot)
    location = pair.open(share, tree)
    assert client.read(location, "file") == b"first"
    assert not client.can_read(location, "later")
    client.write(location, "file", b"third")
    assert client.read(cloned, "file") == b"of the clone"

    pair.destroy(copy)
    storage.delete_snapshot(snapshot)
    assert client.read(location, "file") == b"third"


@pytest.mark.parametrize("pair", PAIRS[::2], indirect=True, ids="-".join)
def test_nothing_is_left_of_it_and_all_may_be_said_twice(pair: Pair, share: Share) -> None:
    pools, servers = pair.pool.leftovers(), pair.server.leftovers()
    snapshot = Snapshot("kept", share.id)
    pair.create(share)
    _, location = pair.create(share)
    pair.clients[0].write(location, "file", b"data")
    for _ in range(2):
        pair.storage.snapshot(snapshot)
    assert share.id in pair.export.exported()
    for _ in range(2):
        pair.storage.delete_snapshot(snapshot)
    for _ in range(2):
        pair.export.remove(share)
    assert not pair.clients[0].can_read(location, "file")
    for _ in range(2):
        pair.storage.delete(share)
    assert pair.pool.leftovers() == pools
    assert pair.server.leftovers() == servers
    assert share.id not in pair.export.exported()


@pytest.mark.parametrize("pair", PAIRS[1::2], indirect=True, ids="-".join)
def test_it_ends_well_wherever_a_process_dies(pair: Pair, share: Share) -> None:
    """Each call is begun anew, by another process, after each place where it can die."""
    storage, export, client = pair.storage, pair.export, pair.clients[0]
    pools, servers = pair.pool.leftovers(), pair.server.leftovers()
    snapshot, trees = Snapshot("kept", share.id), list[Tree]()
    die_everywhere(lambda: trees.append(storage.create(share)))
    die_everywhere(lambda: export.ensure(share, trees[-1]))
    assert die_everywhere(lambda: export.update_access(share, [client.rule()]))
    location = export.ensure(share, trees[-1])[0]
    pair.prepare(trees[-1])
    client.write(location, "file", b"first")
    die_everywhere(lambda: storage.snapshot(snapshot))
    client.write(location, "file", b"second")
    assert die_everywhere(lambda: export.remove(share))
    assert die_everywhere(lambda: trees.append(storage.revert(share, snapshot)))
    assert client.read(pair.open(share, trees[-1]), "file") == b"first"
    die_everywhere(lambda: storage.delete_snapshot(snapshot))
    assert die_everywhere(lambda: pair.destroy(share))
    assert pair.pool.leftovers() == pools
    assert pair.server.leftovers() == servers
