"""Progress of several things at once, on stderr: live bars on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_LINE_AT_EACH = 20  # percent


class Progress(Protocol):
    """Where to tell how it goes."""

    def show(
        self, name: str, what: str, percent: float | None, *, ended: bool = False, ok: bool = True
    ) -> None:
        """Tell what `name` is about now."""

    def tick(self) -> None:
        """Nothing new, but time has passed."""


@contextmanager
def open_progress(stderr: TextIO, *, quiet: bool) -> Iterator[Progress]:
    """A display that fits the stream."""
    if quiet:
        yield Silence()
    elif stderr.isatty():
        with _bars(stderr) as bars:
            yield Bars(bars)
    else:
        yield Lines(stderr)


class Silence:
    """Shows nothing."""

    def show(
        self, name: str, what: str, percent: float | None, *, ended: bool = False, ok: bool = True
    ) -> None:
        """Nothing."""

    def tick(self) -> None:
        """Nothing."""


class Lines:
    """A line for each new step, and for each fifth of the way."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._said: dict[str, tuple[str, int]] = {}

    def show(
        self, name: str, what: str, percent: float | None, *, ended: bool = False, ok: bool = True
    ) -> None:
        # The part before a figure or comma is what matters; the rest changes all the time.
        gist = what.split(",", maxsplit=1)[0].rstrip("0123456789 %")
        now = (gist, int(percent or 0) // _LINE_AT_EACH)
        if self._said.get(name) != now or ended:
            self._said[name] = now
            self._out.write(f"{time.strftime('%H:%M:%S')} {name}: {what}\n")
            self._out.flush()

    def tick(self) -> None:
        """A line does not change by itself."""


class Bars:
    """A bar for each."""

    def __init__(self, bars: "RichProgress") -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def show(
        self, name: str, what: str, percent: float | None, *, ended: bool = False, ok: bool = True
    ) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=None, what="")
        mark = "" if not ended else "done: " if ok else "FAILED: "
        done: dict[str, Any] = {"total": 100, "completed": percent} if percent else {"total": None}
        if ended:
            done = {"total": 100, "completed": 100 if ok else percent or 0}
        self._bars.update(self._tasks[name], what=mark + what, **done)
        if ended:
            self._bars.stop_task(self._tasks[name])

    def tick(self) -> None:
        self._bars.refresh()


def _bars(stderr: TextIO) -> "RichProgress":
    # Imported here, because only a terminal needs it.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.table import Column  # noqa: PLC0415

    what = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        # Messages come from machines; what they put into brackets is no markup.
        TextColumn("{task.fields[what]}", markup=False, table_column=what),
        console=Console(file=stderr),
        expand=True,
    )
