"""``baremetal up``: the whole plane in one process."""

import argparse
import ipaddress
import logging
import os
import signal
import sys
from pathlib import Path

from cliff.command import Command

from baremetal.cmd import DEFAULT_DIR


class Up(Command):
    """Run the whole control plane in this process, with its state in one directory.

    At its first start it makes an administrator and a clouds.yaml, and says where. It
    runs until it gets SIGTERM or SIGINT; killed at any moment, it goes on where it was.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The command's options."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        add = parser.add_argument
        add("--state-dir", default=DEFAULT_DIR, help="directory of all state (%(default)s)")
        add("--port", type=int, default=None, help="port to listen on (6385; 0 picks a free one)")
        add("--host", default=None, help="address to listen on (127.0.0.1)")
        add(
            "--auth",
            choices=("basic", "keystone", "none"),
            default=None,
            help="who may come in (basic)",
        )
        add(
            "--config-file",
            action="append",
            default=[],
            help="oslo.config file with further options; may be repeated",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Run until told to stop."""
        return run(parsed_args)


def run(args: argparse.Namespace) -> int:
    """Start, say so, and serve until a signal comes; the exit status."""
    # The service's libraries take a second to import; other commands do without them.
    from baremetal.cmd import backend  # noqa: PLC0415 - must come first
    from baremetal.cmd.all_in_one import AllInOne  # noqa: PLC0415
    from baremetal.cmd.configure import configured, users_of  # noqa: PLC0415
    from baremetal.cmd.state import StateDir  # noqa: PLC0415
    from baremetal.domain.errors import BaremetalError  # noqa: PLC0415

    state = StateDir(Path(args.state_dir).expanduser().resolve())
    conf = configured(args, state)
    if conf.api.auth == "none" and not _is_loopback(conf.api.host):
        print(
            f"baremetal up: --auth none is refused on {conf.api.host}, since anybody who reaches "
            "it could do anything. Use it on 127.0.0.1, or use --auth basic.",
            file=sys.stderr,
        )
        return 2
    stop = backend.Told()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop.tell)
    try:
        password = None
        if conf.api.auth == "basic":
            password = state.make_admin(users_of(conf, state))
        plane = AllInOne(conf, state)
        url = plane.start()
    except (BaremetalError, OSError) as error:
        print(f"baremetal up: {error}", file=sys.stderr)
        return 1
    with_clouds = conf.api.auth == "basic" or not state.clouds.exists()
    if conf.api.auth != "keystone" and with_clouds:
        state.write_cloud(f"{url}/baremetal", password)
    if password is not None:
        print(
            f"created user admin; its password is in {state.clouds} (mode 0600). To use it:\n"
            f"  export OS_CLIENT_CONFIG_FILE={state.clouds} OS_CLOUD=baremetal",
            flush=True,
        )
    print(f"ready {url}", flush=True)
    stop.wait()
    logging.getLogger(__name__).info("stopping")
    if not plane.stop(conf.conductor.grace):
        logging.shutdown()
        os._exit(0)
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
