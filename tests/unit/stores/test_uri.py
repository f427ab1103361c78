from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal.domain.errors import InvalidInput
from baremetal.domain.properties import Property
from baremetal.stores.backends.filesystem import FileStore
from baremetal.stores.settings import Settings
from baremetal.stores.uri import Uri


@pytest.mark.parametrize(
    ("text", "scheme", "authority", "path"),
    [
        ("file:///srv/a%20b", "file", "", "/srv/a b"),
        ("/srv/a%20b", "file", "", "/srv/a%20b"),
        ("image.raw", "file", "", "./image.raw"),
        ("s3://bucket/a/b", "s3", "bucket", "/a/b"),
        ("http://h:80/a%2Fb#x", "http", "h:80", "/a%2Fb"),
        ("tree:///srv/t/", "tree", "", "/srv/t/"),
        ("rbd://pool/図", "rbd", "pool", "/図"),
    ],
)
def test_a_uri_is_taken_apart(text: str, scheme: str, authority: str, path: str) -> None:
    uri = Uri.parse(text)
    assert (uri.scheme, uri.authority, uri.path) == (scheme, authority, path)


def test_user_password_and_port_are_found() -> None:
    uri = Uri.parse("iscsi://us%40er:pa%3Ass@[::1]:3260/iqn.2026-01.x:y/1")
    assert (uri.user, uri.password, uri.host, uri.port) == ("us@er", "pa:ss", "[::1]", 3260)


@pytest.mark.parametrize(
    "text",
    [
        "http://someone:hunter2@host/path",
        "https://host/path?X-Amz-Signature=hunter2",
        "iscsi://someone:hunter2@host:3260/iqn/0",
    ],
)
def test_no_secret_is_shown(text: str) -> None:
    uri = Uri.parse(text)
    for shown in (str(uri), repr(uri), f"{uri}"):
        assert "hunter2" not in shown
        assert "host" in shown


@pytest.mark.parametrize("text", ["", "s3://", "http:///x", "file:///a\0b"])
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Uri.parse(text)


@given(st.text(min_size=1).filter(lambda text: "\0" not in text))
def test_any_path_comes_back(path: str) -> None:
    assert Uri.parse(str(Uri("file", "", f"/{path}"))).path == f"/{path}"


def test_a_setting_that_will_not_do_is_named_with_an_example() -> None:
    with pytest.raises(InvalidInput, match=r"file/sync must be true or false.*Example: true"):
        FileStore({"sync": "perhaps"})
    with pytest.raises(InvalidInput, match=r"file/rot is no setting.*Known: mode, root, sync"):
        FileStore({"rot": "/srv"})
    with pytest.raises(InvalidInput, match="octal"):
        FileStore({"mode": "rw-r--r--"})


def test_settings_show_no_secret(tmp_path: Path) -> None:
    declared = (Property("key", "A key.", "abc", secret=True, required=True),)
    file = tmp_path / "key"
    file.write_text("hunter2\n")
    for values in ({"key": "hunter2"}, {"key_file": str(file)}):
        settings = Settings(declared, values, "x")
        assert settings.text("key") == "hunter2"
        assert "hunter2" not in repr(settings)
        assert settings.shown() == {"key": "******"}
    with pytest.raises(InvalidInput, match="x/key_file: /nowhere cannot be read"):
        Settings(declared, {"key_file": "/nowhere"}, "x")


@pytest.mark.parametrize("name", ["../etc/passwd", "a/../../b", "a\0b"])
def test_no_name_leaves_the_store(name: str) -> None:
    with pytest.raises(InvalidInput):
        FileStore({"root": "/srv/images"}).path(name)
