"""Simulated machines from end to end: IPMI on one side, agents over HTTP on the other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from baremetal.simulator.bmc.chassis import PowerAction
from baremetal.simulator.machine import Running
from tests.integration.simulated_rack import (
    described,
    needs_ipmitool,
    running,
    told,
    until,
)


class StandInApi:
    """Stands in for the API: knows nodes by MAC, hands out plans, keeps what it hears."""

    def __init__(self) -> None:
        self.plans: dict[str, Any] = {}
        self.tokens: dict[str, str] = {}
        self.reports: list[dict[str, Any]] = []
        self.versions: set[str] = set()
        self.fail_next = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_get("/baremetal/v1/lookup", self.lookup)
        app.router.add_post("/baremetal/v1/heartbeat/{uuid}", self.heartbeat)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/baremetal"
        finally:
            await runner.cleanup()

    async def lookup(self, request: web.Request) -> web.Response:
        self.versions.add(request.headers["X-OpenStack-Ironic-API-Version"])
        mac = request.query["addresses"].split(",")[0]
        if mac not in self.plans:
            return web.json_response({"error_message": '{"faultstring": "no"}'}, status=404)
        self.tokens[mac] = f"token-{len(self.tokens)}"
        config = {"heartbeat_timeout": 1, "agent_token": self.tokens[mac]}
        return web.json_response({"node": {"uuid": mac}, "config": config})

    async def heartbeat(self, request: web.Request) -> web.Response:
        if self.fail_next:
            self.fail_next -= 1
            return web.Response(status=503, text="not now")
        mac, body = request.match_info["uuid"], await request.json()
        if body["agent_token"] != self.tokens[mac]:
            return web.json_response({"error_message": "{}"}, status=401)
        if "progress" in body:
            self.reports.append(body["progress"])
            return web.json_response({"plan": None}, status=202)
        return web.json_response({"plan": self.plans[mac]}, status=202)


@needs_ipmitool
def test_a_machine_netboots_over_ipmi_and_deploys_over_http() -> None:
    plan = {
        "uuid": "plan-1",
        "kind": "deploy",
        "steps": [
            {"name": "inventory", "args": {}},
            {"name": "write_image", "args": {"image_source": "http://i/a", "image_size_mb": 800}},
        ],
        "report_seconds": 0.02,
    }

    async def scenario() -> None:
        (machine,) = described()
        api = StandInApi()
        async with api.serving() as url, running([machine], url, 0.05) as fleet:
            simulated = fleet.machines["sim-0"]
            await told(machine, "chassis", "bootdev", "pxe")
            await told(machine, "power", "on")
            await asyncio.sleep(0.3)
            assert not api.tokens, "no node waits for it yet"
            api.plans[machine.macs[0]] = plan
            await until(lambda: api.reports)
            api.fail_next = 3
            await until(lambda: api.reports[-1]["status"] == "succeeded")
            await told(machine, "power", "cycle")
            await until(lambda: simulated.running is Running.OPERATING_SYSTEM)
            content = simulated.disks[0].content
            assert content is not None
            assert content.image_source == "http://i/a"
        assert api.versions == {"1.62"}
        assert api.reports[-1]["percent"] == 100
        assert api.reports[-1]["results"]["inventory"]["bmc_address"] == "127.0.0.1"
        assert {r["step"] for r in api.reports} >= {"write_image"}

    asyncio.run(scenario())


def test_a_fleet_of_agents_shares_one_http_session() -> None:
    async def scenario() -> None:
        machines = described(40)
        api = StandInApi()
        plan = {"uuid": "p", "kind": "clean", "steps": [{"name": "inventory"}]}
        api.plans = {m.macs[0]: {**plan, "uuid": m.name} for m in machines}
        async with api.serving() as url, running(machines, url) as fleet:
            for machine in fleet.machines.values():
                machine.boot_options.set(5, bytes((0x80, 0x04, 0, 0, 0)))
                machine.control(PowerAction.ON)
            await until(lambda: sum(r["status"] == "succeeded" for r in api.reports) == 40)
            assert {r["plan"] for r in api.reports} == {m.name for m in machines}

    asyncio.run(scenario())
