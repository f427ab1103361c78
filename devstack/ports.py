"""Free ports on the loopback device."""

import random
import socket

#: Below what the kernel gives to outgoing connections, so that a restart finds its port free.
_RANGE = range(20000, 32000)


def free_port(wanted: int = 0) -> int:
    """`wanted` if it is free, else another one that is."""
    candidates = [wanted] if wanted else []
    while True:
        port = candidates.pop() if candidates else random.choice(_RANGE)  # noqa: S311 - no secret
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
