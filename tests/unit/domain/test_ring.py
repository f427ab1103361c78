"""The ring: shares are fair, and nothing moves that need not."""

import uuid
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baremetal.domain.node import SLOTS, slot_of
from baremetal.domain.ring import Ring


@settings(max_examples=30, deadline=None)
@given(st.sets(st.text("abcdefg-0123456789", min_size=1), min_size=1, max_size=12))
def test_each_slot_has_one_host(hosts: set[str]) -> None:
    ring = Ring(hosts)
    shares = {host: ring.slots(host) for host in hosts}
    assert sorted(slot for share in shares.values() for slot in share) == list(range(SLOTS))
    assert all(ring.hosts[slot] == host for host, share in shares.items() for slot in share)
    assert ring.slots("one that is not there") == ()


@settings(max_examples=30, deadline=None)
@given(st.sets(st.text("abcdefg-0123456789", min_size=1), min_size=2, max_size=12))
def test_only_what_a_host_leaves_or_takes_moves(hosts: set[str]) -> None:
    gone = max(hosts)
    before, after = Ring(hosts), Ring(hosts - {gone})
    for slot in range(SLOTS):
        if before.hosts[slot] != gone:
            assert after.hosts[slot] == before.hosts[slot]
        else:
            assert after.hosts[slot] != gone


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_shares_are_about_equal(count: int) -> None:
    ring = Ring([f"conductor-{number}" for number in range(count)])
    sizes = [len(ring.slots(f"conductor-{number}")) for number in range(count)]
    assert max(sizes) < 1.5 * SLOTS / count
    assert min(sizes) > 0.5 * SLOTS / count


def test_the_order_of_hosts_does_not_matter() -> None:
    one, other = Ring(["a", "b", "c"]), Ring(["c", "a", "b"])
    assert all(one.hosts[slot] == other.hosts[slot] for slot in range(SLOTS))


def test_slots_are_used_evenly_and_stay() -> None:
    # A slot is kept in databases: it must not change with a release.
    assert slot_of("00000000-0000-0000-0000-000000000001") == 543
    numbers = Counter(slot_of(str(uuid.UUID(int=number))) for number in range(20 * SLOTS))
    assert len(numbers) > 0.99 * SLOTS
    assert max(numbers.values()) < 3 * 20
