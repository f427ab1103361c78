"""An agent that a test moves by hand: it speaks the wire's words, and one turn at a time."""

from collections.abc import Callable
from typing import Any

from tests.support.house import House

MASKED = "******"
INVENTORY = {
    "cpu": {"count": 16, "architecture": "x86_64"},
    "memory": {"physical_mb": 65536},
    "disks": [{"name": "/dev/sda", "size": 480 << 30}],
    "interfaces": [{"name": "eth0", "mac_address": "52:54:00:00:00:01"}],
}


class ScriptedAgent:
    """What runs on the machine with this MAC address; `do` is told each step that it does."""

    def __init__(self, house: House, mac: str, do: Callable[[str, dict[str, Any]], None]) -> None:
        self._house = house
        self._mac = mac
        self._do = do
        self._node = ""
        self._token = ""
        #: Plans done since the last boot, and what became of them.
        self._outcomes: dict[str, dict[str, Any]] = {}

    def turn(self) -> bool:
        """Boot if the machine was booted anew, take the plan, do it, report; whether it had one."""
        self._look_up()
        plan = self.take_plan()
        if plan is None:
            return False
        self.report(self.carry_out(plan))
        return True

    def take_plan(self) -> dict[str, Any] | None:
        """The plan that a heartbeat brings."""
        plan: dict[str, Any] | None = self._heartbeat()["plan"]
        return plan

    def carry_out(self, plan: dict[str, Any]) -> dict[str, Any]:
        """Its outcome, as it is reported; a plan is carried out once per boot."""
        if plan["uuid"] not in self._outcomes:
            first = plan["steps"][0]["name"]
            running = {"plan": plan["uuid"], "status": "running", "step": first, "percent": 1}
            self._heartbeat(progress=running)
            for step in plan["steps"]:
                self._do(step["name"], step["args"])
            self._outcomes[plan["uuid"]] = {
                "plan": plan["uuid"],
                "status": "succeeded",
                "step": plan["steps"][-1]["name"],
                "percent": 100,
                "results": {"inventory": INVENTORY} if plan["kind"] == "inspect" else {},
            }
        return self._outcomes[plan["uuid"]]

    def report(self, outcome: dict[str, Any]) -> int:
        """Say how it went; the status of the answer."""
        reply = self._house.request("POST", f"heartbeat/{self._node}", self._body(progress=outcome))
        assert reply.status in (202, 401, 409), reply
        return reply.status

    def _look_up(self) -> None:
        found = self._house.asked("GET", f"lookup?addresses={self._mac}")
        self._node = found["node"]["uuid"]
        if found["config"]["agent_token"] != MASKED:
            self._token = found["config"]["agent_token"]
            self._outcomes.clear()

    def _heartbeat(self, **more: Any) -> Any:
        return self._house.asked("POST", f"heartbeat/{self._node}", self._body(**more))

    def _body(self, **more: Any) -> dict[str, Any]:
        body = {"callback_url": "http://198.18.0.1:9999", "agent_version": "10.0"}
        return {**body, "agent_token": self._token, "plan_protocol": 1, **more}
