"""``devstack/up`` and ``devstack/down``."""

import argparse
import sys
from pathlib import Path

from devstack.daemon import DaemonFailedError
from devstack.mariadb import MariaUnavailableError
from devstack.postgres import PostgresUnavailableError
from devstack.rabbitmq import RabbitUnavailableError
from devstack.stack import Stack

_HOME = Path(__file__).resolve().parents[1] / ".devstack"
_PORT = 6385
_FAILURES = (
    DaemonFailedError,
    MariaUnavailableError,
    PostgresUnavailableError,
    RabbitUnavailableError,
)


def _up(args: argparse.Namespace) -> int:
    home = args.home.resolve()
    if (home / "servers").exists():
        print(f"devstack/up: one is in {home} already; end it first: devstack/down")
        return 1
    stack = Stack(home, conductors=args.peers, data=True, shares=True, port=args.port)
    services = f"the API, {args.peers} conductors, a data and a share service"
    print(f"Starting PostgreSQL, RabbitMQ, {services}", flush=True)
    try:
        stack.start()
    except _FAILURES as error:
        print(f"devstack/up: {error}", file=sys.stderr)
        stack.remove()
        return 1
    print(f"credentials {stack.clouds}\n  export OS_CLIENT_CONFIG_FILE={stack.clouds}")
    print("  export OS_CLOUD=baremetal")
    print(f"ready {stack.root_url}")
    return 0


def _down(args: argparse.Namespace) -> int:
    home = args.home.resolve()
    if not (home / "servers").exists():
        print(f"There is none in {home}.")
        return 0
    peers = len(list(home.glob("conductor-*.pid")))
    Stack(home, conductors=peers, data=True, shares=True).remove()
    return 0


def main() -> int:
    """Run one of the two; its exit status."""
    parser = argparse.ArgumentParser("devstack", description="The production shape on one machine.")
    parser.add_argument("--home", type=Path, default=_HOME, help="its directory (%(default)s)")
    commands = parser.add_subparsers(required=True)
    up = commands.add_parser("up", help="bring it up")
    up.add_argument("--peers", type=int, default=2, help="number of conductors (%(default)s)")
    up.add_argument(
        "--port", type=int, default=_PORT, help="of the API (%(default)s; another if it is taken)"
    )
    up.set_defaults(run=_up)
    commands.add_parser("down", help="take it down without a trace").set_defaults(run=_down)
    args = parser.parse_args()
    status: int = args.run(args)
    return status


if __name__ == "__main__":
    sys.exit(main())
