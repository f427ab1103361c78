"""Free ports on the loopback device."""

import random
import socket
from contextlib import ExitStack

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


def free_udp_ports(count: int, host: str = "127.0.0.1") -> int:
    """The first of `count` UDP ports in a row that nobody uses, somewhere at random."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        first = random.choice(_RANGE)  # noqa: S311 - no secret
        with ExitStack() as probes:
            try:
                for port in range(first, first + count):
                    probe = probes.enter_context(socket.socket(family, socket.SOCK_DGRAM))
                    probe.bind((host, port))
            except OSError:
                continue
        return first


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
