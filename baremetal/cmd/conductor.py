"""``baremetal-conductor``: a conductor as a service."""

from baremetal.cmd import backend  # noqa: F401 - must come first

# isort: split

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from oslo_config import cfg
from oslo_service import service

from baremetal.cmd.configure import service_configuration
from baremetal.cmd.state import StateDir
from baremetal.conductor.service import Conductor
from baremetal.data.service import DataService
from baremetal.db.clock import SharedClock
from baremetal.db.database import Database
from baremetal.db.schema import check_current
from baremetal.db.vault import Vault
from baremetal.domain.errors import BaremetalError, Unavailable
from baremetal.rpc.transport import make_transport
from baremetal.shares.service import ShareService

LOG = logging.getLogger(__name__)

_AGAIN_SECONDS = 2.0
_MARGIN_SECONDS = 15


class ConductorService(service.ServiceBase):  # type: ignore[misc]
    """What oslo.service runs, in a process that it forks: nothing is opened before `start`."""

    def __init__(
        self, conf: cfg.ConfigOpts, make: type[Conductor | DataService | ShareService] = Conductor
    ) -> None:
        """Run with `conf`, as it is when the service starts, what `make` makes of it."""
        self._conf = conf
        self._make = make
        self._stopping = threading.Event()
        self._ended = threading.Event()
        #: Held while it starts, which may take seconds: who is told to stop meanwhile must know it.
        self._starting = threading.Lock()
        self._conductor: Conductor | DataService | ShareService | None = None
        self._db: Database | None = None

    def start(self) -> None:
        """Wait for the database, and take up work."""
        conf, state = self._conf, StateDir(Path(self._conf.state_dir))
        vault = Vault.open(state.keys, make=False)
        self._db = Database(conf.database.connection or state.database_url, conf.database.pool_size)
        clock = SharedClock(self._db)
        conductor = self._make(conf, self._db, vault, make_transport(conf), clock)
        while not self._stopping.is_set():
            try:
                self._begin(conductor, self._db)
            except Unavailable as error:
                LOG.warning("not yet: %s", error.message)
                self._stopping.wait(_AGAIN_SECONDS)
            else:
                LOG.info("%s %s is at work", self._make.__name__, conf.host)
                return

    def _begin(self, conductor: Conductor | DataService | ShareService, db: Database) -> None:
        check_current(db)
        with self._starting:
            if not self._stopping.is_set():
                conductor.start()
                self._conductor = conductor

    def stop(self) -> None:
        """Claim nothing more, and let go of what does not end within the grace time."""
        self._stopping.set()
        with self._starting:
            conductor, self._conductor = self._conductor, None
        ended = conductor is None or conductor.stop(self._conf.conductor.grace)
        if self._db is not None:
            self._db.close()
        if not ended:
            # Their threads would keep the process, which has given their work away.
            logging.shutdown()
            os._exit(0)
        self._ended.set()

    def wait(self) -> None:
        """Return when it has stopped."""
        self._ended.wait()

    def reset(self) -> None:
        """Be ready to start again; on the eventlet back end, after each SIGHUP."""
        self._stopping.clear()
        self._ended.clear()


def _stand_back(nice: int) -> None:
    """Let the API of this host run first; before the first thread, for threads inherit it."""
    os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))
    if os.getsid(0) == os.getpid():
        # Linux weighs sessions before processes; one that is not ours is left as it is.
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(nice))


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; SIGHUP begins anew with new configuration."""
    return run("baremetal-conductor", Conductor, argv)


def run(
    name: str, make: type[Conductor | DataService | ShareService], argv: Sequence[str] | None
) -> int:
    """The same for any service that carries out operations."""
    conf = service_configuration(name, argv)
    try:
        Vault.open(StateDir(Path(conf.state_dir)).keys, make=False)
    except (BaremetalError, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    _stand_back(conf.conductor.nice)
    # Ours ends first, having given back what it could not finish.
    launcher = service.ServiceLauncher(conf, restart_method="reload")
    conf.set_default("graceful_shutdown_timeout", conf.conductor.grace + _MARGIN_SECONDS)
    launcher.launch_service(ConductorService(conf, make))
    return int(launcher.wait() or 0)


if __name__ == "__main__":
    sys.exit(main())
