import io
import re

from baremetal.cli.progress import open_progress


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def _lines(out: io.StringIO) -> list[str]:
    return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in out.getvalue().splitlines()]


def test_lines_are_few() -> None:
    out = io.StringIO()
    with open_progress(out, quiet=False) as progress:
        progress.show("n", "cleaning: erase", 0)
        for percent in range(1, 100):
            progress.tick()
            progress.show("n", f"cleaning: erase {percent} %, {percent} of 100", percent)
        progress.show("n", "available", 99, ended=True)
    assert _lines(out) == [
        "n: cleaning: erase",
        "n: cleaning: erase 20 %, 20 of 100",
        "n: cleaning: erase 40 %, 40 of 100",
        "n: cleaning: erase 60 %, 60 of 100",
        "n: cleaning: erase 80 %, 80 of 100",
        "n: available",
    ]


def test_a_terminal_gets_bars() -> None:
    out = Terminal()
    with open_progress(out, quiet=False) as progress:
        progress.show("n1", "cleaning: erase [/dev/sda]", 50)
        progress.show("n2", "cleaning", None)
        progress.tick()
        progress.show("n1", "available", 50, ended=True)
        progress.show("n2", "clean failed", None, ended=True, ok=False)
    shown = out.getvalue()
    assert "erase [/dev/sda]" in shown
    assert "done: available" in shown
    assert "FAILED: clean failed" in shown


def test_quiet_is_silent() -> None:
    out = Terminal()
    with open_progress(out, quiet=True) as progress:
        progress.show("n", "cleaning", 1)
        progress.tick()
    assert out.getvalue() == ""
