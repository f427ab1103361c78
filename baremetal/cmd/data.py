"""``baremetal-data``: a data service, which moves bytes between stores."""

from baremetal.cmd import backend  # noqa: F401 - must come first

# isort: split

import sys
from collections.abc import Sequence

from baremetal.cmd.conductor import run
from baremetal.data.service import DataService


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; SIGHUP begins anew with new configuration."""
    return run("baremetal-data", DataService, argv)


if __name__ == "__main__":
    sys.exit(main())
