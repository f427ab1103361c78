"""The ``baremetal`` command."""

import sys

from baremetal.cli.app import BaremetalApp


def main(argv: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    return int(BaremetalApp().run(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    sys.exit(main())
