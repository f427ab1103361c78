"""A conductor on a host whose clock is wrong by as many seconds as a file says."""

import os
import sys
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

from baremetal.cmd import backend  # noqa: F401 - must come first

# isort: split

from baremetal import clock
from baremetal.cmd import conductor
from baremetal.db import clock as shared

FILE = "BAREMETAL_TEST_CLOCK"

_right_time = time.time


def _wrong_by() -> float:
    return float(Path(os.environ[FILE]).read_text())


class WrongDatetime(datetime):
    """What the host believes the time to be."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(seconds=_wrong_by())


time.time = lambda: _right_time() + _wrong_by()
clock.Clock.now = staticmethod(lambda: WrongDatetime.now(UTC))
for module in (clock, shared):
    setattr(module, "datetime", WrongDatetime)  # noqa: B010 - it is no name to import from there

if __name__ == "__main__":
    sys.exit(conductor.main())
