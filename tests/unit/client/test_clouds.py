import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from baremetal.client import clouds, connect, errors
from tests.unit.client.stand_in import StandIn

ROOT = "http://127.0.0.1:6385/baremetal"


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)


def _configure(monkeypatch: pytest.MonkeyPatch, file: Path, entries: dict[str, Any]) -> None:
    """By name, because openstacksdk remembers the folder in which it was imported."""
    dump = json.dumps if file.suffix == ".json" else yaml.safe_dump
    file.write_text(dump({"clouds": entries}))
    kind = "SECURE" if file.stem == "secure" else "CONFIG"
    monkeypatch.setenv(f"OS_CLIENT_{kind}_FILE", str(file))


def _headers(cloud: clouds.Cloud) -> Mapping[str, str]:
    plugin = cloud.session.auth
    assert plugin is not None
    return plugin.get_headers(cloud.session) or {}


ENTRIES: dict[str, dict[str, Any]] = {
    "basic": {
        "auth_type": "http_basic",
        "auth": {"endpoint": ROOT, "username": "admin", "password": "s3{cr}et"},
        "baremetal_endpoint_override": ROOT,
    },
    "basic without override": {
        "auth_type": "http_basic",
        "auth": {"endpoint": ROOT, "username": "admin", "password": "x"},
    },
    "none": {"auth_type": "none", "auth": {"endpoint": ROOT}},
    "insecure": {"auth_type": "none", "auth": {"endpoint": ROOT}, "verify": False},
    "own authority": {"auth_type": "none", "auth": {"endpoint": ROOT}, "cacert": "/tmp/ca.pem"},
}


@pytest.mark.parametrize("name", ENTRIES)
def test_the_plain_reading_equals_that_of_openstacksdk(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _configure(monkeypatch, tmp_path / "clouds.yaml", ENTRIES)
    plain = clouds.find_cloud(name)
    monkeypatch.setattr(clouds, "_plain_entry", lambda *_: None)
    by_sdk = clouds.find_cloud(name)
    assert plain.root == by_sdk.root
    assert plain.session.verify == by_sdk.session.verify
    assert _headers(plain) == _headers(by_sdk)


def test_a_file_named_by_the_environment_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {}}))
    named = tmp_path / "elsewhere.yaml"
    named.write_text(yaml.safe_dump({"clouds": {"mine": ENTRIES["none"]}}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(named))
    monkeypatch.setenv("OS_CLOUD", "mine")
    assert clouds.find_cloud().root == ROOT
    assert clouds.find_cloud(endpoint="http://other").root == "http://other"


def test_a_password_kept_apart_is_found_by_openstacksdk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {**ENTRIES["basic"], "auth": {"endpoint": ROOT, "username": "admin"}}
    _configure(monkeypatch, tmp_path / "clouds.yaml", {"mine": entry})
    secret = {"mine": {"auth": {"password": "apart"}}}
    _configure(monkeypatch, tmp_path / "secure.yaml", secret)
    assert _headers(clouds.find_cloud("mine")) == {"Authorization": "Basic YWRtaW46YXBhcnQ="}


def test_json_is_read_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _configure(monkeypatch, tmp_path / "clouds.json", {"mine": ENTRIES["none"]})
    assert clouds.find_cloud("mine").root == ROOT


def test_the_environment_alone_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_AUTH_TYPE", "none")
    monkeypatch.setenv("OS_ENDPOINT", ROOT)
    assert clouds.find_cloud().root == ROOT


def test_an_endpoint_alone_means_no_authentication() -> None:
    cloud = clouds.find_cloud(endpoint=ROOT)
    assert cloud.root == ROOT
    assert "Authorization" not in _headers(cloud)


def test_where_nothing_is_said_the_service_of_this_machine_is_meant(tmp_path: Path) -> None:
    file = tmp_path / ".local/share/baremetal/clouds.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump({"clouds": {"baremetal": ENTRIES["basic"]}}))
    assert clouds.find_cloud().root == ROOT
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"a": {}, "b": {}}}))
    with pytest.raises(errors.NotConfigured):
        clouds.find_cloud()


@pytest.mark.parametrize("name", [None, "nowhere"])
def test_without_a_cloud_there_is_a_clear_error(name: str | None) -> None:
    with pytest.raises(errors.NotConfigured):
        clouds.find_cloud(name)


def test_credentials_reach_the_service(tmp_path: Path) -> None:
    api = StandIn(credentials="admin:right")
    auth = {"endpoint": api.root, "username": "admin"}
    entries = {
        name: {"auth_type": "http_basic", "auth": {**auth, "password": name}}
        for name in ("right", "wrong")
    }
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": entries}))
    assert list(connect("right").nodes.list()) == []
    with pytest.raises(errors.Unauthorized, match="Incorrect"):
        list(connect("wrong").nodes.list())
    api.stop()
