"""The service: routes, who may use them, and the sockets that it listens on."""

import ssl
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from baremetal.simulator.bmc.chassis import Chassis
from baremetal.simulator.bmc.handshake import Account
from baremetal.simulator.redfish import enclosures, managers, systems
from baremetal.simulator.redfish.resources import (
    CHASSIS,
    MANAGERS,
    OK,
    ROOT,
    SESSION_SERVICE,
    SESSIONS,
    SYSTEMS,
    Refusal,
    Resource,
    body_of,
    collection,
    link,
    not_found,
    resource,
)
from baremetal.simulator.redfish.sessions import IDLE_SECONDS, Sessions

_Show = Callable[[str, Chassis], Resource]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_OF_ONE: dict[str, _Show] = {
    f"{SYSTEMS}/{{name}}": systems.system,
    f"{SYSTEMS}/{{name}}/EthernetInterfaces": systems.interfaces,
    f"{SYSTEMS}/{{name}}/EthernetInterfaces/NIC1": systems.interface,
    f"{MANAGERS}/{{name}}": managers.manager,
    f"{MANAGERS}/{{name}}/VirtualMedia": managers.drives,
    f"{MANAGERS}/{{name}}/VirtualMedia/Cd": managers.drive,
    f"{CHASSIS}/{{name}}": enclosures.enclosure,
    f"{CHASSIS}/{{name}}/Thermal": enclosures.thermal,
    f"{CHASSIS}/{{name}}/Power": enclosures.power,
}
_OF_ALL = {SYSTEMS: "ComputerSystem", MANAGERS: "Manager", CHASSIS: "Chassis"}
_OPEN_TO_ALL = {("GET", "/redfish"), ("GET", ROOT), ("POST", SESSIONS)}


class RedfishService:
    """Chassis by the name that they have in it, for whoever knows the account."""

    def __init__(
        self, chassis: Mapping[str, Chassis], account: Account, now: Callable[[], float]
    ) -> None:
        self._chassis = chassis
        self._sessions = Sessions(account, now)
        self._runner: web.AppRunner | None = None

    async def start(self, address: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Listen; by HTTPS where a context is given.

        :raises OSError: the address is not local, or the port is taken.
        """
        app = web.Application(middlewares=[self._guard])
        app.add_routes(self._routes())
        # Whoever listens says when it ends; no signals are caught here.
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, address, port, ssl_context=tls).start()

    async def stop(self) -> None:
        """Close all connections."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _routes(self) -> list[web.RouteDef]:
        one = "{name}"
        return [
            web.get("/redfish", self._versions),
            web.get(ROOT, self._root),
            web.get(f"{ROOT}/", self._root),
            web.get(SESSION_SERVICE, self._session_service),
            web.get(SESSIONS, self._list_sessions),
            web.post(SESSIONS, self._open_session),
            web.get(f"{SESSIONS}/{one}", self._show_session),
            web.delete(f"{SESSIONS}/{one}", self._close_session),
            *(web.get(path, self._all_of(path, kind)) for path, kind in _OF_ALL.items()),
            *(web.get(path, self._one_of(show)) for path, show in _OF_ONE.items()),
            web.patch(f"{SYSTEMS}/{one}", self._change),
            web.post(f"{SYSTEMS}/{one}/Actions/ComputerSystem.Reset", self._reset),
            web.post(f"{_DRIVE}/Actions/VirtualMedia.InsertMedia", self._insert),
            web.post(f"{_DRIVE}/Actions/VirtualMedia.EjectMedia", self._eject),
        ]

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        try:
            if (request.method, request.path.rstrip("/")) not in _OPEN_TO_ALL:
                self._sessions.check(request.headers)
            return await handler(request)
        except Refusal as refusal:
            return refusal.response()
        except web.HTTPNotFound:
            return not_found(f"resource {request.path}").response()
        except web.HTTPMethodNotAllowed as error:
            message = f"{error.method} cannot be done with it."
            return Refusal(405, "OperationNotAllowed", message).response()

    def _all_of(self, path: str, kind: str) -> _Handler:
        async def handler(_request: web.Request) -> web.Response:
            return web.json_response(collection(path, kind, self._chassis))

        return handler

    def _one_of(self, show: _Show) -> _Handler:
        async def handler(request: web.Request) -> web.Response:
            return web.json_response(show(request.match_info["name"], self._named(request)))

        return handler

    def _named(self, request: web.Request) -> Chassis:
        name = request.match_info["name"]
        if name not in self._chassis:
            raise not_found(f"machine {name:.80}")
        return self._chassis[name]

    async def _versions(self, _request: web.Request) -> web.Response:
        return web.json_response({"v1": f"{ROOT}/"})

    async def _root(self, _request: web.Request) -> web.Response:
        fields = {
            "Id": "RootService",
            "RedfishVersion": "1.8.0",
            "Systems": link(SYSTEMS),
            "Managers": link(MANAGERS),
            "Chassis": link(CHASSIS),
            "SessionService": link(SESSION_SERVICE),
            "Links": {"Sessions": link(SESSIONS)},
        }
        return web.json_response(resource(ROOT, "ServiceRoot.v1_6_0", "Root service", fields))

    async def _session_service(self, _request: web.Request) -> web.Response:
        fields = {
            "ServiceEnabled": True,
            "SessionTimeout": int(IDLE_SECONDS),
            "Sessions": link(SESSIONS),
            "Status": OK,
        }
        return web.json_response(
            resource(SESSION_SERVICE, "SessionService.v1_1_6", "Sessions", fields)
        )

    async def _list_sessions(self, _request: web.Request) -> web.Response:
        return web.json_response(self._sessions.list())

    async def _open_session(self, request: web.Request) -> web.Response:
        opened = self._sessions.open(await body_of(request))
        headers = {"X-Auth-Token": opened.token, "Location": opened.resource["@odata.id"]}
        return web.json_response(opened.resource, status=201, headers=headers)

    async def _show_session(self, request: web.Request) -> web.Response:
        return web.json_response(self._sessions.show(request.match_info["name"]))

    async def _close_session(self, request: web.Request) -> web.Response:
        self._sessions.close(request.match_info["name"])
        return web.Response(status=204)

    async def _change(self, request: web.Request) -> web.Response:
        chassis = self._named(request)
        systems.change(chassis, await body_of(request))
        return web.json_response(systems.system(request.match_info["name"], chassis))

    async def _reset(self, request: web.Request) -> web.Response:
        systems.reset(self._named(request), await body_of(request))
        return web.Response(status=204)

    async def _insert(self, request: web.Request) -> web.Response:
        await managers.insert(self._named(request), await body_of(request))
        return web.Response(status=204)

    async def _eject(self, request: web.Request) -> web.Response:
        await managers.eject(self._named(request))
        return web.Response(status=204)


_DRIVE = f"{MANAGERS}/{{name}}/VirtualMedia/Cd"
