"""The data service's contract: the doorbell."""

from collections.abc import Callable
from typing import Any

from baremetal.rpc.doorbell import Doorbell
from baremetal.rpc.transport import Client

VERSION = "1.0"
TOPIC = "baremetal-data"


class DataClient:
    """What the API tells data services."""

    def __init__(self, transport: Any, *, brokered: bool = False) -> None:
        """Speak over `transport`; where messages are `brokered`, nobody waits for a ring."""
        self._client = Client(transport, TOPIC)
        door = Doorbell(lambda _: self._ring())
        #: There is work for any of them. Nothing is lost if nobody hears.
        self.ring: Callable[[], object] = (lambda: door.ring("")) if brokered else self._ring

    def _ring(self) -> bool:
        return self._client.tell(None, "ring")
