"""The two calls of an agent, lookup and heartbeat, as ironic-python-agent makes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from baremetal.agent import web

_HEADERS: Final = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "X-OpenStack-Ironic-API-Version": "1.72",
}
#: What the API shows once the token is given away.
_MASKED: Final = "******"
_VERSION: Final = "1.0"
_PLAN_PROTOCOL: Final = 1

Ask = Callable[[str, str, object, dict[str, str]], tuple[int, Any]]


class Unanswered(Exception):
    """No usable answer; the same again later may have one."""


class Refused(Exception):
    """The token is wrong: this agent's time is over."""


class Stale(Exception):
    """Nobody waits for what was reported."""


@dataclass(frozen=True, slots=True)
class Found:
    """The API knows the machine and waits for its agent; times in seconds."""

    node: str
    token: str = field(repr=False)
    silence: float


class Api:
    """The API at a URL such as http://172.30.0.1:6385/baremetal.

    All that is said goes through `ask`, so a pinned connection is one argument away.
    """

    def __init__(self, url: str, ask: Ask = web.ask) -> None:
        """Nothing is said yet."""
        self._url = url.rstrip("/")
        self._ask = ask

    def look_up(self, macs: Sequence[str]) -> Found:
        """The node that waits for the machine with these cards.

        :raises Unanswered: there is none yet, or its token is given away.
        """
        status, said = self._call("GET", f"lookup?addresses={quote(','.join(macs))}", None)
        if status == 404:
            raise Unanswered("no node with these addresses waits for its ramdisk")
        try:
            config = said["config"]
            found = Found(
                str(said["node"]["uuid"]),
                str(config["agent_token"]),
                float(config.get("heartbeat_timeout") or 300),
            )
        except (KeyError, TypeError, ValueError):
            # What was said may hold a token, which belongs in no log.
            raise Unanswered(f"lookup answered {status} with what is no node") from None
        if found.token == _MASKED:
            raise Unanswered("the token was given away before")
        return found

    def heartbeat(self, found: Found, callback: str, progress: object = None) -> Any:
        """Say that the agent lives, and how far its plan is; the plan that it is given.

        :raises Refused: the token is not, or no longer, right.
        :raises Stale: nobody waits for this plan.
        :raises Unanswered: try again.
        """
        body: dict[str, Any] = {
            "callback_url": callback,
            "agent_version": _VERSION,
            "agent_token": found.token,
            "plan_protocol": _PLAN_PROTOCOL,
        }
        if progress is not None:
            body["progress"] = progress
        status, said = self._call("POST", f"heartbeat/{found.node}", body)
        if status in (401, 403):
            raise Refused("the API refuses the agent's token")
        if status in (404, 409):
            raise Stale
        if status != 202:
            raise Unanswered(f"heartbeat answered {status}: {str(said)[:200]}")
        return said.get("plan") if isinstance(said, dict) else None

    def _call(self, method: str, path: str, body: object) -> tuple[int, Any]:
        status, said = self._ask(method, f"{self._url}/v1/{path}", body, dict(_HEADERS))
        if status == 0:
            raise Unanswered(str(said))
        return status, said
