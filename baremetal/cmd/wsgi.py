"""The API as a WSGI application, for ``baremetal-api`` and for any other server.

It is ``baremetal.cmd.wsgi:application``. ``BAREMETAL_ARGUMENTS`` is its command line, such as
``--config-file /etc/baremetal/baremetal.conf``; without it, oslo.config looks for its files. Where
a server runs several processes of it, ``BAREMETAL_METERS`` names an empty directory of theirs, and
``/metrics`` tells what they counted together.
"""

from baremetal.cmd import backend  # noqa: F401 - must come first

# isort: split

import logging
import os
import shlex
import sys
from pathlib import Path

from oslo_config import cfg

from baremetal.api.app import Application
from baremetal.api.services import Services
from baremetal.cmd.configure import service_configuration
from baremetal.cmd.gate import authenticator
from baremetal.cmd.state import StateDir
from baremetal.db.clock import SharedClock
from baremetal.db.database import Database
from baremetal.db.schema import check_current
from baremetal.db.vault import Vault
from baremetal.domain.errors import Unavailable
from baremetal.health.front import Front, Probes
from baremetal.health.siblings import Siblings
from baremetal.meters import METERS
from baremetal.rpc.conductor import ConductorClient
from baremetal.rpc.data import DataClient
from baremetal.rpc.shares import SharesClient
from baremetal.rpc.transport import make_transport

LOG = logging.getLogger(__name__)

ARGUMENTS = "BAREMETAL_ARGUMENTS"
METERS_DIR = "BAREMETAL_METERS"
#: See `baremetal.cmd.all_in_one`.
_SWITCH_SECONDS = 0.001


def make_application(conf: cfg.ConfigOpts) -> Front:
    """The API of one process.

    :raises Unavailable: the key file is missing or unreadable.
    """
    state = StateDir(Path(conf.state_dir))
    db = Database(conf.database.connection or state.database_url, conf.database.pool_size)
    try:
        check_current(db)
    except Unavailable as error:
        # Either comes right while we run; until then 503 is answered.
        LOG.warning("%s", error.message)
    vault = Vault.open(state.keys, make=False)
    transport = make_transport(conf)
    client = ConductorClient(transport, cap=conf.upgrade_levels.conductor, brokered=True)
    ring_data = DataClient(transport, brokered=True).ring
    auth = authenticator(conf, state)
    clock = SharedClock(db)
    probes = Probes(conf, db, clock, metrics=conf.api.metrics, siblings=_siblings())
    services = Services(conf, db, vault, client, auth, clock, ring_data)
    services.ring_shares = SharesClient(transport, brokered=True).ring
    return Front(Application(services), probes, clock)


def _siblings() -> Siblings | None:
    directory = os.environ.get(METERS_DIR)
    if not directory:
        return None
    siblings = Siblings(Path(directory), METERS)
    siblings.start()
    return siblings


def _application() -> Front:
    argv = shlex.split(os.environ.get(ARGUMENTS, ""))
    sys.setswitchinterval(_SWITCH_SECONDS)
    return make_application(service_configuration("baremetal-api", argv))


def __getattr__(name: str) -> Front:
    """Make the application when a server asks for it, not when somebody looks at the module."""
    if name != "application":
        raise AttributeError(name)
    made = globals()[name] = _application()
    return made
