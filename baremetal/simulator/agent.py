"""The agent of a netbooted machine: lookup, heartbeats, and one plan after another."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from baremetal.simulator.api import Accepted, AgentApi, Found, Refused, Unavailable, Unknown
from baremetal.simulator.description import MachineDescription
from baremetal.simulator.faults import AgentFaults
from baremetal.simulator.plan import MalformedPlan, Plan, PlanProgress, read_plan
from baremetal.simulator.ramdisk import AgentDied, Ramdisk

LOG = logging.getLogger(__name__)

_AGENT_PORT = 9999
_MASKED_TOKEN = "******"  # noqa: S105 what the API shows once the token is given away


@dataclass(frozen=True, slots=True)
class AgentTiming:
    """How patient an agent is, in real seconds.

    :ivar heartbeat_fraction: of the API's heartbeat timeout between two heartbeats.
    """

    first_retry: float = 1.0
    longest_retry: float = 30.0
    heartbeat_fraction: float = 0.2


class AgentStopped(Exception):
    """The agent has reason to give up; the message says which."""


class Agent:
    """One life of the agent, from the end of the boot to the next power action."""

    def __init__(
        self,
        description: MachineDescription,
        ramdisk: Ramdisk,
        api: AgentApi,
        faults: AgentFaults,
        timing: AgentTiming,
    ) -> None:
        self._name = description.name
        self._macs = description.macs
        self._callback_url = f"http://{description.ip_address}:{_AGENT_PORT}"
        self._ramdisk = ramdisk
        self._api = api
        self._faults = faults
        self._timing = timing
        self._node = Found("", "", 300)
        self._heartbeats = 0
        self._last: PlanProgress | None = None
        self._pause = timing.first_retry

    async def run(self) -> None:
        """Act until cancelled; return early when the agent has stopped or died."""
        try:
            self._node = await self._look_up()
            LOG.info("agent of %s serves node %s", self._name, self._node.node_uuid)
            while True:
                await self._serve()
        except AgentStopped as reason:
            LOG.warning("agent of %s stops: %s", self._name, reason)
        except AgentDied:
            LOG.info("agent of %s dies, as its faults say", self._name)

    async def _look_up(self) -> Found:
        pause = self._timing.first_retry
        while True:
            answer = await self._api.lookup(self._macs)
            if isinstance(answer, Found) and answer.token != _MASKED_TOKEN:
                return answer
            LOG.debug("lookup of %s: %s", self._name, answer)
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._timing.longest_retry)

    async def _serve(self) -> None:
        """Send one heartbeat, do the plans that it leads to, and wait for the next."""
        answer = await self._heartbeat(None)
        while (plan := self._plan_in(answer)) is not None:
            if self._last and self._last.plan.uuid == plan.uuid:
                # The API has lost the outcome; the work itself is done once only.
                await asyncio.sleep(plan.report_seconds)
                answer = await self._heartbeat(self._last)
            else:
                answer = await self._carry_out(plan)
        await asyncio.sleep(self._idle_pause())

    def _idle_pause(self) -> float:
        """Seconds to the next heartbeat: few at first, for an agent still without a plan."""
        usual = self._node.heartbeat_timeout * self._timing.heartbeat_fraction
        if self._last is not None:
            return usual
        pause, self._pause = self._pause, self._pause * 2
        return min(pause, self._timing.longest_retry, usual)

    def _plan_in(self, answer: Accepted | Unknown) -> Plan | None:
        if not isinstance(answer, Accepted) or answer.plan is None:
            return None
        try:
            return read_plan(answer.plan)
        except MalformedPlan as error:
            LOG.warning("agent of %s ignores a plan: %s", self._name, error)
            return None

    async def _carry_out(self, plan: Plan) -> Accepted | Unknown:
        """Do the plan and report on it side by side; return what the API said last."""
        LOG.info("agent of %s begins %s plan %s", self._name, plan.kind, plan.uuid)
        progress = PlanProgress(plan)
        work = asyncio.create_task(self._ramdisk.carry_out(progress, self._faults))
        try:
            while not work.done():
                if isinstance(await self._heartbeat(progress, until=work), Unknown):
                    LOG.info("agent of %s drops plan %s: it is stale", self._name, plan.uuid)
                    await asyncio.sleep(self._timing.first_retry)
                    return await self._heartbeat(None)
                await asyncio.wait({work}, timeout=plan.report_seconds)
            work.result()
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        self._last = progress
        LOG.info("agent of %s ends plan %s: %s", self._name, plan.uuid, progress.status)
        return await self._heartbeat(progress)

    async def _heartbeat(
        self, progress: PlanProgress | None, until: "asyncio.Task[None] | None" = None
    ) -> Accepted | Unknown:
        """Send a heartbeat until the API has heard it, or the work ``until`` is done.

        :raises AgentStopped: the API refuses the token.
        :raises AgentDied: the fault ``disappears_after_heartbeat`` has struck.
        """
        pause = self._timing.first_retry
        while True:
            answer = await self._api.heartbeat(self._node.node_uuid, self._body(progress))
            if isinstance(answer, Refused):
                raise AgentStopped("the API refuses its token")
            if not isinstance(answer, Unavailable):
                self._count_heartbeat(answer)
                return answer
            LOG.debug("heartbeat of %s: %s", self._name, answer.reason)
            if until:
                await asyncio.wait({until}, timeout=pause)
                if until.done():
                    return Accepted(None)
            else:
                await asyncio.sleep(pause)
            pause = min(pause * 2, self._timing.longest_retry)

    def _body(self, progress: PlanProgress | None) -> dict[str, Any]:
        token = self._node.token
        body: dict[str, Any] = {
            "callback_url": self._callback_url,
            "agent_version": "10.0",
            "agent_token": f"wrong-{token}" if self._faults.wrong_token else token,
            "plan_protocol": 1,
        }
        if progress:
            body["progress"] = progress.report()
        return body

    def _count_heartbeat(self, answer: Accepted | Unknown) -> None:
        if isinstance(answer, Accepted):
            self._heartbeats += 1
            if self._heartbeats == self._faults.disappears_after_heartbeat:
                raise AgentDied
