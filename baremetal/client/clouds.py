"""Where the API is and how to identify there: arguments, environment, clouds.yaml.

The rules are openstacksdk's, and it is what reads them. Importing it takes longer than most
commands last, so entries that need none of its powers (auth_type none or http_basic, and
nothing unusual) are read here; `tests/unit/client` holds both readings equal.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baremetal.client.errors import NotConfigured

if TYPE_CHECKING:
    from keystoneauth1.plugin import BaseAuthPlugin
    from keystoneauth1.session import Session

_SUFFIXES = (".yaml", ".yml", ".json")
_PLAIN_KEYS = frozenset(
    {
        "auth_type",
        "auth",
        "baremetal_endpoint_override",
        "baremetal_api_version",  # of no interest: requests negotiate theirs
        "image_endpoint_override",
        "image_api_version",
        "verify",
        "cacert",
        "region_name",
    }
)
_PLAIN_AUTH_KEYS = frozenset({"endpoint", "username", "password"})
#: What `baremetal up` writes unless told otherwise: (file, cloud). The last resort.
_LOCAL = ("~/.local/share/baremetal/clouds.yaml", "baremetal")
_CONNECTIONS = 32  # kept open at once: as many requests may run in parallel


@dataclass(frozen=True, slots=True)
class Cloud:
    """An authenticated session and the root of the API there."""

    session: "Session"
    root: str


def find_cloud(name: str | None = None, endpoint: str | None = None) -> Cloud:
    """The cloud called `name` (or $OS_CLOUD, or what the environment describes).

    `endpoint` replaces the API root that the configuration names; alone, it means no
    authentication. Where nothing at all is said, it is the service that `baremetal up` runs here.

    :raises NotConfigured: there is no such cloud, or its entry is not usable
    """
    name = name or os.environ.get("OS_CLOUD")
    described = {"OS_AUTH_TYPE", "OS_AUTH_URL"} & os.environ.keys()
    file = _first_file("OS_CLIENT_CONFIG_FILE", "clouds")
    entry: Mapping[str, Any] | None = None
    if name and file and not _first_file("OS_CLIENT_SECURE_FILE", "secure"):
        entry = _plain_entry(file, name)
    elif not name and endpoint and not described:
        entry = {"auth_type": "none"}
    elif not name and not file and not described:
        entry = _plain_entry(Path(_LOCAL[0]).expanduser(), _LOCAL[1])
    return _cloud_by_sdk(name, endpoint) if entry is None else _plain_cloud(entry, endpoint)


def _plain_entry(file: Path, name: str) -> Mapping[str, Any] | None:
    """A cloud's entry, if there is one and it needs no openstacksdk."""
    # Imported here, because most of `--help` and completion never reads YAML.
    import yaml  # noqa: PLC0415

    try:
        entry = yaml.safe_load(file.read_text())["clouds"][name]
        auth = entry.get("auth", {})
        plain = (
            entry["auth_type"] in ("none", "http_basic")
            and entry.keys() <= _PLAIN_KEYS
            and auth.keys() <= _PLAIN_AUTH_KEYS
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
        return None  # openstacksdk will tell what is wrong with it
    # openstacksdk expands {names} in values.
    return entry if plain and "{" not in str(entry.get("baremetal_endpoint_override")) else None


def _first_file(variable: str, stem: str) -> Path | None:
    """The first file in openstacksdk's search order."""
    named = os.environ.get(variable)
    if named and Path(named).exists():
        return Path(named)
    folders = (
        Path.cwd(),
        Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "openstack",
        Path("~/.config/openstack").expanduser(),
        Path("/etc/xdg/openstack"),
        Path("/etc/openstack"),
    )
    paths = (folder / (stem + suffix) for folder in folders for suffix in _SUFFIXES)
    return next((path for path in paths if path.exists()), None)


def _plain_cloud(entry: Mapping[str, Any], endpoint: str | None) -> Cloud:
    # Imported here for the sake of start-up time, as everywhere in this room.
    from keystoneauth1.http_basic import HTTPBasicAuth  # noqa: PLC0415
    from keystoneauth1.noauth import NoAuth  # noqa: PLC0415

    auth = entry.get("auth", {})
    root = endpoint or entry.get("baremetal_endpoint_override") or auth.get("endpoint")
    if not root:
        raise NotConfigured("the cloud's entry has neither auth.endpoint nor an endpoint override")
    verify: bool | str = entry.get("verify", True)
    if verify and entry.get("cacert"):
        verify = str(Path(entry["cacert"]).expanduser())
    plugin: BaseAuthPlugin
    if entry["auth_type"] == "none":
        plugin = NoAuth(endpoint=root)
    else:
        plugin = HTTPBasicAuth(root, auth.get("username"), auth.get("password"))
    return Cloud(_session(plugin, verify=verify), root)


def _session(plugin: "BaseAuthPlugin", *, verify: bool | str) -> "Session":
    import requests  # noqa: PLC0415
    from keystoneauth1.session import Session  # noqa: PLC0415
    from requests.adapters import HTTPAdapter  # noqa: PLC0415

    connections = requests.Session()
    for scheme in ("http://", "https://"):
        connections.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
    return Session(auth=plugin, session=connections, verify=verify)


def _cloud_by_sdk(name: str | None, endpoint: str | None) -> Cloud:
    # Imported here: openstacksdk is by far the slowest import of all.
    from keystoneauth1.exceptions import ClientException  # noqa: PLC0415
    from openstack.config import OpenStackConfig  # noqa: PLC0415
    from openstack.exceptions import SDKException  # noqa: PLC0415

    try:
        config = OpenStackConfig(app_name="baremetal")
        if not name and config.default_cloud == "defaults":
            raise NotConfigured("nothing says which cloud to talk to")
        region = config.get_one(cloud=name)
        session = region.get_session()
        root = endpoint or region.get_endpoint("baremetal")
        if not root:
            root = session.get_endpoint(
                service_type="baremetal",
                interface=region.get_interface("baremetal"),
                region_name=region.get_region_name("baremetal"),
            )
    except (SDKException, ClientException) as problem:
        raise NotConfigured(str(problem)) from problem
    if not root:
        raise NotConfigured("the cloud's catalogue has no bare metal service")
    return Cloud(session, root)
