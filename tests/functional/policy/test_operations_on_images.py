"""Operations on images: they belong to whom the image belongs to."""

from pathlib import Path

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.images import ImageStore
from tests.support.callers import OWNER, Claims
from tests.support.house import House

_IMAGE = "0f6d2f1e-52b8-4a1c-9f43-7c1f3a1f0a01"


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path, claims: Claims) -> House:
    """An import that an administrator has asked for, of an image that everybody sees."""
    made = House(sqlite_database, tmp_path, Clock(), auth=claims)
    image = {
        "uuid": _IMAGE,
        "status": "queued",
        "visibility": "public",
        "owner": OWNER,
        "disk_format": "raw",
        "container_format": "bare",
    }
    ImageStore(made.db).insert(image, Clock().now())
    method = {"name": "web-download", "uri": "http://user:secret@127.0.0.1:9/a.raw"}
    path = f"/image/v2/images/{_IMAGE}/import"
    assert made.request("POST", path, {"method": method}).status == 202
    return made


def _listed(house: House) -> list[str]:
    found = house.asked("GET", "operations")["operations"]
    return [operation["uuid"] for operation in found]


@pytest.mark.parametrize("who", ["admin", "auditor", "owner's reader"])
def test_they_are_seen_by_overseers_and_by_the_owner(
    house: House, claims: Claims, who: str
) -> None:
    with claims.being(who):
        (uuid,) = _listed(house)
        shown = house.asked("GET", f"operations/{uuid}")
    assert (shown["resource_type"], shown["resource_uuid"]) == ("image", _IMAGE)
    assert shown["node_uuid"] is None
    assert (shown["state"], shown["conductor_group"]) == ("queued", "(data)")


@pytest.mark.parametrize("who", ["stranger", "lessee's member"])
def test_who_may_only_use_the_image_does_not_see_them(
    house: House, claims: Claims, who: str
) -> None:
    (uuid,) = _listed(house)
    with claims.being(who):
        assert _listed(house) == []
        assert house.request("GET", f"operations/{uuid}").status == 404
        assert house.request("POST", f"operations/{uuid}/cancel").status == 404


def test_members_of_the_owner_cancel_them_and_readers_do_not(house: House, claims: Claims) -> None:
    (uuid,) = _listed(house)
    with claims.being("owner's reader"):
        assert house.request("POST", f"operations/{uuid}/cancel").status == 403
    with claims.being("owner's member"):
        assert house.request("POST", f"operations/{uuid}/cancel").status == 202


def test_conductors_do_not_take_them(house: House) -> None:
    assert house.work() == 0


def test_the_address_is_sealed(house: House) -> None:
    with house.db.read() as connection:
        (params,) = connection.exec_driver_sql("SELECT params FROM operations").one()
    assert "secret" not in params
    assert "127.0.0.1" not in params
