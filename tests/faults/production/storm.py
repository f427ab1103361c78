"""Many lives at once: from enrolment to active and back, by clients who do not give up."""

import json
import os
import random
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

from tests.support.asking import Plane

#: Whatever is chosen by chance follows from it.
SEED = int(os.environ.get("BAREMETAL_SEED", "7"))
#: A verb, and the state that it leads to.
LIFE = (
    ("manage", "manageable"),
    ("provide", "available"),
    ("active", "active"),
    ("deleted", "available"),
)
#: Against a test that hangs; a loaded machine is slow.
_PATIENCE = 180.0
_PATIENCE_PER_LIFE = 0.5
_LOOK_SECONDS = 0.1
_AGAIN = 0.3


class GivenUpError(AssertionError):
    """A life did not go on."""


@dataclass(frozen=True)
class Reply:
    """What the API answered; status 0 where nobody did."""

    status: int
    body: Any
    retry_after: str | None = None


class Caller:
    """Asks a plane, and counts how often each status was answered."""

    def __init__(self, plane: Plane) -> None:
        self._url = f"{plane.url}/v1/"
        self._headers = {
            "Content-Type": "application/json",
            "X-OpenStack-Ironic-API-Version": "1.90",
        }
        if plane.credentials is not None:
            user = b64encode(":".join(plane.credentials).encode()).decode()
            self._headers["Authorization"] = f"Basic {user}"
        self.statuses: Counter[int] = Counter()
        self.replies: list[Reply] = []
        self._lock = threading.Lock()

    def ask(self, method: str, path: str, body: Any = None) -> Reply:
        """One answer, whatever it is."""
        raw = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, raw, self._headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                reply = Reply(answer.status, json.loads(text) if text else None)
        except urllib.error.HTTPError as error:
            reply = Reply(error.code, error.read().decode(), error.headers.get("Retry-After"))
        except (OSError, ValueError):
            reply = Reply(0, None)
        with self._lock:
            self.statuses[reply.status] += 1
            if reply.status in (0, 500, 503):
                self.replies.append(reply)
        return reply

    def insist(self, method: str, path: str, body: Any = None) -> Any:
        """The body of a good answer, asked for again while there is none to be had."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            reply = self.ask(method, path, body)
            if 200 <= reply.status < 300:
                return reply.body
            if reply.status not in (0, 503):
                raise GivenUpError(f"{method} {path}: {reply}")
            time.sleep(_AGAIN)
        raise GivenUpError(f"{method} {path}: no answer in {_PATIENCE} s")

    def node(self, ident: str) -> dict[str, Any]:
        """A node, as the API shows it."""
        found: dict[str, Any] = self.insist("GET", f"nodes/{ident}")
        return found

    def want(self, node: str, verb: str, goal: str) -> None:
        """Ask for a verb until it is taken; an answer that is lost does not matter."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            reply = self.ask("PUT", f"nodes/{node}/states/provision", {"target": verb})
            if 200 <= reply.status < 300:
                return
            found = self.node(node)
            if found["operation"] or found["provision_state"] == goal:
                return
            time.sleep(_AGAIN)
        raise GivenUpError(f"node {node}: nobody takes '{verb}'")

    def reach(self, node: str, goal: str) -> dict[str, Any]:
        """The node once it has come to a state and nothing holds it."""
        deadline = time.monotonic() + _PATIENCE
        found: dict[str, Any] = {}
        while time.monotonic() < deadline:
            found = self.node(node)
            if not found["operation"]:
                if found["provision_state"] == goal:
                    return found
                raise GivenUpError(
                    f"node {node} ended in {found['provision_state']}: {found['last_error']}"
                )
            time.sleep(_LOOK_SECONDS)
        raise GivenUpError(f"node {node} never came to {goal}: {found}")

    def enrol(self, body: dict[str, Any]) -> str:
        """The uuid of a new node; who asks names it, so that it is made once."""
        uuid = str(uuid4())
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            reply = self.ask("POST", "nodes", {**body, "uuid": uuid})
            if reply.status in (201, 409):
                return uuid
            if reply.status not in (0, 503):
                raise GivenUpError(f"POST nodes: {reply}")
            time.sleep(_AGAIN)
        raise GivenUpError("POST nodes: no answer")

    def live(self, legs: Sequence[tuple[str, str]] = LIFE, **fields: Any) -> str:
        """One whole life of a new node; its uuid."""
        uuid = self.enrol({"driver": "fake-hardware", **fields})
        for verb, goal in legs:
            self.want(uuid, verb, goal)
            self.reach(uuid, goal)
        return uuid


class Storm:
    """Lives without end, `at_once` at a time, until the ``with`` ends; then all are awaited.

    Unless we `keep` them, nodes are deleted when they have lived.
    """

    def __init__(self, plane: Plane, at_once: int = 16, *, keep: bool = True) -> None:
        self.caller = Caller(plane)
        self.lived: list[str] = []
        self._calm = threading.Event()
        self._pool = ThreadPoolExecutor(at_once)
        self._at_once = at_once
        self._keep = keep
        self._turns: list[Future[None]] = []

    def __enter__(self) -> Self:
        self._turns = [self._pool.submit(self._blow, turn) for turn in range(self._at_once)]
        return self

    def __exit__(self, *_: object) -> None:
        self._calm.set()
        for turn in self._turns:
            turn.result()
        self._pool.shutdown()

    def wait_for(self, more: int) -> None:
        """Return when so many more lives have been lived."""
        patience = max(_PATIENCE, more * _PATIENCE_PER_LIFE)
        goal, deadline = len(self.lived) + more, time.monotonic() + patience
        while len(self.lived) < goal:
            for turn in self._turns:
                if turn.done():
                    turn.result()
            assert time.monotonic() < deadline, f"{len(self.lived)} lives of {goal}"
            time.sleep(_LOOK_SECONDS)

    def _blow(self, turn: int) -> None:
        time.sleep(random.Random(SEED + turn).random())
        while not self._calm.is_set():
            node = self.caller.live()
            if not self._keep:
                self.caller.insist("DELETE", f"nodes/{node}")
            self.lived.append(node)


def at_once(work: Callable[[Any], Any], items: Iterable[Any], threads: int = 16) -> list[Any]:
    """What `work` makes of each, several at a time."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def check_nothing_is_left(caller: Caller) -> None:
    """No node is locked or in between, and no operation has failed or still is open."""
    nodes = caller.insist("GET", "nodes/detail?limit=1000")["nodes"]
    for node in nodes:
        assert node["reservation"] is None, node
        assert node["target_provision_state"] is None, node
        assert node["last_error"] is None, node
    for state in ("queued", "running", "waiting", "failed"):
        found = caller.insist("GET", f"operations?state={state}")["operations"]
        assert found == [], found
