"""An API for tests that answers from a script and remembers what agents said."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from baremetal.simulator.api import Accepted, Found, Refused, Unavailable, Unknown

HeartbeatAnswer = Accepted | Unknown | Refused | Unavailable


class ScriptedApi:
    """Answers lookups and heartbeats in the order given; then as an idle API does."""

    def __init__(
        self,
        lookups: Sequence[Found | Unknown | Unavailable] = (),
        heartbeats: Sequence[HeartbeatAnswer] = (),
    ) -> None:
        self.lookups = list(lookups)
        self.heartbeats = list(heartbeats)
        self.lookups_heard = 0
        self.heard: list[dict[str, Any]] = []

    async def lookup(self, macs: Sequence[str]) -> Found | Unknown | Unavailable:
        self.lookups_heard += 1
        await asyncio.sleep(0)
        return self.lookups.pop(0) if self.lookups else Found("node-1", "token-1", 300)

    async def heartbeat(self, node_uuid: str, body: Mapping[str, Any]) -> HeartbeatAnswer:
        assert node_uuid == "node-1"
        self.heard.append(dict(body))
        await asyncio.sleep(0)
        return self.heartbeats.pop(0) if self.heartbeats else Accepted(None)

    @property
    def reports(self) -> list[dict[str, Any]]:
        """The progress reports among the heartbeats."""
        return [body["progress"] for body in self.heard if "progress" in body]


async def until(condition: Any, seconds: float = 5.0) -> None:
    """Return once ``condition()`` is true; fail when it does not come true in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 any condition
            await asyncio.sleep(0.002)


def plan(*steps: str | dict[str, Any], uuid: str = "plan-1", every: float = 0.01) -> dict[str, Any]:
    """Return a plan as the API would send it."""
    return {
        "uuid": uuid,
        "kind": "deploy",
        "steps": [{"name": s, "args": {}} if isinstance(s, str) else s for s in steps],
        "report_seconds": every,
    }


def write_image(**args: Any) -> dict[str, Any]:
    """Return a write_image step."""
    return {"name": "write_image", "args": {"image_source": "http://images/a.raw", **args}}
