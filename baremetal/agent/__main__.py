"""What the ramdisk's init runs: ``python3 -m baremetal.agent``."""

import sys
import time
from pathlib import Path

from baremetal.agent.api import Api
from baremetal.agent.hardware import Hardware
from baremetal.agent.life import Life
from baremetal.agent.steps import Steps

_ADDRESS = Path("/run/address")


def _say(text: str) -> None:
    print(f"agent {time.monotonic():.2f} {text}", flush=True)  # noqa: T201 - the console is its log


def boot_mac(arguments: dict[str, str]) -> str | None:
    """The card that the machine has booted by, in lower case with colons."""
    given = arguments.get("BOOTIF", "").lower().removeprefix("01-")
    return given.replace("-", ":") or None


def kernel_arguments(line: str) -> dict[str, str]:
    """Those with a value, by name; the last one counts."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def main() -> int:
    """Serve the API that the kernel's command line names, until it has no use for us."""
    arguments = kernel_arguments(Path("/proc/cmdline").read_text())
    url = arguments.get("ipa-api-url")
    if not url:
        _say("ipa-api-url is not on the kernel's command line: nobody to ask")
        return 1
    address = _ADDRESS.read_text().strip() if _ADDRESS.exists() else "0.0.0.0"  # noqa: S104
    steps = Steps(Hardware(), boot_mac(arguments))
    Life(Api(url), steps, address, _say).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
