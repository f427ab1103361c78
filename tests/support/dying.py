"""Processes that die in the middle: each thing that reaches out may be the last one."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jeepney.io import blocking

#: What a driver changes the world by.
_WAYS: tuple[tuple[Any, str], ...] = (
    (subprocess, "Popen"),
    (shutil, "rmtree"),
    (Path, "rename"),
    (Path, "unlink"),
    (blocking.DBusConnection, "send_and_get_reply"),
)


class Died(BaseException):
    """Stands for SIGKILL: nothing is cleaned up that a dead process would not."""


@contextmanager
def dying_at(number: int) -> Iterator[Callable[[], int]]:
    """Die instead of doing the `number`-th thing; what is given says how many were done."""
    done = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def way(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            if done == number:
                raise Died
            done += 1
            return real(*arguments, **named)

        return way

    with pytest.MonkeyPatch.context() as patch:
        for place, name in _WAYS:
            patch.setattr(place, name, counted(getattr(place, name)))
        yield lambda: done


def die_everywhere(action: Callable[[], object]) -> int:
    """Begin `action` anew after each place where it can die, until it comes to its end.

    How many places there were.
    """
    for number in range(100):
        try:
            with dying_at(number):
                action()
        except Died:
            continue
        return number
    raise AssertionError("it never comes to its end")
