"""`kill -9` of the real process at each operation on a share: when it is back, it goes on."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.faults.mortal_process import MortalPlane
from tests.support.asking import asked, wait_until

pytestmark = pytest.mark.slow

_VERSION = {"X-OpenStack-Manila-API-Version": "2.62"}
_RULE = {"access_type": "ip", "access_to": "192.0.2.0/24", "access_level": "rw"}


class Shares:
    """One share of a plane, and what its user does."""

    def __init__(self, plane: MortalPlane) -> None:
        self._plane = plane
        self.share = self.snapshot = self.rule = ""

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer; None where the plane dies of it, or says that there is no such thing."""
        url = f"{self._plane.root_url}/share/v2/{path}"
        with suppress(requests.ConnectionError):
            answer = requests.request(method, url, json=body, headers=_VERSION, timeout=30)
            assert answer.status_code < 300 or answer.status_code == 404, answer.text
            return answer.json() if answer.ok and answer.content else None
        return None

    def find(self, kind: str) -> dict[str, Any] | None:
        """The one that there is."""
        found: list[dict[str, Any]] = self.ask("GET", f"{kind}/detail")[kind]
        return found[0] if found else None

    def rules(self) -> list[dict[str, Any]]:
        """Who may come in."""
        query = f"share-access-rules?share_id={self.share}"
        found: list[dict[str, Any]] = self.ask("GET", query)["access_list"]
        return found

    def act(self, word: str, **arguments: Any) -> None:
        """Do something to it."""
        self.ask("POST", f"shares/{self.share}/action", {word: arguments})

    # -- each with what is true when it is done --------------------------------

    def create(self) -> None:
        self.ask("POST", "shares", {"share": {"share_proto": "NFS", "size": 1}})

    def is_created(self) -> bool:
        found = self.find("shares")
        self.share = found["id"] if found else ""
        return bool(found and found["status"] == "available" and found["progress"] == "100%")

    def allow(self) -> None:
        self.act("allow_access", **_RULE)

    def is_allowed(self) -> bool:
        self.rule = self.rules()[0]["id"]
        return bool(self.rules()[0]["state"] == "active")

    def extend(self) -> None:
        self.act("extend", new_size=2)

    def is_extended(self) -> bool:
        found = self.find("shares")
        return found is not None and (found["status"], found["size"]) == ("available", 2)

    def take(self) -> None:
        self.ask("POST", "snapshots", {"snapshot": {"share_id": self.share}})

    def is_taken(self) -> bool:
        found = self.find("snapshots")
        self.snapshot = found["id"] if found else ""
        return found is not None and found["status"] == "available"

    def revert(self) -> None:
        self.act("revert", snapshot_id=self.snapshot)

    def is_reverted(self) -> bool:
        found = self.find("shares")
        return found is not None and found["status"] == "available"

    def deny(self) -> None:
        self.act("deny_access", access_id=self.rule)

    def is_denied(self) -> bool:
        return not self.rules()

    def forget(self) -> None:
        self.ask("DELETE", f"snapshots/{self.snapshot}")

    def is_forgotten(self) -> bool:
        return self.find("snapshots") is None

    def delete(self) -> None:
        self.ask("DELETE", f"shares/{self.share}")

    def is_deleted(self) -> bool:
        return self.find("shares") is None


#: What is done, the kind of operation that it takes, and at which of its commits the process dies:
#: when the storage was not asked yet, half-way, and when only the outcome is not written.
DEATHS = (
    ("create", "created", "share_create:2:after"),
    ("allow", "allowed", "share_access:2:before"),
    ("extend", "extended", "share_extend:2:before"),
    ("take", "taken", "share_snapshot:1:after"),
    ("revert", "reverted", "share_revert:2:after"),
    ("deny", "denied", "share_access:1:after"),
    ("forget", "forgotten", "share_snapshot_delete:2:before"),
    ("delete", "deleted", "share_delete:2:after"),
)


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    made = tmp_path / "pool"
    made.mkdir()
    return made


@pytest.fixture
def plane(tmp_path: Path, pool: Path) -> Iterator[MortalPlane]:
    backend = f"storage = directory\npath = {pool}\nexport = fake\n"
    options = f"[shares]\nenabled_backends = here\n[share_backend:here]\n{backend}"
    made = MortalPlane(tmp_path / "state", options=options)
    yield made
    if made.running:
        made.stop()


def test_each_operation_killed_goes_on(plane: MortalPlane, pool: Path) -> None:
    """Each life in which one operation is brought to its end is cut off in the next."""
    user = Shares(plane)
    deaths = [death for _, _, death in DEATHS]
    plane.live_again(deaths[0])
    for (word, end, death), following in zip(DEATHS, [*deaths[1:], None], strict=True):
        getattr(user, word)()
        plane.wait_for_death()
        plane.live_again(following)
        wait_until(getattr(user, f"is_{end}"))
        kind = death.partition(":")[0]
        (operation,) = asked(plane, "GET", f"operations?kind={kind}")["operations"][-1:]
        assert (operation["state"], operation["attempts"]) == ("succeeded", 2), operation
    left = {path.relative_to(pool).as_posix() for path in pool.rglob("*")}
    assert left <= {"shares", "snapshots", ".aside"}
    (found,) = user.ask("GET", "scheduler-stats/pools/detail")["pools"]
    assert found["capabilities"]["allocated_capacity_gb"] == 0
