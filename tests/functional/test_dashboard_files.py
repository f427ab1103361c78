"""The dashboard's static files: for anybody, locked down, and asked for anew at little cost."""

from importlib import resources

import pytest
import requests

from tests.support.plane import PlaneProcess

FILES = sorted(
    entry.name
    for entry in resources.files("baremetal.api.dashboard").iterdir()
    if entry.name.endswith((".html", ".css", ".js", ".svg"))
)


def _ask(plane: PlaneProcess, path: str, method: str = "GET", **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return session.request(
            method, plane.root_url + path, headers=names, allow_redirects=False, timeout=30
        )


@pytest.mark.parametrize("root", ["/dashboard/", "/baremetal/dashboard/"])
def test_the_page_needs_no_credentials(guarded_plane: PlaneProcess, root: str) -> None:
    answer = _ask(guarded_plane, root)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<script type="module" src="main.js"></script>' in answer.text


@pytest.mark.parametrize("name", FILES)
def test_each_file_has_its_type_and_strict_headers(plane: PlaneProcess, name: str) -> None:
    answer = _ask(plane, f"/dashboard/{name}")
    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    types = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg"}
    assert answer.headers["Content-Type"].startswith(types[name.rpartition(".")[2]])


@pytest.mark.parametrize("name", FILES)
def test_nothing_comes_from_elsewhere_or_stands_inline(name: str) -> None:
    text = (resources.files("baremetal.api.dashboard") / name).read_text()
    foreign = text.replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in foreign
    assert "https://" not in foreign
    assert "innerHTML" not in text
    assert " style=" not in text
    assert "<script>" not in text


def test_the_path_without_a_slash_leads_to_the_page(plane: PlaneProcess) -> None:
    for path in ("/dashboard", "/baremetal/dashboard"):
        answer = _ask(plane, path)
        assert answer.status_code == 308
        assert answer.headers["Location"] == "dashboard/"


def test_what_is_known_is_not_sent_again(plane: PlaneProcess) -> None:
    first = _ask(plane, "/dashboard/main.js")
    etag = first.headers["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        again = _ask(plane, "/dashboard/main.js", If_None_Match=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == etag
    assert _ask(plane, "/dashboard/main.js", If_None_Match='"other"').status_code == 200


def test_a_head_has_the_size_alone(plane: PlaneProcess) -> None:
    answer = _ask(plane, "/dashboard/style.css", "HEAD")
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["Content-Length"]) > 1000


@pytest.mark.parametrize(
    "path", ["nothing.js", "__init__.py", "../app.py", "%2e%2e/app.py", "a/main.js", "/main.js"]
)
def test_there_is_nothing_else(plane: PlaneProcess, path: str) -> None:
    assert _ask(plane, f"/dashboard/{path}").status_code == 404


def test_a_path_that_only_begins_like_it_belongs_to_the_api(plane: PlaneProcess) -> None:
    answer = _ask(plane, "/dashboards")
    assert answer.status_code == 404
    assert "error_message" in answer.json()


def test_it_is_only_to_be_read(plane: PlaneProcess) -> None:
    answer = _ask(plane, "/dashboard/", "POST")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
