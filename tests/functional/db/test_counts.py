"""What metrics tell of the plane is the same on each database, and the same as its summary."""

from pathlib import Path

from baremetal.db.counts import Counts
from baremetal.db.database import Database
from baremetal.health.metrics import Metrics
from tests.support.clock import ManualClock
from tests.support.house import House


def test_open_operations_are_counted_with_the_age_of_the_oldest(
    database: Database, tmp_path: Path
) -> None:
    clock = ManualClock()
    house = House(database, tmp_path, clock)
    for name in ("a", "b"):
        house.enrol(name)
        house.provision(name, "manage")
        clock.pass_time(30)
    text = Metrics(database, clock).text().decode()
    assert 'baremetal_operations{kind="verify",state="queued"} 2.0' in text
    assert 'baremetal_operations_oldest_seconds{state="queued"} 60.0' in text
    assert 'baremetal_nodes{provision_state="verifying"} 2.0' in text
    assert [row[:4] for row in Counts(database).open_operations()] == [
        ("verify", "queued", None, 2)
    ]
    assert house.asked("GET", "summary")["operations"]["queued"] == 2
