"""What the API has at hand, wired once per process."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from oslo_config import cfg

from baremetal.api.policies import RULES
from baremetal.api.transfers import Transfers
from baremetal.auth.identity import Identity
from baremetal.auth.policy import policy_of
from baremetal.clock import Clock
from baremetal.db.conductors import ConductorStore
from baremetal.db.counts import Counts
from baremetal.db.database import Database
from baremetal.db.events import EventLog
from baremetal.db.image_members import ImageMembers
from baremetal.db.images import ImageStore
from baremetal.db.nodes import NodeStore
from baremetal.db.operations import OperationStore
from baremetal.db.share_access import AccessStore
from baremetal.db.share_backends import BackendStore
from baremetal.db.share_messages import MessageStore
from baremetal.db.share_quotas import QuotaStore
from baremetal.db.share_snapshots import SnapshotStore
from baremetal.db.share_types import TypeStore
from baremetal.db.shares import ShareStore
from baremetal.db.vault import Vault
from baremetal.domain.share import LIMITED, RESOURCES, UNLIMITED
from baremetal.engine.members import Members
from baremetal.engine.submit import Submitter
from baremetal.images.downloads import Downloads
from baremetal.images.importer import Importer
from baremetal.images.keeper import Keeper
from baremetal.images.shelves import Shelves
from baremetal.images.tickets import Tickets
from baremetal.rpc.conductor import ConductorClient
from baremetal.scheduler.share_placement import ShareScheduler


class Authenticator(Protocol):
    """Says who is asking."""

    challenge: str

    def identify(self, environ: Mapping[str, Any], /) -> Identity:
        """The caller behind the headers of a request's WSGI environment."""
        ...


class Services:
    """The rooms below, as controllers use them."""

    def __init__(  # noqa: PLR0913, PLR0917 - wiring
        self,
        conf: cfg.ConfigOpts,
        db: Database,
        vault: Vault,
        conductor: ConductorClient,
        auth: Authenticator | None,
        clock: Clock,
        ring_data: Callable[[], object] = lambda: None,
    ) -> None:
        """Wire them. `ring_data` wakes a data service; without it, one looks each second."""
        self.conf = conf
        self.db = db
        self.vault = vault
        self.clock = clock
        self.auth = auth
        #: What callers may do; None: who comes in may do everything.
        self.policy = policy_of(conf, RULES)
        self.conductor = conductor
        self.nodes = NodeStore(db, vault)
        self.operations = OperationStore(db)
        self.events = EventLog(db)
        self.counts = Counts(db)
        self.members = Members(ConductorStore(db), clock)
        conductor.find_host = self.members.host_in
        self.submitter = Submitter(db, self.operations, conductor.ring, clock)
        self.images = ImageStore(db)
        self.image_members = ImageMembers(db)
        self.keeper = Keeper(db, Shelves(conf), clock)
        self.importer = Importer(db, vault, clock, Downloads(conf), ring_data)
        self.tickets = Tickets(conf, vault, clock)
        self.shares = ShareStore(db)
        self.share_types = TypeStore(db)
        self.share_access = AccessStore(db)
        self.share_snapshots = SnapshotStore(db)
        self.share_backends = BackendStore(db)
        self.share_messages = MessageStore(db)
        quotas = {name: conf.shares[f"quota_{name}"] for name in LIMITED}
        self.share_quotas = QuotaStore(db, {**dict.fromkeys(RESOURCES, UNLIMITED), **quotas})
        self.share_scheduler = ShareScheduler(db, clock)
        #: Wakes a share service; where nobody is told, one looks each second.
        self.ring_shares: Callable[[str], object] = lambda _service: None
        #: Set when the process ends, so that streams end.
        self.stopping = threading.Event()
        self.max_limit: int = conf.api.max_limit
        self.max_body: int = conf.api.max_body_kib * 1024
        self.streams = threading.BoundedSemaphore(conf.api.max_streams or 1)
        self.transfers = Transfers(conf.api.max_transfers)
        self.public_url: str = (conf.api.public_url or "").rstrip("/")
