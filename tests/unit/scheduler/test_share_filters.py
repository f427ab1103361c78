"""Which pools take a share, which of them is first, and what is said where none does."""

from typing import Any

import pytest

from baremetal.domain.share import Wish
from baremetal.domain.share_pool import Pool
from baremetal.scheduler.share_explanation import explain
from baremetal.scheduler.share_filters import fits, meets
from baremetal.scheduler.share_weighers import order

_CAPABILITIES = {"storage_protocol": "NFS_CIFS", "snapshot_support": True, "disk": "ssd", "ms": 5}


def _pool(host: str = "a@one#one", **values: Any) -> Pool:
    found = {"capabilities": _CAPABILITIES, "ceiling": 100, "total": 100.0, "free": 100.0}
    service, _, rest = host.partition("@")
    backend = rest.partition("#")[0]
    zone = {"availability_zone": "nova"}
    return Pool(**{**found, **zone, "host": host, "service": service, "backend": backend, **values})


def _wish(**values: Any) -> Wish:
    return Wish(**{"size": 10, "protocol": "NFS", "specs": {}, **values})


@pytest.mark.parametrize(
    ("wanted", "had", "yes"),
    [
        ("True", True, True),
        ("<is> True", True, True),
        ("false", True, False),
        ("ssd", "SSD", True),
        ("<or> hdd <or> ssd", "ssd", True),
        ("<in> s", "ssd", True),
        (">= 5", 5, True),
        ("< 5", 5, False),
        ("> 5", "fast", False),
        ("ssd", ["hdd", "ssd"], True),
    ],
)
def test_specs_are_compared_with_capabilities(wanted: str, had: Any, yes: bool) -> None:
    assert meets(wanted, had) is yes


@pytest.mark.parametrize(
    ("wish", "pool", "yes"),
    [
        ({}, {}, True),
        ({"protocol": "CEPHFS"}, {}, False),
        ({"size": 100}, {}, True),
        ({"size": 101}, {}, False),
        # What was promised since the last report is not free, unless the pool is thin.
        ({"size": 50}, {"allocated": 60, "free": 100.0}, False),
        ({"size": 40}, {"allocated": 30, "allocated_then": 0, "free": 60.0}, False),
        ({"size": 30}, {"allocated": 30, "allocated_then": 0, "free": 60.0}, True),
        ({"availability_zone": "other"}, {}, False),
        ({"specs": {"availability_zones": "x,nova"}}, {}, True),
        ({"specs": {"snapshot_support": "True", "disk": "ssd"}}, {}, True),
        ({"specs": {"capabilities:disk": "hdd"}}, {}, False),
        ({"specs": {"zfs:compression": "on"}}, {}, True),
        ({"specs": {"driver_handles_share_servers": "False"}}, {}, True),
        ({"specs": {"driver_handles_share_servers": "True"}}, {}, False),
        ({"near": "a@one#one"}, {}, True),
        ({"near": "b@one#one"}, {}, False),
        ({}, {"alive": False}, False),
        ({}, {"disabled": True}, False),
        ({}, {"problem": "the pool is gone"}, False),
    ],
)
def test_a_pool_takes_what_it_can(wish: dict[str, Any], pool: dict[str, Any], yes: bool) -> None:
    assert fits(_wish(**wish), _pool(**pool)) is yes


def test_a_thin_pool_promises_more_than_it_has() -> None:
    thin: dict[str, Any] = {
        "capabilities": {**_CAPABILITIES, "thin_provisioning": True},
        "ceiling": 200,
    }
    assert _pool(**thin, allocated=150, free=10.0).room == 50


def test_the_emptiest_comes_first_and_a_burst_spreads() -> None:
    full, empty = _pool("a@full#full", allocated=50), _pool("a@empty#empty")
    assert order(_wish(), [full, empty]) == [empty, full]
    busy = _pool("a@busy#busy", allocated=2, allocated_then=0)
    idle = _pool("a@idle#idle", allocated=2, allocated_then=2)
    assert order(_wish(), [busy, idle]) == [idle, busy]


def test_an_explanation_counts_names_the_nearest_and_says_what_would_do() -> None:
    pools = [
        _pool("a@cifs#cifs", capabilities={"storage_protocol": "CIFS"}),
        _pool("a@small#small", ceiling=5),
        _pool("a@smaller#smaller", ceiling=3),
    ]
    said = explain(_wish(), pools)
    assert said == (
        "no pool fits. Of 3 pools: 2 that speak NFS, of these none with room for 10 GiB. "
        "Nearest: a@small#small (room for 5 GiB), a@smaller#smaller (room for 3 GiB). "
        "What would do: ask for at most 5 GiB."
    )
    assert explain(_wish(), []) == "no backend of any share service was ever heard of."
