import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from baremetal.drivers.bmc.bus import IpmiBus


@pytest.mark.slow
def test_whoever_rings_while_another_is_heard_is_heard_too() -> None:
    bus = IpmiBus()
    exchange = bus._open()

    def post_and_wait(_number: int) -> bool:
        done = threading.Event()
        exchange.post(lambda _now: done.set())
        return done.wait(5.0)

    try:
        with ThreadPoolExecutor(8) as threads:
            heard = list(threads.map(post_and_wait, range(8000)))
    finally:
        bus.close()
    assert all(heard)
