"""``baremetal-share``: a share service, which owns the shares of its backends."""

from baremetal.cmd import backend  # noqa: F401 - must come first

# isort: split

import sys
from collections.abc import Sequence

from baremetal.cmd.conductor import run
from baremetal.shares.service import ShareService


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; SIGHUP begins anew with new configuration."""
    return run("baremetal-share", ShareService, argv)


if __name__ == "__main__":
    sys.exit(main())
