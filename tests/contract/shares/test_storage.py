"""What every storage promises, without any server."""

from collections.abc import Callable, Iterator

import pytest

from baremetal.domain.errors import Conflict, InvalidInput, NotFound
from baremetal.drivers.interfaces.storage import Share, ShrinkRefused, Snapshot
from tests.contract.shares.benches import Pool, Storage

pytestmark = pytest.mark.slow
MIB = 1 << 20


@pytest.fixture(params=["directory", "btrfs", "zfs"])
def pool(
    request: pytest.FixtureRequest, pools: Callable[[str], Pool], share: Share
) -> Iterator[Pool]:
    made = pools(request.param)
    yield made
    made.storage().delete(share)


@pytest.fixture
def storage(pool: Pool) -> Storage:
    return pool.storage()


def test_a_new_share_is_empty_and_open_to_all_users(storage: Storage, share: Share) -> None:
    tree = storage.create(share)
    assert list(tree.path.iterdir()) == []
    assert tree.path.stat().st_mode & 0o777 == 0o777
    assert tree.size == share.size
    assert storage.used(share) < MIB


def test_what_is_there_is_kept_by_another_create_and_by_ensure(
    pool: Pool, storage: Storage, share: Share
) -> None:
    (storage.create(share).path / "file").write_bytes(b"data")
    for again in (storage.create, pool.storage().create, pool.storage().ensure):
        assert (again(share).path / "file").read_bytes() == b"data"


def test_the_mode_that_users_gave_it_stays(storage: Storage, share: Share) -> None:
    tree, snapshot = storage.create(share), Snapshot("kept", share.id)
    tree.path.chmod(0o750)
    storage.snapshot(snapshot)
    assert storage.revert(share, snapshot).path.stat().st_mode & 0o777 == 0o750
    assert storage.ensure(share).path.stat().st_mode & 0o777 == 0o750
    storage.delete_snapshot(snapshot)


def test_nothing_is_made_up_for_what_is_gone(storage: Storage, share: Share) -> None:
    snapshot = Snapshot("none", share.id)
    for call in (
        lambda: storage.ensure(share),
        lambda: storage.resize(share),
        lambda: storage.used(share),
        lambda: storage.snapshot(snapshot),
        lambda: storage.create(share, snapshot),
        lambda: storage.revert(share, snapshot),
    ):
        with pytest.raises(NotFound, match=r"could not be found"):
            call()
    storage.delete(share)
    storage.delete_snapshot(snapshot)


def test_a_share_does_not_shrink_below_what_it_holds(storage: Storage, share: Share) -> None:
    path = storage.create(share).path
    (path / "file").write_bytes(bytes(range(256)) * (5 * MIB // 256))
    with pytest.raises(ShrinkRefused) as caught:
        storage.resize(Share(share.id, 4 * MIB))
    assert 5 * MIB <= caught.value.used < 6 * MIB
    assert str(caught.value.used) in caught.value.message
    assert storage.resize(Share(share.id, 8 * MIB)).size == 8 * MIB
    assert (path / "file").stat().st_size == 5 * MIB


def test_a_clone_outlives_what_it_was_made_from(storage: Storage, share: Share) -> None:
    snapshot, copy = Snapshot("kept", share.id), Share(f"{share.id}-copy", share.size)
    (storage.create(share).path / "file").write_bytes(b"data")
    storage.snapshot(snapshot)
    storage.create(copy, snapshot)
    storage.delete_snapshot(snapshot)
    storage.delete(share)
    with pytest.raises(NotFound):
        storage.ensure(share)
    assert (storage.ensure(copy).path / "file").read_bytes() == b"data"
    storage.delete(copy)


def test_an_older_snapshot_is_reverted_to_or_says_what_hinders(
    storage: Storage, share: Share
) -> None:
    old, new = Snapshot("old", share.id), Snapshot("new", share.id)
    path = storage.create(share).path
    for snapshot in (old, new):
        (path / "file").write_text(snapshot.id)
        storage.snapshot(snapshot)
    if storage.capabilities.revert_to_latest_only:
        with pytest.raises(Conflict, match="new is newer"):
            storage.revert(share, old)
        storage.delete_snapshot(new)
    assert (storage.revert(share, old).path / "file").read_text() == "old"
    for snapshot in (old, new):
        storage.delete_snapshot(snapshot)


def test_what_others_made_is_taken_over(pool: Pool, storage: Storage, share: Share) -> None:
    name = pool.make_strange(share)
    tree = storage.adopt(share.id, name)
    assert (tree.path / "old").read_bytes() == b"of others"
    assert storage.adopt(share.id, name) == tree
    assert storage.ensure(share).path == tree.path


@pytest.mark.parametrize("name", ["shares", "../elsewhere", "/etc", "nothing"])
def test_what_is_not_the_pools_is_not_taken_over(storage: Storage, share: Share, name: str) -> None:
    with pytest.raises((InvalidInput, NotFound)):
        storage.adopt(share.id, name)


def test_a_share_is_not_taken_for_another_one(pool: Pool, storage: Storage, share: Share) -> None:
    storage.create(share)
    prefix = "bench/shares" if pool.name == "zfs" else "shares"
    with pytest.raises(InvalidInput):
        storage.adopt(f"{share.id}-other", f"{prefix}/{share.id}")


def test_it_says_how_much_room_there_is(storage: Storage) -> None:
    stats = storage.stats()
    assert 0 < stats.free <= stats.total


@pytest.mark.parametrize("ident", ["", "..", "a/b", "a b", "-x", "a@b", "x" * 81])
def test_no_id_leads_out_of_the_pool(ident: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a name"):
        Share(ident, 1)
    with pytest.raises(InvalidInput, match="cannot be a name"):
        Snapshot("a", ident)
