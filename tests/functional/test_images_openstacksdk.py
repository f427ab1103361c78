"""openstacksdk's image proxy, unchanged, does what its users call."""

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openstack.config import OpenStackConfig
from openstack.connection import Connection
from openstack.exceptions import (
    BadRequestException,
    ConflictException,
    ForbiddenException,
    raise_from_response,
)

from tests.support.plane import PlaneProcess

#: The SDK warns of its own future.
pytestmark = pytest.mark.filterwarnings("ignore")

_SIZE = 3_000_017


@pytest.fixture(scope="module")
def connection(guarded_plane: PlaneProcess) -> Iterator[Connection]:
    config = OpenStackConfig(config_files=[str(guarded_plane.clouds)], load_envvars=False)
    with Connection(config=config.get_one("baremetal")) as connected:
        connected.image.status_code_retries = 0
        yield connected


@pytest.fixture
def images(connection: Connection) -> Iterator[Any]:
    """The SDK's proxy; what a test leaves behind is removed."""
    proxy: Any = connection.image
    yield proxy
    for image in [*proxy.images(), *proxy.images(is_hidden=True)]:
        proxy.update_image(image, is_protected=False)
        proxy.delete_image(image)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(os.urandom(_SIZE))
    return path


def _kept(plane: PlaneProcess) -> list[Path]:
    return [path for path in (plane.state_dir / "images").rglob("*") if path.is_file()]


def test_a_file_comes_back_as_it_was(
    images: Any, guarded_plane: PlaneProcess, file: Path, tmp_path: Path
) -> None:
    image = images.create_image(
        "debian", filename=str(file), disk_format="raw", container_format="bare", wait=True
    )
    data = file.read_bytes()
    found = images.get_image(image.id)
    assert (found.status, found.size, found.virtual_size) == ("active", _SIZE, _SIZE)
    assert found.checksum == hashlib.md5(data).hexdigest()
    assert (found.hash_algo, found.hash_value) == ("sha512", hashlib.sha512(data).hexdigest())
    target = tmp_path / "back.raw"
    images.download_image(image.id, output=str(target))
    assert target.read_bytes() == data
    assert len(_kept(guarded_plane)) == 1
    images.delete_image(image.id)
    assert images.find_image(image.id) is None
    assert _kept(guarded_plane) == []


def test_bytes_of_unknown_length_are_taken_in_chunks(images: Any) -> None:
    image = images.create_image("chunks", disk_format="raw", container_format="bare")

    def pieces() -> Iterator[bytes]:
        for number in range(40):
            yield bytes([number]) * 30_000

    image.upload(images, data=_Endless(pieces()))
    found = images.get_image(image.id)
    assert (found.status, found.size) == ("active", 1_200_000)


class _Endless:
    """What requests cannot tell the length of."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces


def test_properties_tags_and_flags_are_changed(images: Any) -> None:
    image = images.create_image("x", disk_format="raw", container_format="bare", os_distro="sid")
    changed = images.update_image(image, name="y", min_disk=4, os_version="13", visibility="public")
    assert (changed.name, changed.min_disk, changed.os_version) == ("y", 4, "13")
    assert (changed.os_distro, changed.visibility) == ("sid", "public")
    images.add_tag(image, "golden")
    assert images.get_image(image).tags == ["golden"]
    assert [one.id for one in images.images(tag="golden")] == [image.id]
    images.remove_tag(image, "golden")
    assert images.get_image(image).tags == []
    images.update_image(image, is_protected=True)
    with pytest.raises(ForbiddenException, match="protected"):
        images.delete_image(image, ignore_missing=False)
    images.update_image(image, is_hidden=True)
    assert list(images.images()) == []
    assert images.find_image("y").id == image.id


def test_a_list_is_paged_sorted_and_filtered(images: Any) -> None:
    for number in range(7):
        images.create_image(
            f"n{number}", disk_format="raw" if number % 2 else "qcow2", container_format="bare"
        )
    assert [one.name for one in images.images(limit=2, sort="name:asc")] == [
        f"n{number}" for number in range(7)
    ]
    assert len(list(images.images(disk_format="raw"))) == 3
    assert [one.name for one in images.images(name="n3")] == ["n3"]


def test_members_and_deactivation(images: Any, file: Path) -> None:
    image = images.create_image(
        "shared", filename=str(file), disk_format="raw", container_format="bare"
    )
    member = images.add_member(image, member_id="other-project")
    assert member.status == "pending"
    images.update_member("other-project", image, status="accepted")
    assert [(one.member_id, one.status) for one in images.members(image)] == [
        ("other-project", "accepted")
    ]
    images.remove_member("other-project", image)
    assert list(images.members(image)) == []
    images.deactivate_image(image)
    assert images.get_image(image).status == "deactivated"
    images.reactivate_image(image)
    assert images.get_image(image).status == "active"


def test_what_is_not_what_it_says_leaves_nothing(images: Any, guarded_plane: PlaneProcess) -> None:
    image = images.create_image("liar", disk_format="qcow2", container_format="bare")
    with pytest.raises(BadRequestException, match="was said to be qcow2, but is raw"):
        _upload(images, image, b"x" * 100_000)
    assert images.get_image(image).status == "queued"
    assert _kept(guarded_plane) == []
    other = images.create_image("twice", disk_format="raw", container_format="bare")
    _upload(images, other, b"y" * 1000)
    with pytest.raises(ConflictException, match="is active"):
        _upload(images, other, b"z" * 1000)
    assert b"".join(images.download_image(other, stream=True).iter_content(100)) == b"y" * 1000


def _upload(images: Any, image: Any, data: bytes) -> None:
    raise_from_response(image.upload(images, data=io.BytesIO(data)))


def test_stores_and_schemas_are_told(images: Any) -> None:
    stores = {store.id: bool(store.is_default) for store in images.stores()}
    assert stores == {"local": True, "second": False}
    assert images.get_image_schema().name == "image"
    assert images.get_images_schema().properties["images"]["type"] == "array"
    assert images.get_member_schema().name == "member"
