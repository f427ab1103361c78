"""What servers enforce: by what addresses, after restarts, and in spite of meddling."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from baremetal.domain.errors import InvalidInput, NotFound
from baremetal.drivers.interfaces.export import ExportInterface, Grant, Rule
from baremetal.drivers.interfaces.storage import Share, Tree
from tests.contract.shares.benches import Exports, Pool, SambaBench

pytestmark = pytest.mark.slow
MANY = 10_000


@pytest.fixture
def tree(pools: Callable[[str], Pool], share: Share) -> Iterator[Tree]:
    storage = pools("directory").storage()
    made = storage.create(share)
    (made.path / "there").write_bytes(b"data")
    yield made
    storage.delete(share)


@pytest.fixture(params=["nfs-ganesha", "samba"])
def server(
    request: pytest.FixtureRequest, servers: Callable[[str], Exports], share: Share
) -> Iterator[Exports]:
    made = servers(request.param)
    yield made
    made.export().remove(share)


@pytest.fixture
def export(server: Exports) -> ExportInterface:
    return server.export()


def test_an_export_is_not_there_before_and_after(
    export: ExportInterface, share: Share, tree: Tree
) -> None:
    for _ in range(2):
        with pytest.raises(NotFound):
            export.enforced(share)
        with pytest.raises(NotFound):
            export.update_access(share, [])
        export.ensure(share, tree)
        assert export.enforced(share) == frozenset()
        assert share.id in export.exported()
        export.remove(share)
        assert share.id not in export.exported()


def test_it_is_reached_at_the_address_for_users_and_at_that_for_services(
    servers: Callable[[str], Exports], share: Share, tree: Tree
) -> None:
    server = servers("nfs-ganesha")
    export, client = server.export(), server.clients[0]
    public, ours = export.ensure(share, tree)
    export.update_access(share, [client.rule("ro")])
    assert (public.admin, ours.admin) == (False, True)
    assert public.path != ours.path
    assert client.can_read(public, "there")
    assert client.can_read(ours, "there")
    export.remove(share)


def test_rules_stay_over_another_ensure_and_the_death_of_the_server(
    server: Exports, export: ExportInterface, share: Share, tree: Tree
) -> None:
    first, second = server.clients
    rules = [first.rule("ro")]
    export.ensure(share, tree)
    export.update_access(share, rules)
    location = export.ensure(share, tree)[0]
    assert export.is_in_force(share, rules)
    server.restart()
    assert export.is_in_force(share, rules)
    assert first.can_read(location, "there")
    assert not first.can_write(location, "new")
    assert not second.can_read(location, "there")


def test_what_somebody_changed_by_hand_is_noticed_and_mended(
    server: Exports, export: ExportInterface, share: Share, tree: Tree
) -> None:
    first, second = server.clients
    rules = [first.rule()]
    location = export.ensure(share, tree)[0]
    export.update_access(share, rules)
    server.meddle(share)
    assert second.can_read(location, "there")
    assert not export.is_in_force(share, rules)
    export.update_access(share, rules)
    assert export.is_in_force(share, rules)
    assert not second.can_read(location, "there")
    assert first.can_read(location, "there")


def test_a_tree_may_move(
    server: Exports, export: ExportInterface, share: Share, tree: Tree
) -> None:
    client = server.clients[0]
    export.ensure(share, tree)
    export.update_access(share, [client.rule()])
    elsewhere = Path(f"{tree.path}.moved")
    tree.path.rename(elsewhere)
    try:
        location = export.ensure(share, Tree(elsewhere))[0]
        assert client.can_read(location, "there")
        assert export.is_in_force(share, [client.rule()])
    finally:
        elsewhere.rename(tree.path)


def test_ten_thousand_rules_and_one_more_or_less(
    server: Exports, export: ExportInterface, share: Share, tree: Tree
) -> None:
    client = server.clients[0]
    export.ensure(share, tree)
    rules = [Rule(str(n), "ip", f"10.{n >> 15}.{n >> 7 & 255}.{n * 2 & 255}") for n in range(MANY)]
    export.update_access(share, rules)
    assert export.is_in_force(share, rules)
    guest = server.guests[0] if isinstance(server, SambaBench) else client
    location = export.ensure(share, tree)[0]
    assert not guest.can_read(location, "there")
    export.update_access(share, [*rules, guest.rule()], add=[guest.rule()])
    assert guest.can_read(location, "there")
    assert len(export.enforced(share)) == MANY + 1
    export.update_access(share, rules, delete=[guest.rule()])
    assert not guest.can_read(location, "there")


@pytest.mark.parametrize(
    ("kind", "to", "level"),
    [
        ("ip", "10.0.0.1/24", "rw"),
        ("ip", "all", "rw"),
        ("ip", "10.0.0.1; }", "rw"),
        ("user", "no-such-user", "rw"),
        ("user", "@root", "rw"),
        ("user", "games\n path = /", "rw"),
        ("cert", "somebody", "rw"),
        ("ip", "10.0.0.1", "wx"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_alone(
    server: Exports, export: ExportInterface, share: Share, tree: Tree, rule: Rule
) -> None:
    good = server.clients[0].rule()
    export.ensure(share, tree)
    outcome = export.update_access(share, [good, rule])
    assert set(outcome.refused) == {rule.id}
    assert export.is_in_force(share, [good, rule])
    assert export.enforced(share) == {good.grant}


@pytest.fixture
def rule(kind: str, to: str, level: str) -> Rule:
    return Rule("strange", kind, to, level)


class TestAddresses:
    """Rules by address, which the two servers take differently."""

    def test_the_longest_prefix_counts_whatever_the_order(
        self, servers: Callable[[str], Exports], share: Share, tree: Tree
    ) -> None:
        server = servers("nfs-ganesha")
        export, client = server.export(), server.clients[0]
        location = export.ensure(share, tree)[0]
        network, host = Rule("1", "ip", "10.83.0.0/16"), client.rule("ro")
        for rules in ([network, host], [host, network]):
            export.update_access(share, rules)
            assert client.can_read(location, "there")
            assert not client.can_write(location, "new")
            assert server.clients[1].can_write(location, "other")
        export.remove(share)

    @pytest.mark.parametrize("name", ["nfs-ganesha", "samba"])
    def test_addresses_of_both_versions_in_networks_of_both(
        self, servers: Callable[[str], Exports], share: Share, tree: Tree, name: str
    ) -> None:
        export = servers(name).export()
        export.ensure(share, tree)
        rules = [Rule("4", "ip", "192.0.2.0/25"), Rule("6", "ip", "2001:db8::/64")]
        export.update_access(share, rules)
        assert export.enforced(share) == {
            Grant("ip", "192.0.2.0/25", "rw"),
            Grant("ip", "2001:db8::/64", "rw"),
        }
        export.remove(share)

    def test_guests_come_in_by_their_address_and_with_users_no_more(
        self, servers: Callable[[str], Exports], share: Share, tree: Tree
    ) -> None:
        server = servers("samba")
        assert isinstance(server, SambaBench)
        export, guests, users = server.export(), server.guests, server.clients
        location = export.ensure(share, tree)[0]
        export.update_access(share, [guests[0].rule()])
        assert guests[0].can_write(location, "guest")
        assert not guests[1].can_read(location, "there")
        refused = export.update_access(share, [guests[0].rule(), users[1].rule()]).refused
        assert list(refused) == [guests[0].rule().id]
        assert not guests[0].can_read(location, "there")
        assert users[1].can_read(location, "there")
        export.remove(share)


def test_a_path_that_would_end_its_line_is_refused(export: ExportInterface, share: Share) -> None:
    with pytest.raises(InvalidInput, match="cannot be exported"):
        export.ensure(share, Tree(Path('/srv/a"\n b')))
