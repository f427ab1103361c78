"""The whole plane in one process: API, conductor, data and share service, SQLite, and a bus."""

import logging
import sys
import threading
from typing import Any

from cheroot import wsgi
from oslo_config import cfg

from baremetal.api.app import Application
from baremetal.api.services import Services
from baremetal.cmd import backend
from baremetal.cmd.gate import authenticator
from baremetal.cmd.state import StateDir
from baremetal.conductor.service import Conductor
from baremetal.conf import api as options
from baremetal.data.service import DataService
from baremetal.db.clock import SharedClock
from baremetal.db.database import Database
from baremetal.db.schema import ensure_current
from baremetal.db.vault import Vault
from baremetal.health.front import Front, Probes
from baremetal.rpc.conductor import ConductorClient
from baremetal.rpc.data import DataClient
from baremetal.rpc.shares import SharesClient
from baremetal.rpc.transport import make_transport
from baremetal.shares.service import ShareService

LOG = logging.getLogger(__name__)

#: Threads hand the interpreter on after this long, seconds. The default of 5 ms makes
#: a short request wait behind each of several busy threads.
_SWITCH_SECONDS = 0.001
_SHUTDOWN_SECONDS = 10
_GREEN_LOOK_SECONDS = 0.02

IN_PROCESS = "inproc://"


class AllInOne:
    """Builds the plane from its configuration, and runs it."""

    def __init__(self, conf: cfg.ConfigOpts, state: StateDir) -> None:
        """Open the database (making or checking its schema) and wire all rooms."""
        self.db = Database(conf.database.connection or state.database_url, conf.database.pool_size)
        ensure_current(self.db)
        clock = SharedClock(self.db)
        vault = Vault.open(state.keys)
        transport = make_transport(conf, IN_PROCESS)
        auth = authenticator(conf, state)
        self.conductor = Conductor(conf, self.db, vault, transport, clock)
        self.data = DataService(conf, self.db, vault, transport, clock)
        self.shares = ShareService(conf, self.db, vault, transport, clock)
        client, ring_data = ConductorClient(transport), DataClient(transport).ring
        self.services = Services(conf, self.db, vault, client, auth, clock, ring_data)
        self.services.ring_shares = SharesClient(transport).ring
        probes = Probes(conf, self.db, clock, metrics=conf.api.metrics)
        front = Front(Application(self.services), probes, clock)
        self._server = make_server(conf, front)
        self._transport = transport

    def start(self) -> str:
        """Begin to work and to listen; the URL of the API."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        self.conductor.start()
        self.data.start()
        self.shares.start()
        self._server.prepare()
        threading.Thread(target=self._server.serve, name="http", daemon=True).start()
        host, port = self._server.bind_addr[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}"

    def stop(self, grace: float | None = None) -> bool:
        """Stop listening, let running steps end, close the database.

        False if some steps did not end within `grace` seconds: the process must not wait for them.
        """
        self.services.stopping.set()
        self._server.stop()
        ended = self.data.stop(grace)
        ended = self.shares.stop(grace) and ended
        ended = self.conductor.stop(grace) and ended
        self._transport.cleanup()
        self.db.close()
        return ended


def make_server(conf: cfg.ConfigOpts, application: Any) -> wsgi.Server:
    """The HTTP server of a process that also does other things."""
    threads = options.threads(conf)
    server = wsgi.Server(
        (conf.api.host, conf.api.port),
        application,
        numthreads=threads,
        max=threads,
        request_queue_size=512,
        shutdown_timeout=_SHUTDOWN_SECONDS,
        server_name="baremetal",
    )
    server.max_request_header_size = 64 * 1024
    if backend.NAME == "eventlet":
        # A green selector sees a connection that comes back only when it looks anew.
        server.expiration_interval = _GREEN_LOOK_SECONDS
    return server
