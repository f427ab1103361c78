"""`baremetal up` whose conductor dies, by SIGKILL, at a write that its environment names.

``BAREMETAL_TEST_DEATH`` is ``KIND:AT:WHEN``: the AT-th commit of an operation of that kind,
``before`` or ``after`` it. Nothing of this is in the product.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.cmd.main import main
from baremetal.db.operations import OperationStore
from tests.faults.mortal import BEFORE

DEATH = "BAREMETAL_TEST_DEATH"


def _mortal(write: Callable[..., None], death: str) -> Callable[..., None]:
    kind, at, when = death.split(":")

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def writing(store: OperationStore, operation: Any, *args: Any) -> None:
        with _LOCK:
            if operation.kind == kind:
                _COUNT.append(operation.uuid)
            due = operation.kind == kind and len(_COUNT) == int(at)
        if due and when == BEFORE:
            die()
        write(store, operation, *args)
        if due:
            die()

    return writing


_LOCK = threading.Lock()
_COUNT: list[str] = []

if __name__ == "__main__":
    if DEATH in os.environ:
        for name in ("checkpoint", "suspend", "finish"):
            write = getattr(OperationStore, name)
            setattr(OperationStore, name, _mortal(write, os.environ[DEATH]))
    sys.exit(main())
