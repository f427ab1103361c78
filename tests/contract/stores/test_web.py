"""HTTP and WebDAV, on nginx."""

import os
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from baremetal.domain.errors import AlreadyExists, InvalidInput, NotSupported, Unavailable
from baremetal.motion import Wishes, transfer
from baremetal.stores import DataObject, locate
from baremetal.stores.backends.web import WebStore
from baremetal.stores.conformance import Bench, Case
from baremetal.stores.errors import AccessRefused
from devstack.nginx import NginxServer


def _put(nginx: NginxServer, name: str, data: bytes) -> None:
    """Replace what is there: nginx tells files apart by size and second."""
    path = nginx.files / unquote(name)
    path.unlink(missing_ok=True)
    path.write_bytes(data)


@pytest.fixture(params=["http", "without ranges", "webdav"])
def bench(request: pytest.FixtureRequest, nginx: NginxServer) -> Bench:
    if request.param == "webdav":
        store = WebStore({"endpoint": f"{nginx.url}/dav", "webdav": "true"})
        return Bench(store, spell=quote)
    place = "whole/" if request.param == "without ranges" else ""
    return Bench(
        WebStore({"endpoint": f"{nginx.url}/{place}"}),
        seed=lambda name, data: _put(nginx, name, data),
        spell=quote,
    )


def test_it_keeps_its_promises(store_case: Case, bench: Bench) -> None:
    store_case(bench)


def test_nothing_is_left_aside(nginx: NginxServer) -> None:
    store = WebStore({"endpoint": f"{nginx.url}/dav", "webdav": "true"})
    writer = store.write("aside/a", size=3 << 20)
    writer.write(0, bytes(1 << 20))
    writer.abort()
    bench = Bench(store, prefix="aside/")
    name = bench.put("b", b"x" * 100)
    with pytest.raises(AlreadyExists):
        bench.put("b", b"y")
    assert [path.name for path in (nginx.files / "dav" / "aside").iterdir()] == [Path(name).name]


def test_ranges_in_parallel_and_a_whole_stream(nginx: NginxServer, tmp_path: Path) -> None:
    data = os.urandom(17 << 20)
    _put(nginx, "big", data)
    ways: dict[str, str] = {}
    for place in ("", "whole/"):
        source = locate(f"{nginx.url}/{place}big")
        target = tmp_path / f"copy{len(ways)}"
        done = transfer(source, locate(str(target)), Wishes(hashes=("sha256",)))
        assert target.read_bytes() == data
        ways[place] = done.strategy
    assert ways == {"": "parallel ranges", "whole/": "stream"}


def test_a_file_goes_up(nginx: NginxServer, tmp_path: Path) -> None:
    data = os.urandom(5 << 20)
    (tmp_path / "a").write_bytes(data)
    settings = {"http": {"webdav": "true"}}
    done = transfer(
        locate(str(tmp_path / "a")), locate(f"{nginx.url}/dav/up/a", settings), Wishes()
    )
    assert (nginx.files / "dav" / "up" / "a").read_bytes() == data
    assert done.size == len(data)
    again = transfer(
        locate(f"{nginx.url}/dav/up/a", settings), locate(f"{nginx.url}/dav/up/b", settings)
    )
    assert again.strategy == "server copy"
    assert (nginx.files / "dav" / "up" / "b").read_bytes() == data


def test_who_may_not_is_told(nginx: NginxServer) -> None:
    _put(nginx, "secret", b"for readers")
    with pytest.raises(AccessRefused, match="401"):
        WebStore({"endpoint": f"{nginx.url}/closed"}).stat("secret")
    obj = locate(f"http://reader:s3cret@127.0.0.1:{nginx.port}/closed/secret")
    assert b"".join(map(bytes, obj.store.read(obj.name))) == b"for readers"
    assert "s3cret" not in repr(obj) + str(obj) + repr(obj.store.settings)


def test_a_server_that_is_ill_may_become_well(nginx: NginxServer) -> None:
    with pytest.raises(Unavailable, match="503"):
        WebStore({"endpoint": f"{nginx.url}/broken"}).stat("x")
    with pytest.raises(Unavailable, match="nobody answers there"):
        WebStore({"endpoint": "http://127.0.0.1:1"}).stat("x")


def test_reading_only_is_said(nginx: NginxServer) -> None:
    store = WebStore({"endpoint": nginx.url})
    with pytest.raises(NotSupported, match="read only"):
        store.write("x")
    with pytest.raises(NotSupported):
        store.delete("x")
    with pytest.raises(NotSupported):
        store.copy("x", "y")
    with pytest.raises(InvalidInput, match=r"http/endpoint must be an http.*Example: https"):
        WebStore({"endpoint": "ftp://x"})
    assert str(DataObject(store, "x?sig=hunter2")).endswith("/x?...")
