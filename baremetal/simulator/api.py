"""The two calls that an agent makes: lookup and heartbeat, over one HTTP session for the fleet."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import aiohttp

_VERSION_HEADER = {"X-OpenStack-Ironic-API-Version": "1.62"}
_TIMEOUT_SECONDS = 30.0
_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Found:
    """The API knows the machine and waits for its agent."""

    node_uuid: str
    token: str = field(repr=False)
    heartbeat_timeout: float


@dataclass(frozen=True, slots=True)
class Accepted:
    """The heartbeat was heard; ``plan`` is what the answer carried, unchecked."""

    plan: object


@dataclass(frozen=True, slots=True)
class Unknown:
    """The API does not wait for this: no such node, or a stale plan."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The token is wrong."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No usable answer; the same again later may have one."""

    reason: str


class AgentApi(Protocol):
    """The API as an agent needs it; none of its answers is an exception."""

    async def lookup(self, macs: Sequence[str]) -> Found | Unknown | Unavailable:
        """Ask which node has these MAC addresses."""

    async def heartbeat(
        self, node_uuid: str, body: Mapping[str, Any]
    ) -> Accepted | Unknown | Refused | Unavailable:
        """Say that the agent lives, and what else the body holds."""


class HttpApi:
    """The API at a URL such as http://127.0.0.1:6385/baremetal; used between open and close."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Get ready; the first call connects."""
        # Half a second and 20 MiB that the command line need not spend to print its help.
        import aiohttp  # noqa: PLC0415 see above

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=_TIMEOUT_SECONDS),
            headers=_VERSION_HEADER,
        )

    async def close(self) -> None:
        """Drop all connections."""
        if self._session:
            await self._session.close()
        self._session = None

    async def lookup(self, macs: Sequence[str]) -> Found | Unknown | Unavailable:
        """Ask which node has these MAC addresses."""
        status, body = await self._call("GET", "/v1/lookup", params={"addresses": ",".join(macs)})
        if status == 404:
            return Unknown()
        if status != 200:
            return Unavailable(f"lookup answered {status}: {body!r:.200}")
        match body:
            case {"node": {"uuid": str(uuid)}, "config": dict(config)}:
                return Found(
                    uuid,
                    str(config.get("agent_token") or ""),
                    float(config.get("heartbeat_timeout") or 300),
                )
        # The body may hold a token, which belongs in no log.
        return Unavailable("lookup answered 200 with what is no node")

    async def heartbeat(
        self, node_uuid: str, body: Mapping[str, Any]
    ) -> Accepted | Unknown | Refused | Unavailable:
        """Say that the agent lives, and what else the body holds."""
        status, answer = await self._call("POST", f"/v1/heartbeat/{node_uuid}", json=body)
        if status == 202:
            return Accepted(answer.get("plan") if isinstance(answer, dict) else None)
        if status in (404, 409):
            return Unknown()
        if status in (401, 403):
            return Refused()
        return Unavailable(f"heartbeat answered {status}: {answer!r:.200}")

    async def _call(self, method: str, path: str, **arguments: Any) -> tuple[int, object]:
        """Return the status, 0 when there was no answer, and the decoded body."""
        import aiohttp  # noqa: PLC0415 loaded by open already

        if self._session is None:
            return 0, "the API client is closed"
        try:
            async with self._session.request(method, self._url + path, **arguments) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return 0, f"{type(error).__name__}: {error}"
        try:
            return answer.status, json.loads(text) if text else None
        except ValueError:
            return answer.status, text
