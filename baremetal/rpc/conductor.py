"""The conductor's contract: the doorbell, and questions that must reach hardware now."""

from collections.abc import Callable, Collection
from typing import Any

from baremetal.rpc.doorbell import Door, Doorbell
from baremetal.rpc.transport import TOPIC, Client

#: 1.0: first release. 1.1: `load`.
VERSION = "1.1"

#: How long a question to hardware may take, seconds; a BMC may need several tries.
ASK_SECONDS = 60.0
#: How long one to the conductor itself may take, seconds.
_LOAD_SECONDS = 5.0


class ConductorClient:
    """What the API asks of conductors."""

    def __init__(self, transport: Any, *, cap: str | None = None, brokered: bool = False) -> None:
        """Speak over `transport`, in no newer version than `cap`.

        Where the messages are `brokered`, nobody waits for a ring to go out.
        """
        self._client = Client(transport, TOPIC, cap)
        #: There is work for a conductor group: for those who have a driver and a slot of its
        #: ring, or for any. Nothing is lost if nobody hears.
        self.ring: Callable[..., object] = (
            Doorbell(self._ring_all).ring if brokered else self._ring_any
        )
        #: Who that is; None where nobody is alive.
        self.find_host: Callable[[str, str | None, int | None], str | None] = lambda *_: None

    def _ring_all(self, doors: Collection[Door]) -> bool:
        hosts = {(self.find_host(*door), door[0]) for door in doors}
        rung = [self._client.tell(host, "ring", group=group) for host, group in hosts if host]
        return all(rung)

    def _ring_any(self, group: str, _driver: str | None = None, _slot: int | None = None) -> bool:
        return self._client.tell(None, "ring", group=group)

    def load(self, host: str) -> dict[str, Any]:
        """``{"running": operations whose steps run now, "workers": how many could}``."""
        found: dict[str, Any] = self._client.ask(host, "load", _LOAD_SECONDS, since="1.1")
        return found

    def validate(self, host: str, node: str) -> dict[str, Any]:
        """``{interface: {"result": bool, "reason": str}}`` of a node."""
        verdict: dict[str, Any] = self._ask(host, "validate", node)
        return verdict

    def supported_boot_devices(self, host: str, node: str) -> list[str]:
        """The boot devices that the node's driver knows."""
        devices: list[str] = self._ask(host, "supported_boot_devices", node)
        return devices

    def get_boot_device(self, host: str, node: str) -> dict[str, Any]:
        """``{"boot_device", "persistent"}`` as the machine says now."""
        found: dict[str, Any] = self._ask(host, "get_boot_device", node)
        return found

    def set_boot_device(self, host: str, node: str, device: str, persistent: bool) -> None:  # noqa: FBT001 - a wire contract
        """Change what the machine boots from."""
        self._ask(host, "set_boot_device", node, device=device, persistent=persistent)

    def get_sensors(self, host: str, node: str) -> dict[str, Any]:
        """Sensor readings as the machine says now."""
        readings: dict[str, Any] = self._ask(host, "get_sensors", node)
        return readings

    def inject_nmi(self, host: str, node: str) -> None:
        """Send the machine a non-maskable interrupt."""
        self._ask(host, "inject_nmi", node)

    def _ask(self, host: str, method: str, node: str, **arguments: Any) -> Any:
        return self._client.ask(host, method, ASK_SECONDS, node=node, **arguments)
