"""Pauses between packets, and between attempts at a BMC that failed."""

import itertools
import socket

import pytest

from baremetal.drivers.bmc.address import BmcAddress
from baremetal.drivers.bmc.backoff import BackOffList, Pace
from baremetal.drivers.bmc.errors import (
    BmcAuthenticationFailed,
    BmcCommandFailed,
    BmcNameUnknown,
    BmcNoAnswer,
)
from baremetal.drivers.bmc.names import Names
from baremetal.drivers.bmc.sockets import SocketAddress
from baremetal.drivers.bmc.timing import Patience

BMC = BmcAddress("bmc-7.example", 623, "admin", "s3cret")


def test_pauses_double_up_to_a_limit() -> None:
    pace = Pace(first=15.0, cap=600.0)
    assert [pace.pause(n) for n in range(1, 8)] == [15, 30, 60, 120, 240, 480, 600]
    assert pace.pause(5000) == 600


def test_a_failed_bmc_is_left_alone_until_its_time_and_then_longer() -> None:
    failed: BackOffList[str] = BackOffList(silent=Pace(10.0, 100.0))
    assert failed.record("b", BmcNoAnswer("silent."), now=0.0) == 1
    refusal = failed.refusal("b", now=4.0)
    assert isinstance(refusal, BmcNoAnswer)
    assert refusal.next_try_in == 6.0
    assert refusal.message == "silent. Next try in 6 s."
    assert failed.refusal("b", now=10.0) is None
    assert failed.record("b", BmcNoAnswer("silent."), now=10.0) == 2
    assert failed.refusal("b", now=29.0) is not None
    assert failed.refusal("c", now=29.0) is None
    assert failed.waiting(29.0) == 1


def test_wrong_passwords_pause_longer() -> None:
    failed: BackOffList[str] = BackOffList()
    failed.record("silent", BmcNoAnswer("x."), now=0.0)
    failed.record("refused", BmcAuthenticationFailed("x."), now=0.0)
    assert failed.refusal("silent", now=20.0) is None
    assert isinstance(failed.refusal("refused", now=50.0), BmcAuthenticationFailed)


def test_the_error_keeps_what_it_knows() -> None:
    failed: BackOffList[str] = BackOffList()
    failed.record("b", BmcCommandFailed.declined(BMC, 0, 1, 0xC3), now=0.0)
    refusal = failed.refusal("b", now=1.0)
    assert isinstance(refusal, BmcCommandFailed)
    assert refusal.completion_code == 0xC3


def test_forgiven_and_forgotten() -> None:
    failed: BackOffList[str] = BackOffList()
    failed.record("b", BmcNoAnswer("x."), now=0.0)
    assert failed.forgive("b")
    assert not failed.forgive("b")
    failed.record("gone", BmcNoAnswer("x."), now=0.0)
    failed.prune(now=100.0)
    assert failed.record("gone", BmcNoAnswer("x."), now=100.0) == 2
    failed.prune(now=10_000.0)
    assert failed.record("gone", BmcNoAnswer("x."), now=10_000.0) == 1


def test_patience_with_a_bmc_that_was_never_heard() -> None:
    patience = Patience(100.0, gap=0.4, silence=5.0, limit=20.0)
    times = []
    while patience.resend_at < patience.give_up_at:
        times.append(patience.resend_at)
        patience.resent(patience.resend_at)
    gaps = [later - sooner for sooner, later in itertools.pairwise([100.0, *times])]
    assert patience.give_up_at == 105.0
    assert 0.4 <= gaps[0] <= 0.6
    assert gaps == sorted(gaps)
    assert 5 <= len(times) <= 8


def test_patience_with_a_bmc_that_was_heard_lasts_to_the_limit() -> None:
    patience = Patience(100.0, gap=0.4, silence=5.0, limit=20.0)
    patience.heard(104.0, 0.4)
    assert patience.give_up_at == 120.0
    first = patience.resend_at - 104.0
    patience.resent(105.0)
    assert patience.resend_at - 105.0 == pytest.approx(first)


class Resolver:
    """Counts the questions."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> SocketAddress:
        self.asked.append(host)
        if host.startswith("bad"):
            raise socket.gaierror(-2, "Name or service not known")
        return ("192.0.2.9", port)


def test_numbers_are_not_looked_up() -> None:
    resolver = Resolver()
    names = Names(resolver)
    assert names.find(BmcAddress("192.0.2.1", 623, "a", "b")) == ("192.0.2.1", 623)
    assert not resolver.asked
    assert Names().find(BmcAddress("::1", 623, "a", "b"))[:2] == ("::1", 623)


def test_names_are_looked_up_now_and_then() -> None:
    resolver, times = Resolver(), [0.0]
    names = Names(resolver, lambda: times[-1])
    for seconds in (0.0, 100.0, 299.0, 301.0):
        times.append(seconds)
        assert names.find(BMC) == ("192.0.2.9", 623)
    assert len(resolver.asked) == 2


def test_unknown_names_say_which_and_are_asked_for_again_soon() -> None:
    resolver, times = Resolver(), [0.0]
    names = Names(resolver, lambda: times[-1])
    bad = BmcAddress("bad.example", 623, "a", "b")
    for seconds in (0.0, 10.0, 16.0):
        times.append(seconds)
        with pytest.raises(BmcNameUnknown, match=r"bad\.example:623.*Name or service not known"):
            names.find(bad)
    assert len(resolver.asked) == 2


def test_many_names_come_as_they_are_found() -> None:
    names = Names(Resolver())
    good = BmcAddress("192.0.2.1", 623, "a", "b")
    bad = BmcAddress("bad.example", 623, "a", "b")
    batches = list(names.find_all([BMC, good, bad], seconds=5.0))
    assert batches[0] == {good: ("192.0.2.1", 623)}
    found = {bmc: place for batch in batches for bmc, place in batch.items()}
    assert found[BMC] == ("192.0.2.9", 623)
    assert isinstance(found[bad], BmcNameUnknown)
