"""The same for the Image API: nonsense is refused with a reason, and leaves nothing behind."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from baremetal.api.images.listing import PARAMETERS
from baremetal.api.images.routes import ROUTES
from baremetal.api.types.base import fields_of
from baremetal.api.types.image import Image
from baremetal.domain import image as im
from tests.support import fuzzing, soup
from tests.support.asking import wait_until
from tests.support.fuzzing import some
from tests.support.images import ImageService, fault
from tests.support.plane import PlaneProcess

_REQUESTS = fuzzing.requests_in_all(600)
_DATA = bytes(range(256)) * 16
_JSON = {"Content-Type": "application/json"}
_OCTETS = {"Content-Type": "application/octet-stream"}
_PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
_FORMATS = {"disk_format": "raw", "container_format": "bare"}
# Whatever is fetched, nobody but this machine is asked.
_OPTIONS = """
[conductor]
power_sync_interval = 0
[images]
ticket_seconds = 60
download_hosts = 127.0.0.1
download_local = true
"""

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(60 + _REQUESTS // 2),
]


class Target(fuzzing.Target):
    """A plane with an image that has data, and others as they are needed."""

    def __init__(self, plane: PlaneProcess) -> None:
        super().__init__(plane, "/image", fault)
        self.service = ImageService(plane)
        self._rows = sqlite3.connect(f"file:{plane.state_dir}/baremetal.sqlite?mode=ro", uri=True)
        self.still = self.new("still")
        assert self.service.put(self.still, _DATA)[0] == 204
        found = self.service.document("POST", f"images/{self.still}/tickets")
        self.ticket = str(found["url"]).partition("ticket=")[2]

    def new(self, name: str) -> str:
        """An image without data."""
        return self.service.new(name=name, **{"a/b~c": "own"})

    def row(self) -> tuple[Any, ...] | None:
        """The image with data, as the database holds it."""
        query = "SELECT * FROM images WHERE uuid = ?"
        found: tuple[Any, ...] | None = self._rows.execute(query, (self.still,)).fetchone()
        return found


@pytest.fixture(scope="module")
def shared_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with PlaneProcess(tmp_path_factory.mktemp("fuzz-images"), options=_OPTIONS) as plane:
        made = Target(plane)
        yield made
        # Seen with -s.
        print(f"\n{made.told()}")  # noqa: T201


@pytest.fixture
def target(shared_target: Target) -> Target:
    """The same one, on a new connection: the server closes those that are silent for long."""
    shared_target.hang_up()
    return shared_target


_MOSTLY = st.sampled_from((True, True, True, False))
_METHODS = st.fixed_dictionaries(
    {"name": st.sampled_from(["web-download", "glance-direct", "copy-image", "x", 1, None])},
    optional={"uri": st.sampled_from(["http://127.0.0.1:9/a", "http://[::1", "file:///"])},
)


@pytest.mark.slow
def test_described_requests(target: Target) -> None:
    schema = schemathesis.openapi.from_url(f"{target.plane.root_url}/image/v2/openapi.json")
    session = requests.Session()
    each = int(_REQUESTS * 0.4 / len(ROUTES) / 2)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        for mode in GenerationMode:
            # What takes nothing, or any text, cannot be asked wrongly.
            with suppress(Unsatisfiable):
                _call(target, session, found.ok().as_strategy(generation_mode=mode), each)


def _call(target: Target, session: requests.Session, cases: Any, count: int) -> None:
    @some(count)
    @given(case=cases, known=_MOSTLY, method=_METHODS)
    def call(case: Any, known: bool, method: Any) -> None:
        if known:
            _name_what_exists(target, case)
            if isinstance(case.body, dict) and "method" in case.body:
                case.body["method"] = method
        answer = case.call(session=session)
        target.judge(answer.status_code, answer.content, case.as_curl_command())

    call()


def _name_what_exists(target: Target, case: Any) -> None:
    """Let the path name what is there: everything else is merely not found."""
    if "image" in case.path_parameters:
        gone = case.method == "DELETE" and case.path.endswith("{image}")
        filled = case.path.endswith(("/file", "/stage", "/import")) and case.method != "GET"
        known = target.new("other") if gone or filled else target.still
        case.path_parameters["image"] = known
    if case.path.endswith("/direct") and isinstance(case.query, dict):
        case.query["ticket"] = target.ticket


_NAMES = [*fields_of(Image), "a~1b~0c", "self", "stores", im.IMPORT_MESSAGE, "own"]
_STEPS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "replace", "remove", "test", 1]),
        "path": st.sampled_from(_NAMES).map(lambda name: f"/{name}") | soup.words | soup.scalars,
    },
    optional={"value": soup.values | st.sampled_from([*im.VISIBILITIES, *im.DISK_FORMATS])},
)
_PATCHES = st.lists(_STEPS, min_size=1, max_size=3) | soup.values


@pytest.mark.slow
def test_patches(target: Target) -> None:
    @some(int(_REQUESTS * 0.2))
    @given(patch=_PATCHES)
    def apply(patch: Any) -> None:
        before, path = target.row(), f"/v2/images/{target.still}"
        body = json.dumps(patch).encode()
        status, _ = target.request("PATCH", path, body, _PATCH)
        if status != 200:
            assert target.row() == before, body
            return
        # What was accepted can be shown.
        assert target.request("GET", path, None, {})[0] == 200
        assert target.request("GET", "/v2/images?os_hidden=true", None, {})[0] == 200

    apply()


_BODIED = ("", "/members", "/import", "/tickets", "/members/x")


def test_bodies(target: Target) -> None:
    @some(int(_REQUESTS * 0.15))
    @given(below=st.sampled_from(_BODIED), body=soup.bodies)
    def send(below: str, body: bytes) -> None:
        path = f"/v2/images/{target.still}{below}" if below else "/v2/images"
        target.request("PUT" if below.endswith("/x") else "POST", path, body, _JSON)

    send()


_WANTED = st.sampled_from([parameter.name for parameter in PARAMETERS]) | soup.words
_VALUES = soup.words | st.sampled_from(
    ["1", "true", "all", "in:a,b", "name:asc", "gt:2026-01-01T00:00:00Z", "lt:", "99999999999"]
)


def test_queries(target: Target) -> None:
    @some(int(_REQUESTS * 0.15))
    @given(pairs=st.lists(st.tuples(_WANTED, _VALUES), max_size=3))
    def ask(pairs: list[tuple[str, str]]) -> None:
        target.request("GET", f"/v2/images?{soup.query(pairs)}", None, {})

    ask()


_RANGES = "bytes=0-9 bytes=-5 bytes=9- bytes=- bytes=5-2 bytes=0-1,3-4 bytes=99999999- x=1-2"
_DATA_HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Range": st.sampled_from([*_RANGES.split(), "bytes=-" + "9" * 30, "bytes=\u0661-2"]),
        "x-openstack-image-size": st.sampled_from(["4096", "0", "-1", "x", "9" * 30]),
        "X-Image-Meta-Store": st.sampled_from(["local", "nosuch", ""]),
        "Content-Type": st.sampled_from(["application/octet-stream", "text/plain", "x" * 300]),
    },
)
_TICKETS = st.sampled_from(["", "a.1.b", "..", "x" * 300]) | soup.words


def test_data(target: Target) -> None:
    @some(int(_REQUESTS * 0.1))
    @given(headers=_DATA_HEADERS, ticket=st.none() | _TICKETS, up=st.booleans())
    def move(headers: dict[str, str], ticket: str | None, up: bool) -> None:
        path = f"/v2/images/{target.new('data') if up else target.still}"
        sent = {name: value.encode() for name, value in headers.items()}
        if up:
            target.request("PUT", f"{path}/file", _DATA, {**_OCTETS, **sent})
            return
        query = soup.query([("ticket", target.ticket if ticket is None else ticket)])
        for below in ("/file", f"/direct?{query}"):
            target.request("GET", f"{path}{below}", None, sent)

    move()


def test_the_service_still_works(target: Target) -> None:
    """After all that nothing is in the way of an honest image, and nothing is left behind."""
    service = target.service
    image = service.new()
    assert service.put(image, _DATA) == (204, b"")
    assert service.data(image) == _DATA
    for hidden in ("false", "true"):
        for found in service.document("GET", f"images?limit=1000&os_hidden={hidden}")["images"]:
            patch = [{"op": "replace", "path": "/protected", "value": False}]
            path = f"/v2/images/{found['id']}"
            assert target.request("PATCH", path, json.dumps(patch).encode(), _PATCH)[0] == 200
            assert target.request("DELETE", path, None, {})[0] == 204
    wait_until(lambda: service.kept() == [])
    assert "Traceback" not in target.plane.log_path.read_text(errors="replace")
