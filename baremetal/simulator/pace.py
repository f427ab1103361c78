"""How fast simulated time passes; the one place where machines sleep."""

import asyncio
from collections.abc import Callable


class Pace:
    """Turns the seconds that a machine would take into real waiting.

    ``scale`` is real seconds per simulated second: 1.0 is real time, 0.01 a hundred times
    faster, 0 no waiting at all. Only what the machine itself takes is scaled (boot, write,
    erase, shutdown); the agent's protocol and the BMC's session timeouts are real time.
    """

    def __init__(self, scale: float = 1.0) -> None:
        if scale < 0:
            raise ValueError(f"time scale must be 0 or more, not {scale}")
        self.scale = scale

    async def wait(self, simulated_seconds: float) -> None:
        """Return once ``simulated_seconds`` have passed on the machine."""
        await asyncio.sleep(simulated_seconds * self.scale)

    def elapsed(self, simulated_seconds: float) -> Callable[[], float]:
        """Return a watch, started now, that reads which fraction of the time has passed."""
        now = asyncio.get_running_loop().time
        began, real_seconds = now(), simulated_seconds * self.scale

        def fraction() -> float:
            return min(1.0, (now() - began) / real_seconds) if real_seconds else 1.0

        return fraction
