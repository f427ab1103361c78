"""Promise 6: clocks that jump, and a database that is slow. Degraded, never corrupted."""

from pathlib import Path
from typing import Any

import pytest

from devstack.stack import Stack
from tests.faults.production.slow_way import SlowWay
from tests.faults.production.storm import Caller, Storm, check_nothing_is_left
from tests.support.asking import wait_until

pytestmark = pytest.mark.slow

#: Each way; a statement takes twice that, a transaction of five some ten times.
_LATENCY_SECONDS = 0.03


@pytest.mark.parametrize("jump", [3600, -3600])
def test_the_clock_of_one_host_jumps_by_an_hour(
    plane: Stack, caller: Caller, tmp_path: Path, jump: int
) -> None:
    file = tmp_path / "wrong_by"
    file.write_text("0")
    everybody = {one.name for one in plane.conductors}
    plane.conductors[1].stop()
    at_work = plane.conductors[1].log(10_000).count("is at work")
    module = "tests.support.jumping_conductor"
    plane.start_conductor(1, module=module, environment={"BAREMETAL_TEST_CLOCK": str(file)})
    try:
        # The API may believe for two seconds what it knew before; a new process says itself.
        wait_until(lambda: plane.conductors[1].log(10_000).count("is at work") > at_work, 60)
        with Storm(plane) as storm:
            storm.wait_for(10)
            file.write_text(str(jump))
            storm.wait_for(40)
            # Who hears the bells first takes what there is; each is to have had some.
            while {one["owner"] for one in _done(caller, storm)} != everybody:
                storm.wait_for(5)
    finally:
        plane.conductors[1].stop()
    check_nothing_is_left(caller)
    repeated = [one for one in _done(caller, storm) if one["attempts"] > 1]
    # Its clock is not asked: nobody takes work for lost, or holds his own for ever.
    assert not repeated, repeated[0]


def _done(caller: Caller, storm: Storm) -> list[dict[str, Any]]:
    """The operations of a storm that are over."""
    lived = set(storm.lived)
    query = "operations?limit=1000&sort_key=created_at&sort_dir=desc"
    found = caller.insist("GET", query)["operations"]
    return [one for one in found if one["node_uuid"] in lived and one["finished_at"]]


def test_a_slow_database_makes_all_slower_and_no_more(plane: Stack, caller: Caller) -> None:
    text = plane.config.read_text()
    plane.stop_services()
    with SlowWay(plane.postgres.port, _LATENCY_SECONDS) as way:
        plane.config.write_text(text.replace(f":{plane.postgres.port}/", f":{way.port}/"))
        try:
            plane.start_services()
            with Storm(plane) as storm:
                storm.wait_for(16)
            check_nothing_is_left(caller)
        finally:
            plane.config.write_text(text)
            plane.stop_services()
            plane.start_services()
