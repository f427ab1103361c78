"""The state directory: database, keys, users, and the way for clients to get in."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import yaml

from baremetal.auth.users import UserFile

_ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class StateDir:
    """Where things are in one state directory."""

    path: Path

    @property
    def database_url(self) -> str:
        """The SQLite file."""
        return f"sqlite:///{self.path / 'baremetal.sqlite'}"

    @property
    def keys(self) -> Path:
        """The key file of the vault."""
        return self.path / "secret.keys"

    @property
    def htpasswd(self) -> Path:
        """The users."""
        return self.path / "htpasswd"

    @property
    def clouds(self) -> Path:
        """How clients get in: a clouds.yaml."""
        return self.path / "clouds.yaml"

    def prepare(self) -> None:
        """Make the directory, readable by its owner alone."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def make_admin(self, users: Path) -> str | None:
        """The new administrator's password; None if the file of users is there already."""
        if users.exists():
            return None
        password = secrets.token_urlsafe(18)
        UserFile(users).put(_ADMIN, password)
        return password

    def write_cloud(self, url: str, password: str | None) -> None:
        """Write the ``baremetal`` entry of clouds.yaml; without a password, keep the old one."""
        entry: dict[str, object] = {"auth_type": "none", "auth": {"endpoint": url}}
        if password is not None or self._old_password() is not None:
            entry["auth_type"] = "http_basic"
            entry["auth"] = {
                "endpoint": url,
                "username": _ADMIN,
                "password": password or self._old_password(),
            }
        entry["baremetal_endpoint_override"] = url
        entry["baremetal_api_version"] = "1"
        entry["image_endpoint_override"] = url.removesuffix("/baremetal") + "/image/v2"
        entry["image_api_version"] = "2"
        entry["shared_file_system_endpoint_override"] = url.removesuffix("/baremetal") + "/share/v2"
        entry["shared_file_system_api_version"] = "2"
        text = yaml.safe_dump({"clouds": {"baremetal": entry}}, sort_keys=False)
        if not self.clouds.exists() or self.clouds.read_text() != text:
            _write(self.clouds, text)

    def _old_password(self) -> str | None:
        if not self.clouds.exists():
            return None
        found = yaml.safe_load(self.clouds.read_text()) or {}
        auth = found.get("clouds", {}).get("baremetal", {}).get("auth", {})
        password = auth.get("password")
        return str(password) if password else None


def _write(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    draft.replace(path)
