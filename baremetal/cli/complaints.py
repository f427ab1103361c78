"""What went wrong, as told to a person: what, with what, and what to do next.

Exit codes: 1 the work failed or was refused, 2 wrong usage, 3 the service was not reached
or did not accept who asked.
"""

from dataclasses import dataclass

from baremetal.client import errors

WORK_FAILED, WRONG_USAGE, NO_SERVICE = 1, 2, 3

EXIT_CODES = """\
exit codes:
  0  done
  1  the work failed or was refused (with --wait also: ended badly, or not in time)
  2  wrong usage
  3  the service was not reached, or did not accept the credentials"""

_HOW_TO_IDENTIFY = (
    "export OS_CLIENT_CONFIG_FILE=DIR/clouds.yaml OS_CLOUD=baremetal (`baremetal up` writes the"
    " file), or give --os-cloud"
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error's sentence, advice, and exit code."""

    what: str
    advice: str = ""
    exit_code: int = WORK_FAILED

    def __str__(self) -> str:
        return f"{self.what}\n  next: {self.advice}" if self.advice else self.what


class CommandError(Exception):
    """An error that the command line found itself."""

    exit_code = WORK_FAILED

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.advice = advice


class UsageError(CommandError):
    """The arguments make no sense together, or a file of them does not."""

    exit_code = WRONG_USAGE


def complaint_about(error: CommandError | errors.ClientError) -> Complaint:
    """What to tell about an error."""
    if isinstance(error, CommandError):
        return Complaint(str(error), error.advice, error.exit_code)
    for kind, advice, exit_code in _TABLE:
        if isinstance(error, kind):
            return Complaint(str(error), advice, exit_code)
    return Complaint(str(error))


def is_hopeless(error: errors.ClientError) -> bool:
    """Whether every further request would fail in the same way."""
    return complaint_about(error).exit_code == NO_SERVICE


_TABLE: tuple[tuple[type[errors.ClientError], str, int], ...] = (
    (
        errors.Unreachable,
        "is the service up, and the address right? `baremetal up --state-dir DIR` starts one here",
        NO_SERVICE,
    ),
    (errors.NotConfigured, _HOW_TO_IDENTIFY, NO_SERVICE),
    (errors.Unauthorized, _HOW_TO_IDENTIFY, NO_SERVICE),
    (errors.WrongBytes, "try again; if it comes so each time, the store has lost the data", 1),
    (
        errors.NotFound,
        "`baremetal node list` (or port, operation, ... list) shows what there is",
        1,
    ),
    (errors.NotAcceptable, "that service is too old for this command", 1),
    (errors.Conflict, "`baremetal node why NODE` tells what holds it", 1),
    (errors.Busy, "try again in a while; `baremetal conductor list` shows who is alive", 1),
    (
        errors.MachineFailed,
        "`baremetal node show NODE --fields driver_info` is how it was tried",
        1,
    ),
    (errors.ServerFault, "the service's log tells more; try again with --debug", 1),
)
