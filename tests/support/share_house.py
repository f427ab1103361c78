"""The API and a share service without a thread of their own, turned by hand."""

import json
from pathlib import Path
from typing import Any

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.queue import Place
from baremetal.domain.share import queue_of
from baremetal.engine.runner import Runner
from baremetal.rpc.transport import make_transport
from baremetal.shares.flows import FLOWS
from baremetal.shares.service import ShareService
from tests.support.house import HOST, LEASE_SECONDS, House, Reply

_VERSION = "HTTP_X_OPENSTACK_MANILA_API_VERSION"


class ShareHouse(House):
    """A house with a share service, whose one backend is `fake`."""

    def __init__(self, db: Database, directory: Path, auth: Any = None) -> None:
        super().__init__(db, directory, Clock(), auth=auth)
        transport = make_transport(self.conf, "inproc://")
        self.shares = ShareService(self.conf, db, self.vault, transport, self.clock)
        self.shares._ensure_type()
        self.shares._reports.report()

    def ask(self, method: str, path: str, body: Any = None, version: str = "2.62") -> Reply:
        """The answer to one request for `path` below ``/share/v2/``."""
        raw = b"" if body is None else json.dumps(body).encode()
        status, answer = self._ask(method, f"/share/v2/{path}", raw, {_VERSION: version})
        return Reply(status, json.loads(answer) if answer else None)

    def good(self, method: str, path: str, body: Any = None, version: str = "2.62") -> Any:
        """The body of an answer that must be a good one."""
        reply = self.ask(method, path, body, version)
        assert reply.status < 300, reply
        return reply.body

    def share(self, **wanted: Any) -> dict[str, Any]:
        """A share that is there."""
        body = {"share": {"share_proto": "NFS", "size": 1, **wanted}}
        made = self.good("POST", "shares", body)["share"]
        self.work_on_shares()
        found: dict[str, Any] = self.good("GET", f"shares/{made['id']}")["share"]
        assert found["status"] == "available"
        return found

    def act(self, share: str, word: str, **arguments: Any) -> Reply:
        """Do something to a share, and let it happen."""
        reply = self.ask("POST", f"shares/{share}/action", {word: arguments})
        self.work_on_shares()
        return reply

    def work_on_shares(self) -> None:
        """Do all that is queued for the share service."""
        runner = Runner(self.store, FLOWS, self.shares._open_task, self.clock, hold_seconds=0)
        place = Place(queue_of(HOST))
        while True:
            now, until = self.clock.now(), self.clock.after(LEASE_SECONDS)
            claimed = self.store.claim(HOST, place, 100, {}, now, until)
            if not claimed:
                return
            for operation in claimed:
                runner.run(operation)
