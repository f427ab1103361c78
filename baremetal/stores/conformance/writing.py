"""Cases: an object appears whole or not at all, wherever its bytes came in."""

import random
from concurrent.futures import ThreadPoolExecutor

from baremetal.domain.errors import AlreadyExists, NotFound, NotSupported
from baremetal.stores.abilities import KnowsHoles, KnowsLeftovers
from baremetal.stores.conformance.bench import Bench, expect, refused, wanted
from baremetal.stores.conformance.reading import pattern

_MIB = 1 << 20


def _writes(bench: Bench) -> None:
    wanted(bench.can.writable and bench.seed is None, "writable")


def _publishes(bench: Bench) -> None:
    _writes(bench)
    wanted(bench.can.atomic_publish and bench.only is None, "atomic_publish")


def refuses_what_it_cannot_write(bench: Bench) -> None:
    wanted(not bench.can.writable, "read only")
    with refused(NotSupported, "a read-only store refuses to write"):
        bench.store.write(bench.name("refused"))


def shows_nothing_before_the_commit(bench: Bench) -> None:
    _publishes(bench)
    name = bench.name("unseen")
    with bench.store.write(name, size=10) as writer:
        writer.write(0, b"0123456789")
        with refused(NotFound, "an object is not there before its commit"):
            bench.store.stat(name)
        said = writer.commit(10)
    expect(bench.get(name) == b"0123456789", "it is there after its commit")
    agree = said.validator in (None, bench.store.stat(name).validator)
    expect(said.size == 10 and agree, "a commit says of the object what a look at it says")


def leaves_nothing_of_an_aborted_write(bench: Bench) -> None:
    _publishes(bench)
    name = bench.name("aborted")
    with bench.store.write(name, size=10) as writer:
        writer.write(0, b"0123456789")
    with refused(NotFound, "an aborted object is not there"):
        bench.store.stat(name)
    if bench.can.list:
        expect(not list(bench.store.list(name)), "an aborted object is not listed")


def keeps_what_was_published_first(bench: Bench) -> None:
    _publishes(bench)
    name = bench.put("first", b"first")
    with refused(AlreadyExists, "a taken name is refused"), bench.store.write(name) as writer:
        writer.write(0, b"second")
        writer.commit(6)
    expect(bench.get(name) == b"first", "the object that was there is untouched")


def replaces_at_once(bench: Bench) -> None:
    _publishes(bench)
    name = bench.put("replaced", b"old")
    with bench.store.write(name, replace=True) as writer:
        writer.write(0, b"newer")
        expect(bench.get(name) == b"old", "the old object stays until the commit")
        writer.commit(5)
    expect(bench.get(name) == b"newer", "a replacement is whole")


def takes_any_order(bench: Bench) -> None:
    _writes(bench)
    step = bench.can.part_size or 100_000
    wanted(bench.can.random_write or bench.can.part_size, "random_write")
    data = pattern(3 * step + 777, 2)
    name = bench.name("any-order")
    starts = list(range(0, len(data), step))
    random.Random(3).shuffle(starts)  # noqa: S311 - no secret
    replace = bench.only is not None
    with bench.store.write(name, size=len(data), replace=replace) as writer:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda at: writer.write(at, data[at : at + step]), starts))
        writer.commit(len(data))
    expect(bench.get(name, 0, len(data)) == data, "parts from four threads make the whole")


def takes_small_pieces_in_order(bench: Bench) -> None:
    _writes(bench)
    data = pattern(300_000, 4)
    name = bench.name("pieces")
    with bench.store.write(name, replace=bench.only is not None) as writer:
        for at in range(0, len(data), 7_001):
            writer.write(at, data[at : at + 7_001])
        writer.commit(len(data))
    expect(bench.get(name, 0, len(data)) == data, "pieces of any size make the whole")


def skips_holes(bench: Bench) -> None:
    _writes(bench)
    name = bench.name("holes")
    size = 3 * _MIB
    with bench.store.write(name, size=size, replace=bench.only is not None) as writer:
        writer.write(0, b"a" * 4096)
        writer.skip(4096, 2 * _MIB - 4096)
        writer.write(2 * _MIB, b"b" * 4096)
        writer.skip(2 * _MIB + 4096, size - 2 * _MIB - 4096)
        writer.commit(size)
    wantedly = b"a" * 4096 + bytes(2 * _MIB - 4096) + b"b" * 4096 + bytes(_MIB - 4096)
    expect(bench.get(name, 0, size) == wantedly, "what was skipped reads as zeros")


def holds_huge_sparse_objects(bench: Bench) -> None:
    _writes(bench)
    wanted(bench.can.sparse and bench.only is None, "sparse")
    name, size = bench.name("huge"), 5 * 1024 * _MIB + 4096
    with bench.store.write(name, size=size) as writer:
        writer.write(0, b"begin")
        writer.skip(5, size - 8)
        writer.write(size - 3, b"end")
        writer.commit(size)
    stat = bench.store.stat(name)
    expect(stat.size == size, f"it is {size} bytes long, not {stat.size}")
    expect(bench.get(name, size - 4) == b"\0end", "its end, beyond 4 GiB, is where it belongs")
    if stat.allocated is not None:
        expect(stat.allocated < 64 * _MIB, f"its hole is a hole, not {stat.allocated} bytes")
    if isinstance(bench.store, KnowsHoles):
        data = sum(extent.length for extent in bench.store.extents(name))
        expect(data < 64 * _MIB, f"its hole is known, not {data} bytes of data")
    if bench.can.deletable:
        bench.store.delete(name)


def goes_on_after_an_interruption(bench: Bench) -> None:
    _writes(bench)
    wanted(bench.can.resume and bench.only is None, "resume")
    step = bench.can.part_size or _MIB
    data = pattern(2 * step + 100, 5)
    name = bench.name("resumed")
    writer = bench.store.write(name, size=len(data))
    writer.write(0, data[:step])
    token = writer.checkpoint()
    writer.close()
    with refused(NotFound, "an interrupted object is not there"):
        bench.store.stat(name)
    with bench.store.write(name, size=len(data), resume=token) as again:
        again.write(step, data[step : 2 * step])
        again.write(2 * step, data[2 * step :])
        again.commit(len(data))
    expect(bench.get(name) == data, "what was written before and after makes the whole")
    with refused(NotFound, "what was finished cannot be taken up again"):
        bench.store.write(name, resume=token, replace=True).commit(len(data))


def can_give_up_after_an_interruption(bench: Bench) -> None:
    _writes(bench)
    wanted(bench.can.resume and bench.only is None, "resume")
    name = bench.name("given-up")
    writer = bench.store.write(name, size=20)
    writer.write(0, b"0123456789")
    token = writer.checkpoint()
    writer.close()
    bench.store.write(name, size=20, resume=token).abort()
    with refused(NotFound, "nothing is left to take up"):
        bench.store.write(name, size=20, resume=token).commit(20)


def tells_what_interruptions_leave(bench: Bench) -> None:
    _writes(bench)
    wanted(isinstance(bench.store, KnowsLeftovers) and bench.only is None, "leftovers")
    if not isinstance(bench.store, KnowsLeftovers):
        return
    name = bench.name("left-over")
    before = {each.handle for each in bench.store.leftovers(bench.prefix)}
    writer = bench.store.write(name, size=20)
    writer.write(0, b"0123456789")
    token = writer.checkpoint()
    writer.close()
    left = [each for each in bench.store.leftovers(bench.prefix) if each.handle not in before]
    expect(len(left) == 1, f"an interrupted write is told of, once, not {len(left)} times")
    bench.store.discard(left[0])
    after = {each.handle for each in bench.store.leftovers(bench.prefix)}
    expect(left[0].handle not in after, "what was discarded is gone")
    with refused(NotFound, "what was discarded cannot be taken up"):
        bench.store.write(name, size=20, resume=token).commit(20)
    bench.store.discard(left[0])
    whole = bench.put("whole-beside", pattern((bench.can.part_size or 0) + 10, 7))
    after = {each.handle for each in bench.store.leftovers(bench.prefix)}
    expect(after <= before, "a whole object leaves nothing")
    if bench.can.deletable:
        bench.store.delete(whole)


def one_of_many_writers_wins(bench: Bench) -> None:
    _publishes(bench)
    name = bench.name("contested")
    texts = [f"writer {number}".encode() * 1000 for number in range(8)]

    def attempt(text: bytes) -> bool:
        try:
            with bench.store.write(name) as writer:
                writer.write(0, text)
                writer.commit(len(text))
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [text for text, ok in zip(texts, pool.map(attempt, texts), strict=True) if ok]
    expect(len(won) >= 1, "somebody wins")
    expect(bench.get(name) in won, "the object is one writer's, whole")


def deletes(bench: Bench) -> None:
    wanted(bench.can.deletable and bench.only is None, "delete")
    name = bench.put("deleted", b"x")
    bench.store.delete(name)
    with refused(NotFound, "a deleted object is not there"):
        bench.store.stat(name)
    bench.store.delete(name)


def copies_by_itself(bench: Bench) -> None:
    wanted((bench.can.server_copy or bench.can.reflink) and bench.only is None, "server_copy")
    data = pattern(200_000, 6)
    source, target = bench.put("original", data), bench.name("copy")
    try:
        how = bench.store.copy(source, target)
    except NotSupported as error:
        with refused(NotFound, "a copy that was refused leaves nothing"):
            bench.store.stat(target)
        wanted(None, str(error))
        return
    expect(bench.get(target) == data, f"the copy ({how}) is the same")
    if bench.can.atomic_publish:
        with refused(AlreadyExists, "a copy does not replace"):
            bench.store.copy(source, target)
    if bench.can.deletable:
        bench.store.delete(source)
        expect(bench.get(target) == data, "the copy outlives the original")
