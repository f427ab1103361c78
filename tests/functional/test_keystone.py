"""A whole plane that asks a real Keystone who is asking."""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openstack.utils
import pytest
import requests
import yaml
from openstack.config import OpenStackConfig
from openstack.connection import Connection
from openstack.exceptions import ForbiddenException, NotFoundException

from tests.support.asking import fault, wait_until
from tests.support.keystone import KeystoneServer
from tests.support.plane import PlaneProcess

pytestmark = [
    pytest.mark.slow,
    # The SDK warns of its own future.
    pytest.mark.filterwarnings("ignore"),
]

_DEBUG = "[DEFAULT]\nlog_level = debug\n"


@pytest.fixture(scope="module")
def plane(
    keystone: KeystoneServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlaneProcess]:
    """One that remembers tokens as the middleware does by default, and logs all it can."""
    options = _DEBUG + keystone.options()
    with PlaneProcess(tmp_path_factory.mktemp("plane"), auth="keystone", options=options) as made:
        yield made


@pytest.fixture(scope="module")
def forgetful_plane(
    keystone: KeystoneServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlaneProcess]:
    """One whose middleware remembers no tokens."""
    options = keystone.options(token_cache_time="-1")
    with PlaneProcess(tmp_path_factory.mktemp("plane"), auth="keystone", options=options) as made:
        yield made


def _ask(plane: PlaneProcess, token: str | None, path: str = "nodes") -> requests.Response:
    headers = {
        "X-OpenStack-Ironic-API-Version": "1.90",
        **({"X-Auth-Token": token} if token else {}),
    }
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{plane.url}/v1/{path}", headers=headers, timeout=60)


Connect = Callable[[str], Any]


@pytest.fixture
def clouds(keystone: KeystoneServer, plane: PlaneProcess, tmp_path: Path) -> Path:
    """A clouds.yaml with an entry for each user, by password."""
    path = tmp_path / "clouds.yaml"
    entries = {name: keystone.cloud(name, plane.url) for name in keystone.passwords}
    path.write_text(yaml.safe_dump({"clouds": entries}))
    return path


@pytest.fixture
def connect(clouds: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """The SDK's Bare Metal proxy, by user."""
    often = functools.partial(openstack.utils.iterate_timeout, wait=0.05)
    monkeypatch.setattr(openstack.utils, "iterate_timeout", often)
    opened: list[Connection] = []

    def connected(user: str) -> Any:
        config = OpenStackConfig(config_files=[str(clouds)], load_envvars=False)
        opened.append(Connection(config=config.get_one(user)))
        return opened[-1].baremetal

    yield connected
    for one in opened:
        one.close()


@pytest.fixture
def nodes(connect: Connect, keystone: KeystoneServer) -> Iterator[Any]:
    """One that alpha owns and beta rents, and one of the cloud; gone afterwards."""
    admin = connect("admin")
    ids = keystone.project_ids
    shares = {"lent": {"owner": ids["alpha"], "lessee": ids["beta"]}, "cloud": {}}
    made = {
        name: admin.create_node(name=name, driver="fake-hardware", resource_class="big", **share)
        for name, share in shares.items()
    }
    yield made
    for node in made.values():
        admin.set_node_maintenance(node)
        admin.delete_node(node)


def test_who_gives_no_token_is_told_where_to_get_one(
    plane: PlaneProcess, keystone: KeystoneServer
) -> None:
    for token, why in ((None, "requires authentication"), ("nonsense", "any more")):
        answer = _ask(plane, token)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == f'Keystone uri="{keystone.url}"'
        assert why in fault(answer.json())
    assert _ask(plane, None, "").status_code == 200


def test_made_up_headers_are_worth_nothing(plane: PlaneProcess, keystone: KeystoneServer) -> None:
    made_up = {
        "X-Identity-Status": "Confirmed",
        "X-Roles": "admin",
        "X-Project-Id": "p",
        "OpenStack-System-Scope": "all",
    }
    with requests.Session() as session:
        session.trust_env = False
        url = f"{plane.url}/v1/conductors"
        version = {"X-OpenStack-Ironic-API-Version": "1.90"}
        answer = session.get(url, headers=made_up | version, timeout=60)
        assert answer.status_code == 401
        reader = {"X-Auth-Token": keystone.token("reader-a")}
        answer = session.get(url, headers=made_up | version | reader, timeout=60)
        assert answer.status_code == 403


def test_each_role_does_what_it_may(connect: Connect, nodes: Any) -> None:
    def names(user: str) -> list[str]:
        return sorted(node.name for node in connect(user).nodes())

    for user in ("admin", "nova", "auditor", "operator"):
        assert names(user) == ["cloud", "lent"]
    for user in ("reader-a", "member-a", "manager-a", "reader-b", "member-b"):
        assert names(user) == ["lent"]
        with pytest.raises(NotFoundException):
            connect(user).get_node(nodes["cloud"].id)
    with pytest.raises(ForbiddenException, match="baremetal:node:list "):
        names("domain-admin")
    with pytest.raises(ForbiddenException, match="baremetal:node:update "):
        connect("reader-a").update_node("lent", description="x")
    with pytest.raises(ForbiddenException, match="baremetal:node:update:lessee"):
        connect("member-a").update_node("lent", lessee="x")
    assert connect("member-a").update_node("lent", description="x").description == "x"


def test_a_lessee_deploys_what_the_owner_has_prepared(
    plane: PlaneProcess, keystone: KeystoneServer, connect: Connect, nodes: Any
) -> None:
    owner, lessee = connect("member-a"), connect("member-b")
    with pytest.raises(ForbiddenException, match="set_provision_state:prepare"):
        lessee.set_node_provision_state("lent", "manage")
    for verb in ("manage", "provide"):
        owner.set_node_provision_state("lent", verb, wait=True, timeout=60)
    node = lessee.update_node("lent", instance_info={"image_source": "http://images.example/x"})
    lessee.set_node_provision_state(node, "active", wait=True, timeout=60)
    lessee.set_node_power_state("lent", "power off", wait=True, timeout=60)
    lessee.set_node_provision_state("lent", "deleted", wait=True, timeout=60)
    # Others may have asked while the machine was somebody else's, so lessees see their own name.
    for who, seen in (("member-b", "member-b"), ("reader-b", None), ("reader-a", "member-b")):
        answer = _ask(plane, keystone.token(who), "operations?kind=undeploy")
        (operation,) = answer.json()["operations"]
        assert operation["requested_by"] == seen, who


@pytest.mark.parametrize(
    "command",
    [("openstack", "baremetal", "node"), ("baremetal", "node")],
    ids=["openstack baremetal", "baremetal"],
)
def test_commands_come_in_with_a_password(
    nodes: Any, clouds: Path, command: tuple[str, ...]
) -> None:
    def run(user: str, *words: str) -> "subprocess.CompletedProcess[str]":
        ours = {n: v for n, v in os.environ.items() if not n.startswith("OS_")}
        program = Path(sys.executable).with_name(command[0])
        return subprocess.run(
            [program, *command[1:], *words],
            env={**ours, "OS_CLIENT_CONFIG_FILE": str(clouds), "OS_CLOUD": user},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    listed = run("reader-b", "list", "-f", "json")
    assert listed.returncode == 0, listed.stderr
    assert "lent" in listed.stdout
    assert "cloud" not in listed.stdout
    refused = run("reader-b", "set", "lent", "--description", "mine")
    assert refused.returncode != 0
    assert "Policy baremetal:node:update refuses this" in refused.stderr + refused.stdout


def test_a_revoked_token_is_good_no_more(
    forgetful_plane: PlaneProcess, plane: PlaneProcess, keystone: KeystoneServer
) -> None:
    token = keystone.token("reader-a")
    assert _ask(forgetful_plane, token).status_code == 200
    keystone.revoke(token)
    assert _ask(plane, token).status_code == 401
    # What it proved is believed for some seconds.
    wait_until(lambda: _ask(forgetful_plane, token).status_code == 401, 60)


def test_a_token_expires_though_it_is_remembered(
    plane: PlaneProcess, keystone: KeystoneServer
) -> None:
    keystone.restart(token_seconds=8)
    try:
        token = keystone.token("reader-a")
    finally:
        keystone.restart()
    if _ask(plane, token).status_code == 200:
        wait_until(lambda: _ask(plane, token).status_code == 401, 60)
    assert _ask(plane, token).status_code == 401


def test_while_keystone_is_away_known_tokens_are_good_and_others_must_wait(
    plane: PlaneProcess, keystone: KeystoneServer
) -> None:
    known, new = keystone.token("reader-a"), keystone.token("auditor")
    assert _ask(plane, known).status_code == 200
    keystone.stop()
    try:
        assert _ask(plane, known).status_code == 200
        answer = _ask(plane, new)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "Keystone" in fault(answer.json())
        # What is public needs nobody.
        assert _ask(plane, new, "").status_code == 200
    finally:
        keystone.start()
    wait_until(lambda: _ask(plane, new).status_code == 200, 60)


def test_no_password_and_no_token_is_logged(plane: PlaneProcess, keystone: KeystoneServer) -> None:
    token = keystone.token("member-a")
    assert _ask(plane, token).status_code == 200
    log = plane.log_path.read_text()
    assert "DEBUG" in log
    said = [name for name, password in keystone.passwords.items() if password in log]
    assert not said
    assert token not in log


def test_a_plane_that_does_not_know_how_to_ask_does_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "baremetal.cmd.main", "up", "--auth", "keystone"]
    done = subprocess.run(
        [*command, "--state-dir", str(tmp_path), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "[keystone_authtoken] must say" in done.stderr
    assert json.dumps(done.stdout) == '""'
