"""Policy: rules are judged without their target where they can be, and never guessed."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from oslo_config import cfg

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.api.policies import RULES
from baremetal.api.policies.sample import list_rules
from baremetal.auth.identity import Identity, administrator
from baremetal.auth.policy import Policy, policy_of
from baremetal.auth.rules import Rule, Who
from baremetal.domain.errors import InvalidInput
from tests.support.configuration import fresh_configuration

MEMBER = Identity("m", roles=frozenset({"member"}), user_id="u", project_id="p")


@pytest.fixture
def conf(tmp_path: Path) -> Iterator[cfg.ConfigOpts]:
    made = fresh_configuration(tmp_path)
    yield made
    made.reset()


#: {check: its ruling for MEMBER without a target}
CHECKS = {
    "@": True,
    "!": False,
    "role:member": True,
    "role:MEMBER": True,
    "role:admin": False,
    "not role:admin": True,
    "project_id:p": True,
    "project_id:%(node.owner)s": None,
    "not project_id:%(node.owner)s": None,
    "role:member and project_id:%(node.owner)s": None,
    "role:admin and project_id:%(node.owner)s": False,
    "role:member or project_id:%(node.owner)s": True,
    "role:admin or project_id:%(node.owner)s": None,
    "not (role:admin and project_id:%(node.owner)s)": True,
    "rule:kind": True,
    "role:%(node.owner)s": None,
    "http://policy.example/": None,
}


def _one(conf: cfg.ConfigOpts, check: str) -> tuple[Policy, Rule]:
    rule = Rule("baremetal:test", "Test.", (Who("x", "!", ""),), of="node")
    kind = Rule("kind", "Kind.", (Who("x", "!", ""),))
    file = Path(conf.state_dir) / "policy.yaml"
    file.write_text(f'"baremetal:test": "{check}"\n"kind": "role:member"\n"x": "!"\n')
    found = policy_of(conf, (rule, kind))
    assert found is not None
    return found, rule


@pytest.mark.parametrize("check", CHECKS)
def test_a_ruling_is_the_same_for_every_target_or_none(conf: cfg.ConfigOpts, check: str) -> None:
    policy, rule = _one(conf, check)
    ruling = policy.ruling(MEMBER, rule)
    assert ruling is CHECKS[check]
    assert policy.ruling(MEMBER, rule) is ruling
    if ruling is not None:
        for target in ({}, {"node.owner": "p"}, {"node.owner": "q"}):
            assert policy.allows(MEMBER, rule, target) is ruling


def test_what_depends_on_the_owner_is_judged_for_each(conf: cfg.ConfigOpts) -> None:
    policy, rule = _one(conf, "role:member and project_id:%(node.owner)s")
    for _ in range(2):
        assert policy.allows(MEMBER, rule, {"node.owner": "p"})
        assert not policy.allows(MEMBER, rule, {"node.owner": "q"})
        assert not policy.allows(MEMBER, rule, {})
        assert not policy.allows(MEMBER, rule)


class _Judge(BaseHTTPRequestHandler):
    """A policy server, for rules such as ``http://...``; it changes its mind each time."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1  # type: ignore[attr-defined]
        body = b"True" if self.server.asked % 2 else b"False"  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def judge() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Judge)
    server.asked = 0  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "check", ["{url}", "not {url}", "role:admin or {url}", "role:member and (role:admin or {url})"]
)
def test_what_another_server_judges_is_asked_each_time(
    conf: cfg.ConfigOpts, judge: HTTPServer, check: str
) -> None:
    url = f"http://127.0.0.1:{judge.server_port}/"
    policy, rule = _one(conf, check.format(url=url))
    said = [policy.allows(MEMBER, rule, {"node.owner": "p"}) for _ in range(4)]
    assert said == [not check.startswith("not"), check.startswith("not")] * 2


def test_who_has_no_project_owns_nothing_that_has_no_owner(conf: cfg.ConfigOpts) -> None:
    policy, rule = _one(conf, "project_id:%(node.owner)s")
    nowhere = Identity("n", roles=frozenset({"member"}))
    assert not policy.allows(nowhere, rule, {})
    assert not policy.allows(nowhere, rule, {"node.owner": "None"})


def test_without_keystone_and_without_a_file_there_is_no_policy(conf: cfg.ConfigOpts) -> None:
    assert policy_of(conf, RULES) is None
    conf.set_override("auth", "keystone", group="api")
    policy = policy_of(conf, RULES)
    assert policy is not None
    assert all(policy.ruling(administrator("a"), rule) is True for rule in RULES)


def test_a_file_that_is_named_must_be_there(conf: cfg.ConfigOpts, tmp_path: Path) -> None:
    named = tmp_path / "named.conf"
    named.write_text("[oslo_policy]\npolicy_file = nosuch.yaml\n")
    conf([], project="baremetal", default_config_files=[str(named)], default_config_dirs=[])
    conf.set_override("state_dir", str(tmp_path))
    with pytest.raises(InvalidInput, match=r"nosuch\.yaml"):
        policy_of(conf, RULES)


def test_a_directory_of_files_counts_too(conf: cfg.ConfigOpts, tmp_path: Path) -> None:
    (tmp_path / "policy.d").mkdir()
    (tmp_path / "policy.d" / "ours.yaml").write_text('"baremetal:node:create": "!"\n')
    policy = policy_of(conf, RULES)
    assert policy is not None
    refused = [rule.name for rule in RULES if not policy.ruling(administrator("a"), rule)]
    assert refused == ["baremetal:node:create"]


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", '"a": "rule:a"\n'])
def test_a_file_that_makes_no_sense_is_refused(
    conf: cfg.ConfigOpts, tmp_path: Path, text: str
) -> None:
    (tmp_path / "policy.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=r"policy\.yaml"):
        policy_of(conf, RULES)


def test_each_rule_is_there_once_and_is_explained() -> None:
    names = [rule.name for rule in list_rules()]
    assert len(set(names)) == len(names)
    for rule in RULES:
        assert re.fullmatch(r"[a-z_]+(:[a-z_0-9-]+)+", rule.name), rule.name
        assert rule.about.endswith(".")
        assert rule.who
