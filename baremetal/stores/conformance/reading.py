"""Cases: what is read is what is there."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from baremetal.domain.errors import NotFound
from baremetal.stores.abilities import SignedUrls
from baremetal.stores.conformance.bench import Bench, expect, refused, wanted
from baremetal.stores.errors import SourceChanged
from baremetal.stores.uri import Uri

#: Odd on purpose: no block or piece ends with it.
_SIZE = 3 * 1024 * 1024 + 257


def pattern(size: int, seed: int = 1) -> bytes:
    """Bytes that differ wherever they are."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - no secret


def gives_back_what_was_put(bench: Bench) -> None:
    data = pattern(_SIZE)
    name = bench.put("whole", data)
    stat = bench.store.stat(name)
    expect(bench.only is not None or stat.size == len(data), f"stat says {stat.size} bytes")
    expect(bench.get(name, 0, len(data)) == data, "the bytes come back as they were written")


def reads_ranges(bench: Bench) -> None:
    data = pattern(_SIZE)
    name = bench.put("ranges", data)
    for start, length in ((0, 1), (1, 1), (511, 2), (4096, 65536), (1 << 20, 1 << 20)):
        got = bench.get(name, start, length)
        expect(got == data[start : start + length], f"bytes {start}+{length} are those there")
    if bench.only is None:
        expect(bench.get(name, _SIZE - 5) == data[-5:], "an open range ends with the object")
        expect(bench.get(name, _SIZE - 5, 100) == data[-5:], "a long range ends with the object")
        expect(bench.get(name, _SIZE) == b"", "from the end on there is nothing")


def reads_in_many_threads(bench: Bench) -> None:
    wanted(bench.can.random_read, "random_read")
    data = pattern(_SIZE)
    name = bench.put("threads", data)
    starts = range(0, _SIZE, 100_000)
    with ThreadPoolExecutor(8) as pool:
        pieces = list(pool.map(lambda start: bench.get(name, start, 100_000), starts))
    expect(b"".join(pieces)[:_SIZE] == data, "eight threads read the same object")


def holds_zero_bytes(bench: Bench) -> None:
    wanted(bench.only is None, "objects of any size")
    name = bench.put("empty", b"")
    expect(bench.store.stat(name).size == 0, "an empty object has 0 bytes")
    expect(bench.get(name) == b"", "an empty object is empty")


def takes_names_of_any_script(bench: Bench) -> None:
    wanted(bench.only is None, "names")
    for label in ("mëtal-Ω-図-🙂", "with space + plus & question? % 100%41 #7", "a'b\"c;d"):
        data = label.encode()
        name = bench.put(label, data)
        expect(bench.get(name) == data, f"a name such as {label!r} is found again")
        if bench.can.list:
            listed = [stat.name for stat in bench.store.list(name)]
            expect(listed == [name], f"{label!r} is listed as it was written, not {listed}")


def says_that_there_is_none(bench: Bench) -> None:
    wanted(bench.only is None, "names")
    name = bench.name("nowhere")
    with refused(NotFound, "stat of nothing is NotFound"):
        bench.store.stat(name)
    with refused(NotFound, "reading nothing is NotFound"):
        bench.get(name)


def notices_a_change(bench: Bench) -> None:
    wanted(bench.only is None, "validators")
    name = bench.put("changing", b"before")
    seen = bench.store.stat(name).validator
    wanted(seen, "validators")
    if bench.seed is not None:
        bench.seed(name, b"after, and longer")
    else:
        with bench.store.write(name, replace=True) as writer:
            writer.write(0, b"after, and longer")
            writer.commit(17)
    expect(bench.store.stat(name).validator != seen, "a changed object has another validator")
    with refused(SourceChanged, "a reader that expects the old object is told"):
        list(bench.store.read(name, expect=seen))


def lists_by_prefix(bench: Bench) -> None:
    wanted(bench.can.list, "list")
    names = [bench.put(f"list-{number}", b"x" * number) for number in (3, 1, 2)]
    found = list(bench.store.list(bench.name("list-")))
    expect([stat.name for stat in found] == sorted(names), "names come in order, and only those")
    expect([stat.size for stat in found] == [1, 2, 3], "a listing knows sizes")


def signs_urls(fetch: Callable[[str], tuple[int, bytes]]) -> Callable[[Bench], None]:
    """The case, with `fetch`, which gets a URL's status and body."""

    def signs_urls(bench: Bench) -> None:
        wanted(bench.can.signed_url, "signed_url")
        store = bench.store
        expect(isinstance(store, SignedUrls), "it claims signed_url and has the method")
        if isinstance(store, SignedUrls):
            name = bench.put("signed", b"for others")
            url = store.signed_url(name, 60)
            expect(fetch(url) == (200, b"for others"), "a signed URL reads without credentials")
            expect("?" not in str(Uri.parse(url)).rstrip("?."), "its signature is not shown")
            if bench.believes_all:
                return
            late = fetch(store.signed_url(name, -60))[0]
            expect(late in (400, 401, 403), f"an expired one does not read, but answers {late}")

    return signs_urls
