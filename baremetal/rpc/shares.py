"""The share service's contract: the doorbell."""

from collections.abc import Callable
from typing import Any

from baremetal.rpc.doorbell import Doorbell
from baremetal.rpc.transport import Client

VERSION = "1.0"
TOPIC = "baremetal-share"


class SharesClient:
    """What the API tells share services."""

    def __init__(self, transport: Any, *, brokered: bool = False) -> None:
        """Speak over `transport`; where messages are `brokered`, nobody waits for a ring."""
        self._client = Client(transport, TOPIC)
        door = Doorbell(lambda doors: all(self._ring(service) for service, *_ in doors))
        #: There is work in the queue of a service. Nothing is lost if nobody hears.
        self.ring: Callable[[str], object] = door.ring if brokered else self._ring

    def _ring(self, service: str) -> bool:
        return self._client.tell(service, "ring")
