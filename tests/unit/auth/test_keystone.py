"""Tokens: what the middleware's answer makes of a caller, and what happens without one."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from keystoneauth1 import loading
from oslo_config import cfg

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.auth import keystone
from baremetal.auth.identity import ANONYMOUS
from baremetal.auth.keystone import KeystoneAuth
from baremetal.domain.errors import InvalidInput, Unauthenticated, Unavailable
from tests.support.configuration import fresh_configuration

_ASKED = {"REQUEST_METHOD": "GET", "HTTP_X_AUTH_TOKEN": "token"}


class Mute:
    """A Keystone that takes connections and ends them without a word."""

    def __init__(self) -> None:
        self.visits = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            self.visits += 1
            visitor.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def mute() -> Iterator[Mute]:
    made = Mute()
    yield made
    made.close()


@pytest.fixture
def defaults(tmp_path: Path) -> Iterator[cfg.ConfigOpts]:
    """A configuration without a word of Keystone; what it leaves on the global object goes."""
    conf = fresh_configuration(tmp_path)
    yield conf
    conf.clear()
    left = loading.get_auth_plugin_conf_options(loading.get_plugin_loader("password"))
    conf.unregister_opts(left, group="keystone_authtoken")


@pytest.fixture
def conf(defaults: cfg.ConfigOpts, tmp_path: Path, mute: Mute) -> cfg.ConfigOpts:
    """A configuration that leads to the mute Keystone."""
    file = tmp_path / "baremetal.conf"
    file.write_text(f"""
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:{mute.port}/v3
username = baremetal
password = secret
project_name = service
user_domain_id = default
project_domain_id = default
http_request_max_retries = 0
""")
    defaults([], project="baremetal", default_config_files=[str(file)], default_config_dirs=[])
    return defaults


def test_who_gives_no_token_is_anonymous(conf: cfg.ConfigOpts, mute: Mute) -> None:
    auth = KeystoneAuth(conf)
    assert auth.identify({"REQUEST_METHOD": "GET"}) is ANONYMOUS
    assert auth.challenge == f'Keystone uri="http://127.0.0.1:{mute.port}/v3"'
    assert mute.visits == 0


@pytest.mark.parametrize("token", ["x" * 2049, "a b", "t\xf6ken", "a\x01"])
def test_keystone_is_not_asked_about_what_can_be_no_token(
    conf: cfg.ConfigOpts, mute: Mute, token: str
) -> None:
    auth = KeystoneAuth(conf)
    for header in ("HTTP_X_AUTH_TOKEN", "HTTP_X_SERVICE_TOKEN"):
        with pytest.raises(Unauthenticated):
            auth.identify({**_ASKED, header: token})
    assert mute.visits == 0


def test_a_keystone_that_does_not_answer_is_left_alone_for_a_while(
    conf: cfg.ConfigOpts, mute: Mute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystone, "_SILENCE_SECONDS", 1e9)
    auth = KeystoneAuth(conf)
    with pytest.raises(Unavailable, match="Keystone"):
        auth.identify(_ASKED)
    visits = mute.visits
    assert visits > 0
    for _ in range(5):
        with pytest.raises(Unavailable):
            auth.identify(_ASKED)
    assert mute.visits == visits


def test_a_keystone_is_asked_again_after_that(
    conf: cfg.ConfigOpts, mute: Mute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystone, "_SILENCE_SECONDS", 0.0)
    auth = KeystoneAuth(conf)
    for _ in range(2):
        visits = mute.visits
        with pytest.raises(Unavailable):
            auth.identify(_ASKED)
        assert mute.visits > visits


def test_without_a_way_to_keystone_nothing_starts(defaults: cfg.ConfigOpts) -> None:
    with pytest.raises(InvalidInput, match="auth_url"):
        KeystoneAuth(defaults)


@pytest.mark.slow
def test_who_does_without_keystone_does_not_load_it() -> None:
    wired = "import baremetal.cmd.backend, baremetal.cmd.all_in_one, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", wired], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "baremetal.auth.policy" in loaded
    assert not loaded & {"oslo_policy.policy", "keystonemiddleware", "baremetal.auth.keystone"}
