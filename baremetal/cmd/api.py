"""``baremetal-api``: the API as a service of several processes."""

from baremetal.cmd import backend

# isort: split

import os
import shlex
import sys
import tempfile
from collections.abc import Sequence

from oslo_config import cfg

from baremetal.cmd.configure import service_configuration
from baremetal.cmd.wsgi import ARGUMENTS, METERS_DIR
from baremetal.conf import api as options
from baremetal.domain.errors import BaremetalError

#: How long a process may take to answer what it has begun when it is told to stop, seconds.
_STOP_SECONDS = 10


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; SIGHUP replaces the processes by new ones with new configuration."""
    conf = service_configuration("baremetal-api", argv)
    os.environ[ARGUMENTS] = shlex.join(sys.argv[1:] if argv is None else argv)
    try:
        with tempfile.TemporaryDirectory(prefix="baremetal-api-") as meters:
            os.environ[METERS_DIR] = meters if conf.api.workers > 1 else ""
            if backend.NAME == "eventlet":
                return _serve_green(conf)
            _serve(conf)
    except (BaremetalError, OSError) as error:
        print(f"baremetal-api: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(conf: cfg.ConfigOpts) -> None:
    from granian.constants import Interfaces  # noqa: PLC0415 - not on the other back end
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    Server(
        "baremetal.cmd.wsgi:application",
        address=conf.api.host,
        port=conf.api.port,
        interface=Interfaces.WSGI,
        workers=conf.api.workers,
        blocking_threads=options.threads(conf),
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        websockets=False,
    ).serve()


def _serve_green(conf: cfg.ConfigOpts) -> int:
    from oslo_service import service  # noqa: PLC0415

    from baremetal.cmd.green_api import GreenApi  # noqa: PLC0415 - needs eventlet

    launcher = service.launch(conf, GreenApi(conf), workers=conf.api.workers)
    return int(launcher.wait() or 0)


if __name__ == "__main__":
    sys.exit(main())
