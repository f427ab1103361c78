"""Tickets of images: what they open, for how long, and what they never open."""

import logging
import urllib.request
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.db.database import Database
from baremetal.db.images import ImageStore
from baremetal.db.vault import read_keys, write_keys
from baremetal.images.keeper import Keeper
from baremetal.images.shelves import Shelves
from baremetal.stores.backends.s3 import S3Store
from devstack.moto import MotoServer
from tests.support.callers import OWNER, Claims
from tests.support.clock import ManualClock
from tests.support.house import House

_IMAGE, _OTHER, _EMPTY = (f"0f6d2f1e-52b8-4a1c-9f43-7c1f3a1f0a0{n}" for n in range(3))
_DATA = bytes(range(256)) * 4
_ON = "[images]\nticket_seconds = 600\n"
_HERE = "http://house:80"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path, clock: ManualClock, claims: Claims) -> House:
    """Two images with data, and one without."""
    made = House(sqlite_database, tmp_path, clock, auth=claims, configuration=_ON)
    _fill(made)
    return made


def _fill(house: House) -> None:
    images = ImageStore(house.db)
    shelves = Shelves(house.conf)
    for uuid in (_IMAGE, _OTHER, _EMPTY):
        formats = {"disk_format": "raw", "container_format": "bare"}
        row = {"uuid": uuid, "status": "queued", "visibility": "private", "owner": OWNER}
        images.insert({**row, **formats}, house.clock.now())
        if uuid != _EMPTY:
            keeper = Keeper(house.db, shelves, house.clock)
            keeper.upload(images.row(uuid), [_DATA], shelves.default, len(_DATA))


def _url(house: House, **body: int) -> str:
    """The path of a ticket's URL."""
    given = house.asked("POST", f"/image/v2/images/{_IMAGE}/tickets", body or None)
    assert given["url"].startswith(_HERE)
    return str(given["url"]).removeprefix(_HERE)


def _status(house: House, claims: Claims, url: str, method: str = "GET") -> int:
    """What somebody without credentials is answered."""
    with claims.being(None):
        return house.fetched(method, url)[0]


def test_whoever_has_one_reads_the_image_until_it_expires(
    house: House, claims: Claims, clock: ManualClock
) -> None:
    given = house.asked("POST", f"/image/v2/images/{_IMAGE}/tickets", {"seconds": 60})
    assert (given["size"], given["expires_at"]) == (len(_DATA), "2026-01-01T00:01:00Z")
    assert given["store"] is None
    url = given["url"].removeprefix(_HERE)
    with claims.being(None):
        assert house.fetched("GET", url) == (200, _DATA)
        assert house.fetched("GET", url, HTTP_RANGE="bytes=9-10") == (206, _DATA[9:11])
        assert house.fetched("HEAD", url) == (200, b"")
        clock.pass_time(89)
        assert house.fetched("GET", url) == (200, _DATA), "clocks may differ a little"
        clock.pass_time(2)
        status, answer = house.fetched("GET", url)
    assert (status, b"expired 31 seconds ago" in answer) == (401, True)


def test_one_from_a_service_whose_clock_is_ahead_is_good(
    house: House, claims: Claims, clock: ManualClock
) -> None:
    clock.pass_time(20)
    url = _url(house)
    clock.pass_time(-20)
    assert _status(house, claims, url) == 200


def test_it_is_good_for_nothing_else(house: House, claims: Claims) -> None:
    url = _url(house)
    path, _, ticket = url.partition("?")
    assert _status(house, claims, url.replace(_IMAGE, _OTHER)) == 401
    for method in ("PUT", "POST", "PATCH", "DELETE"):
        assert _status(house, claims, url, method) == 405
    for other in ("/file", "", "/members"):
        assert _status(house, claims, f"/image/v2/images/{_IMAGE}{other}?{ticket}") == 401
    key, expires, signature = ticket.removeprefix("ticket=").split(".")
    for forged in (
        f"{key}.{int(expires) + 9}.{signature}",
        f"{key}.{expires}.{signature[::-1]}",
        f"{key}.{expires}.",
        f"other.{expires}.{signature}",
        "",
        "x" * 200,
    ):
        assert _status(house, claims, f"{path}?ticket={forged}") == 401, forged
    assert _status(house, claims, path) == 401
    assert _status(house, claims, f"{url}&{ticket}") == 400
    nowhere = path.replace(_IMAGE, "nosuch")
    assert _status(house, claims, f"{nowhere}?{ticket}") == 401, "it tells nobody what there is"


def test_keys_are_rotated(house: House, claims: Claims, tmp_path: Path) -> None:
    keys, before = tmp_path / "secret.keys", _url(house)
    fresh = Fernet.generate_key()
    write_keys(keys, [fresh, *read_keys(keys)])
    after = _url(house)
    assert [_status(house, claims, url) for url in (before, after)] == [200, 200]
    write_keys(keys, [fresh])
    assert [_status(house, claims, url) for url in (before, after)] == [401, 200]


def test_nothing_is_read_that_may_not_be_read(house: House, claims: Claims) -> None:
    url, image = _url(house), f"/image/v2/images/{_IMAGE}"
    house.asked("POST", f"{image}/actions/deactivate")
    assert _status(house, claims, url) == 403
    assert house.request("POST", f"{image}/tickets").status == 403, "an administrator's neither"
    house.asked("POST", f"{image}/actions/reactivate")
    assert _status(house, claims, url) == 200
    house.asked("DELETE", image)
    assert _status(house, claims, url) == 404
    assert house.request("POST", f"/image/v2/images/{_EMPTY}/tickets").status == 409


def test_lives_are_bounded(house: House) -> None:
    path = f"/image/v2/images/{_IMAGE}/tickets"
    for wrong in (0, -1, 601, "60", 1.5):
        reply = house.request("POST", path, {"seconds": wrong})
        assert reply.status == 400, wrong
    assert "[images] ticket_seconds" in house.request("POST", path, {"seconds": 601}).fault
    assert house.asked("POST", path)["expires_at"] == "2026-01-01T00:10:00Z"


def test_there_are_none_unless_they_are_switched_on(
    house: House, sqlite_database: Database, tmp_path: Path, clock: ManualClock, claims: Claims
) -> None:
    url = _url(house)
    plain = House(sqlite_database, tmp_path, clock, auth=claims)
    reply = plain.request("POST", f"/image/v2/images/{_IMAGE}/tickets")
    assert (reply.status, "ticket_seconds is 0" in reply.fault) == (403, True)
    assert _status(plain, claims, url) == 403


def test_who_may_not_read_an_image_gets_none(
    sqlite_database: Database, tmp_path: Path, clock: ManualClock, claims: Claims
) -> None:
    (tmp_path / "policy.yaml").write_text('"baremetal:image:download": "role:service"\n')
    house = House(sqlite_database, tmp_path, clock, auth=claims, configuration=_ON)
    _fill(house)
    with claims.being("owner's member"):
        reply = house.request("POST", f"/image/v2/images/{_IMAGE}/tickets")
    assert (reply.status, "baremetal:image:download" in reply.fault) == (403, True)


def test_no_log_has_one(
    house: House, claims: Claims, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        url = _url(house)
        assert _status(house, claims, url) == 200
        assert _status(house, claims, url.replace(_IMAGE, _OTHER)) == 401
        for stored in tmp_path.glob("images/*"):
            stored.unlink()
        assert _status(house, claims, url) == 503
    assert _IMAGE in caplog.text
    assert url.partition("ticket=")[2].rpartition(".")[2] not in caplog.text
    assert "ticket=" not in caplog.text


@pytest.mark.parametrize("allowed", [True, False])
def test_a_store_gives_urls_of_its_own_where_it_may(
    sqlite_database: Database,
    tmp_path: Path,
    clock: ManualClock,
    claims: Claims,
    moto: MotoServer,
    *,
    allowed: bool,
) -> None:
    lines = [*_ON.splitlines(), "stores = far", "default_store = far"]
    lines += ["[store:far]", "driver = s3", "prefix = tickets/", f"signed_urls = {allowed}"]
    lines += [f"{name} = {value}" for name, value in moto.settings.items()]
    S3Store(moto.settings).client.create_bucket(Bucket="tickets")
    house = House(sqlite_database, tmp_path, clock, auth=claims, configuration="\n".join(lines))
    _fill(house)
    given = house.asked("POST", f"/image/v2/images/{_IMAGE}/tickets", {"seconds": 60})
    assert given["store"] == ("far" if allowed else None)
    assert given["url"].startswith(moto.url if allowed else _HERE)
    if allowed:
        with urllib.request.urlopen(given["url"], timeout=60) as answer:
            assert answer.read() == _DATA
