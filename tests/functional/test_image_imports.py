"""Data that comes by itself: from the stage, from the web, from one store to another."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.asking import wait_until
from tests.support.images import ImageService
from tests.support.plane import PlaneProcess

_DATA = os.urandom(3_000_000)
_OPTIONS = """
[images]
stores = local, second, third, broken
download_local = true
download_hosts = 127.0.0.1
[store:second]
description = another place
[store:third]
use = backup
[store:broken]
root = /dev/null/nowhere
"""


@pytest.fixture(scope="module")
def stores_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaneProcess]:
    """A plane with three stores, of which one is not for images."""
    with PlaneProcess(tmp_path_factory.mktemp("stores"), options=_OPTIONS) as running:
        yield running


@pytest.fixture
def service(stores_plane: PlaneProcess) -> Iterator[ImageService]:
    made = ImageService(stores_plane)
    yield made
    made.clear()
    assert made.kept("images-second") == []


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The URL of a folder with one file."""
    (tmp_path / "debian.raw").write_bytes(_DATA)
    handler: Callable[..., Any] = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _import(service: ImageService, image: str, name: str, **more: Any) -> int:
    import_ = {"method": {"name": name, **more.pop("method", {})}, **more}
    status, _, answer = service.ask("POST", f"images/{image}/import", orjson.dumps(import_))
    assert status != 500, answer
    return status


def test_staged_data_becomes_the_images_own(service: ImageService) -> None:
    image = service.new()
    assert _import(service, image, "glance-direct") == 409
    assert service.put(image, _DATA, to="stage")[0] == 204
    assert service.status(image) == "uploading"
    assert service.ask("GET", f"images/{image}/file")[0] == 204
    assert service.put(image, _DATA)[0] == 409
    assert _import(service, image, "glance-direct") == 202
    wait_until(lambda: service.status(image) == "active")
    found = service.show(image)
    assert (found["size"], found["stores"]) == (len(_DATA), "local")
    assert found["os_hash_value"] == hashlib.sha512(_DATA).hexdigest()
    assert service.data(image) == _DATA


def test_what_is_staged_and_hostile_is_dropped(service: ImageService) -> None:
    image = service.new(disk_format="qcow2")
    assert service.put(image, _DATA, to="stage")[0] == 204
    assert _import(service, image, "glance-direct") == 202
    wait_until(lambda: "os_glance_import_message" in service.show(image))
    found = service.show(image)
    assert (found["status"], found["size"], found["checksum"]) == ("queued", None, None)
    assert "was said to be qcow2" in found["os_glance_import_message"]
    assert service.kept() == []


def test_data_is_downloaded_and_kept_in_several_stores(service: ImageService, web: str) -> None:
    image = service.new()
    uri = {"uri": f"{web}/debian.raw"}
    stores = ["second", "local"]
    assert _import(service, image, "web-download", method=uri, stores=stores) == 202
    wait_until(lambda: service.show(image).get("stores") == "second,local")
    found = service.show(image)
    assert (found["status"], found["checksum"]) == ("active", hashlib.md5(_DATA).hexdigest())
    assert found["os_hash_value"] == hashlib.sha512(_DATA).hexdigest()
    assert [path.read_bytes() for path in service.kept("images-second")] == [_DATA]
    assert [path.read_bytes() for path in service.kept()] == [_DATA]


def test_a_download_that_fails_says_why_and_can_be_tried_again(
    service: ImageService, web: str
) -> None:
    image = service.new()
    uri = {"uri": f"{web}/nosuch.raw"}
    assert _import(service, image, "web-download", method=uri) == 202
    wait_until(lambda: "os_glance_import_message" in service.show(image))
    assert service.status(image) == "queued"
    assert service.kept() == []
    uri = {"uri": f"{web}/debian.raw"}
    assert _import(service, image, "web-download", method=uri) == 202
    wait_until(lambda: service.status(image) == "active")
    assert "os_glance_import_message" not in service.show(image)


def test_where_all_stores_must_have_it_one_that_fails_leaves_none(
    service: ImageService, web: str
) -> None:
    image = service.new()
    uri, stores = {"uri": f"{web}/debian.raw"}, ["local", "second", "broken"]
    assert _import(service, image, "web-download", method=uri, stores=stores) == 202
    wait_until(lambda: "os_glance_import_message" in service.show(image))
    wait_until(lambda: service.status(image) == "queued")
    found = service.show(image)
    assert found["os_glance_failed_import"] == "local,second,broken"
    assert found["os_glance_importing_to_stores"] == ""
    assert "stores" not in found
    assert service.kept() == service.kept("images-second") == []


@pytest.mark.parametrize("stores", [["local", "broken"], ["broken", "local"]])
def test_where_one_store_suffices_the_others_are_named(
    service: ImageService, web: str, stores: list[str]
) -> None:
    image = service.new()
    more: dict[str, Any] = {"method": {"uri": f"{web}/debian.raw"}, "stores": stores}
    more["all_stores_must_succeed"] = False
    assert _import(service, image, "web-download", **more) == 202
    wait_until(lambda: service.show(image).get("os_glance_importing_to_stores") == "")
    found = service.show(image)
    assert (found["status"], found["stores"]) == ("active", "local")
    assert found["os_glance_failed_import"] == "broken"
    assert "os_glance_import_message" not in found
    assert service.data(image) == _DATA


def test_copies_are_made_in_all_stores_or_in_none(service: ImageService) -> None:
    image = service.new()
    assert service.put(image, _DATA)[0] == 204
    assert "os_glance_failed_import" not in service.show(image)
    stores = {"stores": ["second", "broken"]}
    assert _import(service, image, "copy-image", **stores) == 202
    wait_until(lambda: "os_glance_import_message" in service.show(image))
    wait_until(lambda: service.kept("images-second") == [])
    found = service.show(image)
    assert (found["stores"], found["os_glance_failed_import"]) == ("local", "second,broken")
    loose = {**stores, "all_stores_must_succeed": False}
    assert _import(service, image, "copy-image", **loose) == 202
    wait_until(lambda: service.show(image)["os_glance_importing_to_stores"] == "")
    found = service.show(image)
    assert (found["stores"], found["os_glance_failed_import"]) == ("local,second", "broken")


def test_all_stores_are_those_for_images(service: ImageService, web: str) -> None:
    image = service.new()
    more: dict[str, Any] = {"method": {"uri": f"{web}/debian.raw"}, "all_stores": True}
    assert _import(service, image, "web-download", stores=["local"], **more) == 400
    assert _import(service, image, "web-download", all_stores_must_succeed=False, **more) == 202
    assert service.show(image)["os_glance_failed_import"] in {"", "broken"}
    wait_until(lambda: service.show(image)["os_glance_importing_to_stores"] == "")
    assert service.show(image)["stores"] == "local,second"


def test_an_active_image_is_copied_to_another_store(
    service: ImageService, stores_plane: PlaneProcess
) -> None:
    image = service.new()
    assert _import(service, image, "copy-image", stores=["second"]) == 409
    assert service.put(image, _DATA)[0] == 204
    assert _import(service, image, "copy-image", stores=["second"]) == 202
    wait_until(lambda: service.show(image)["stores"] == "local,second")
    (path,) = service.kept()
    path.unlink()
    assert service.data(image) == _DATA, "the other store has it"


def test_data_leaves_a_store_but_not_the_last_one(service: ImageService) -> None:
    image = service.new()
    assert service.ask("DELETE", f"stores/local/{image}")[0] == 409
    assert service.put(image, _DATA)[0] == 204
    assert _import(service, image, "copy-image", stores=["second"]) == 202
    wait_until(lambda: service.show(image)["stores"] == "local,second")
    found = service.document("GET", f"images/{image}/locations")
    assert [one["metadata"]["store"] for one in found] == ["local", "second"]
    assert all(one["url"].startswith("file:///") for one in found)
    assert service.ask("DELETE", f"stores/third/{image}")[0] == 404
    assert service.ask("DELETE", f"stores/local/{image}")[0] == 204
    assert (service.show(image)["stores"], service.kept()) == ("second", [])
    assert service.data(image) == _DATA
    status, _, answer = service.ask("DELETE", f"stores/second/{image}")
    assert (status, b"in second alone" in answer) == (403, True)
    assert service.data(image) == _DATA


def test_what_cannot_be_imported_is_refused_at_once(service: ImageService) -> None:
    image = service.new()
    for wrong in (
        {"name": "teleport"},
        {"name": "web-download"},
        {"name": "web-download", "uri": "file:///etc/passwd"},
        {"name": 7},
    ):
        body = orjson.dumps({"method": wrong})
        assert service.ask("POST", f"images/{image}/import", body)[0] == 400, wrong
    for elsewhere in ("http://localhost/a", "http://169.254.169.254/a"):
        body = orjson.dumps({"method": {"name": "web-download", "uri": elsewhere}})
        status, _, answer = service.ask("POST", f"images/{image}/import", body)
        assert status == 403
        assert b"download_hosts is 127.0.0.1" in answer
    assert _import(service, image, "copy-image", stores=["attic"]) == 400
    assert _import(service, image, "copy-image", stores=["third"]) == 403
    assert service.status(image) == "queued"
