"""The doorbell: a lone ring goes out at once, those of a storm go out together, none is lost."""

import threading
from collections.abc import Collection

from baremetal.rpc.doorbell import Door, Doorbell


class _Street:
    """Notes which doors were rung, and how many times anybody went out to ring."""

    def __init__(self) -> None:
        self.rung: set[Door] = set()
        self.walks = 0
        self._more = threading.Condition()

    def send(self, doors: Collection[Door]) -> bool:
        with self._more:
            self.walks += 1
            self.rung |= set(doors)
            self._more.notify_all()
        return True

    def hears(self, doors: int) -> bool:
        with self._more:
            return self._more.wait_for(lambda: len(self.rung) >= doors, 30)


def test_a_lone_ring_goes_out() -> None:
    street = _Street()
    Doorbell(street.send).ring("rack-1", "ipmi", 7)
    assert street.hears(1)
    assert street.rung == {("rack-1", "ipmi", 7)}


def test_in_a_storm_rings_go_out_together_and_none_is_lost() -> None:
    street = _Street()
    bell = Doorbell(street.send)
    pace = threading.Event()
    for slot in range(200):
        bell.ring("rack-1", "ipmi", slot)
        pace.wait(0.001)
    assert street.hears(200)
    assert street.walks < 100
