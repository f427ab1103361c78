"""The one seam through which other programs are run: by a list of words, never by a shell."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from baremetal.domain.errors import BaremetalError, InvalidInput, Unavailable

#: How much of what a program says is repeated to people.
_SHOWN: Final = 400
#: How long a killed program may take to go; one that hangs in the kernel is left behind.
_GONE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """Its complaint, for people: the last line, where there is any."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return lines[-1][-_SHOWN:] if lines else f"it ended with status {self.status}"


class CommandFailed(BaremetalError):
    """A program ended with a status other than 0."""

    def __init__(self, words: Sequence[str], said: Said) -> None:
        super().__init__(f"`{_shown(words)}` failed: {said.reason}")
        self.said = said


def ask(
    words: Sequence[str],
    *,
    package: str = "",
    seconds: float = 60.0,
    given: str | None = None,
    files: tuple[int, ...] = (),
) -> Said:
    """Run a program to its end, for at most so many `seconds`, whatever its status.

    `given` is its input, where secrets belong; `files` are descriptors that it inherits;
    `package` is where Debian has it. It speaks English, whatever our locale.

    :raises InvalidInput: it is not installed.
    :raises Unavailable: it did not come to an end, and was killed.
    """
    program = shutil.which(words[0])
    if program is None:
        where = f"; Debian has it in {package}" if package else ""
        raise InvalidInput(f"{words[0]} is not installed{where}.")
    process = subprocess.Popen(  # noqa: S603 - no shell
        [program, *words[1:]],
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "LC_ALL": "C"},
        pass_fds=files,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(given, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(
            f"`{_shown(words)}` did not come to an end in {seconds:g} s and was killed."
        ) from error
    finally:
        _end(process)
    return Said(process.returncode, out, err)


def run(
    words: Sequence[str], *, package: str = "", seconds: float = 60.0, given: str | None = None
) -> str:
    """What a program says that does what it is asked.

    :raises CommandFailed: it does not.
    :raises InvalidInput: it is not installed.
    :raises Unavailable: it did not come to an end, and was killed.
    """
    said = ask(words, package=package, seconds=seconds, given=given)
    if said.status:
        raise CommandFailed(words, said)
    return said.out


def _end(process: "subprocess.Popen[str]") -> None:
    if process.returncode is None:
        # With all that it has started itself.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GONE_SECONDS)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _shown(words: Sequence[str]) -> str:
    return " ".join(words)[:_SHOWN]
