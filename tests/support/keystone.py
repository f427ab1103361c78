"""A real Keystone for one test session: SQLite, fernet tokens, users of each role."""

import base64
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import requests

from devstack.ports import free_port

_ROOT = Path(__file__).parents[2]
_START_SECONDS = 120.0
_STOP_SECONDS = 20.0

#: {user: {project, or "system", or "domain": role}}; Keystone lets a role imply the lesser ones.
USERS: Mapping[str, Mapping[str, str]] = {
    "reader-a": {"alpha": "reader"},
    "member-a": {"alpha": "member"},
    "manager-a": {"alpha": "manager"},
    "reader-b": {"beta": "reader"},
    "member-b": {"beta": "member"},
    "auditor": {"system": "reader"},
    "operator": {"system": "member"},
    "domain-admin": {"domain": "admin"},
    "nova": {"service": "service"},
    "baremetal": {"service": "service"},
}
PROJECTS = ("alpha", "beta", "service")

_CONFIGURATION = """
[DEFAULT]
use_stderr = false
log_file = {home}/keystone.log
[database]
connection = sqlite:///{home}/keystone.sqlite
[fernet_tokens]
key_repository = {home}/fernet
[fernet_receipts]
key_repository = {home}/fernet
[credential]
key_repository = {home}/fernet
[cache]
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
[token]
expiration = {token_seconds}
"""


class KeystoneFailedError(Exception):
    """Keystone did not come up; the message ends with its log."""


class KeystoneServer:
    """A running Keystone on a free loopback port, with `USERS` in `PROJECTS`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.passwords = {name: secrets.token_urlsafe(12) for name in (*USERS, "admin")}
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None
        self._prepare()
        self.start()
        self.project_ids: dict[str, str] = {}
        self._enrol()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The root of the Identity API v3."""
        return f"http://127.0.0.1:{self.port}/v3"

    def start(self, token_seconds: int = 3600) -> None:
        """Run it; tokens are good for so long.

        :raises KeystoneFailedError: it ended, or took too long.
        """
        settings = _CONFIGURATION.format(home=self.home, token_seconds=token_seconds)
        (self.home / "keystone.conf").write_text(settings)
        environment = {name: v for name, v in os.environ.items() if not name.startswith("OS_")}
        environment["OS_BOOTSTRAP_PASSWORD"] = self.passwords["admin"]
        with (self.home / "keystone.err").open("ab") as errors:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.support.keystone_server"),
                    *(str(self.home), str(self.port)),
                ],
                cwd=_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        too_late = threading.Timer(_START_SECONDS, self._process.kill)
        too_late.start()
        said = self._process.stdout.readline()
        too_late.cancel()
        if said != "ready\n":
            self.stop()
            raise KeystoneFailedError(f"Keystone did not come up\n{self.log()}")

    def restart(self, token_seconds: int = 3600) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start(token_seconds)

    def stop(self) -> None:
        """End it; its data stay."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def log(self, lines: int = 40) -> str:
        """The last lines of its logs."""
        found = [self.home / "keystone.err", self.home / "keystone.log"]
        texts = [path.read_text(errors="replace") for path in found if path.exists()]
        return "\n".join("\n".join(texts).splitlines()[-lines:])

    def options(self, **more: str) -> str:
        """The configuration of a service that asks this Keystone, as user ``baremetal``."""
        settings = {
            "auth_type": "password",
            "auth_url": self.url,
            "www_authenticate_uri": self.url,
            "username": "baremetal",
            "password": self.passwords["baremetal"],
            "project_name": "service",
            "user_domain_id": "default",
            "project_domain_id": "default",
            "interface": "public",
            **more,
        }
        lines = [f"{name} = {value}" for name, value in settings.items()]
        return "\n".join(["[keystone_authtoken]", *lines, ""])

    def cloud(self, user: str, endpoint: str) -> dict[str, Any]:
        """The entry of clouds.yaml with which `user` reaches the Bare Metal API at `endpoint`."""
        scope = self._scope_of(user)
        auth: dict[str, Any] = {
            "auth_url": self.url,
            "username": user,
            "password": self.passwords[user],
            "user_domain_id": "default",
        }
        if scope == "system":
            auth["system_scope"] = "all"
        elif scope == "domain":
            auth["domain_id"] = "default"
        else:
            auth |= {"project_name": scope, "project_domain_id": "default"}
        return {
            "auth_type": "password",
            "auth": auth,
            "baremetal_endpoint_override": endpoint,
            "baremetal_api_version": "1",
            "region_name": "one",
        }

    def token(self, user: str) -> str:
        """A new token for `user`, in their scope."""
        scopes: dict[str, Any] = {
            "system": {"system": {"all": True}},
            "domain": {"domain": {"id": "default"}},
        }
        scope = self._scope_of(user)
        who = {"name": user, "domain": {"id": "default"}, "password": self.passwords[user]}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": who}},
                "scope": scopes.get(
                    scope, {"project": {"name": scope, "domain": {"id": "default"}}}
                ),
            }
        }
        answer = self._ask("POST", "auth/tokens", body)
        return answer.headers["X-Subject-Token"]

    def revoke(self, token: str) -> None:
        """Make a token invalid."""
        self._ask("DELETE", "auth/tokens", token=token, headers={"X-Subject-Token": token})

    def _scope_of(self, user: str) -> str:
        return next(iter(USERS.get(user, {"admin": "admin"})))

    def _prepare(self) -> None:
        keys = self.home / "fernet"
        keys.mkdir(mode=0o700)
        for name in ("0", "1"):
            key = base64.urlsafe_b64encode(secrets.token_bytes(32))
            (keys / name).write_bytes(key)
            (keys / name).chmod(0o600)

    def _enrol(self) -> None:
        """Make projects and users, and give them their roles."""
        token = self.token("admin")

        def ask(method: str, path: str, body: Any = None) -> Any:
            answer = self._ask(method, path, body, token=token)
            return answer.json() if answer.content else None

        roles = {role["name"]: role["id"] for role in ask("GET", "roles")["roles"]}
        for name in PROJECTS:
            made = ask("POST", "projects", {"project": {"name": name, "domain_id": "default"}})
            self.project_ids[name] = made["project"]["id"]
        places = {
            **{name: f"projects/{uuid}" for name, uuid in self.project_ids.items()},
            "system": "system",
            "domain": "domains/default",
        }
        for name, assigned in USERS.items():
            user = {"name": name, "domain_id": "default", "password": self.passwords[name]}
            uuid = ask("POST", "users", {"user": user})["user"]["id"]
            for place, role in assigned.items():
                ask("PUT", f"{places[place]}/users/{uuid}/roles/{roles[role]}")

    def _ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        given = {**({"X-Auth-Token": token} if token else {}), **(headers or {})}
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method, f"{self.url}/{path}", json=body, headers=given, timeout=60
            )
        if not answer.ok:
            raise KeystoneFailedError(f"{method} {path}: {answer.text}\n{self.log()}")
        return answer
