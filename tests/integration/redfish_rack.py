"""Simulated machines behind a Redfish service, for synchronous tests."""

import asyncio
import ssl
from collections.abc import Coroutine
from dataclasses import replace

from baremetal.domain.node import Node
from baremetal.simulator.bmc.handshake import Account
from baremetal.simulator.faults import NO_BMC_FAULTS, BmcFaults
from baremetal.simulator.machine import Machine
from baremetal.simulator.redfish.service import RedfishService
from devstack.ports import free_port
from tests.integration.ipmi_rack import NO_API, Rack

USER, PASSWORD = "operator", "correct horse"


class RedfishRack(Rack):
    """The same machines as `Rack` has, behind one service besides; powered by two ways."""

    def __init__(
        self,
        count: int = 1,
        faults: BmcFaults = NO_BMC_FAULTS,
        tls: ssl.SSLContext | None = None,
        api: str = NO_API,
    ) -> None:
        super().__init__(count, faults, "127.0.0.1", api)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{free_port()}"
        self._tls = tls
        self.service = self._new_service()
        self._listen()

    def restart_service(self) -> None:
        """Let it forget all sessions."""
        self._do(self.service.stop())
        self.service = self._new_service()
        self._listen()

    def _new_service(self) -> RedfishService:
        account = Account(USER.encode(), PASSWORD.encode())
        return RedfishService(self.fleet.machines, account, self._loop.time)

    def _listen(self) -> None:
        self._do(self.service.start("127.0.0.1", int(self.url.rpartition(":")[2]), self._tls))

    def machine(self, number: int = 0) -> Machine:
        """One of them, to look behind the wire."""
        return self.fleet.machines[self.machines[number].name]

    def node(self, plain: Node, number: int = 0, **info: object) -> Node:
        """`plain`, enrolled by what leads to one of them."""
        given = {
            "redfish_address": self.url,
            "redfish_system_id": f"/redfish/v1/Systems/{self.machines[number].name}",
            "redfish_username": USER,
            "redfish_password": PASSWORD,
            **info,
        }
        return replace(plain, driver="redfish", driver_info=given)

    def stop(self) -> None:
        """End it all."""
        self._do(self.service.stop())
        super().stop()

    def _do(self, work: Coroutine[object, object, object]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)
