"""Requests to a plane's API, for tests that are no fixed sequence."""

import time
from collections.abc import Callable
from typing import Any

import requests

from tests.support.plane import PlaneProcess

_VERSION = "X-OpenStack-Ironic-API-Version"


class Api:
    """The API of one plane; paths begin below its root, as in ``/v1/nodes``."""

    def __init__(self, plane: PlaneProcess) -> None:
        self._plane = plane
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = plane.credentials

    def ask(
        self, method: str, path: str, body: Any = None, version: str = "1.90"
    ) -> tuple[int, Any]:
        """(status, document) of one request."""
        answer = self._session.request(
            method, self._plane.url + path, json=body, headers={_VERSION: version}, timeout=30
        )
        return answer.status_code, answer.json() if answer.content else None

    def get(self, path: str, version: str = "1.90") -> Any:
        """The document at a path, which must be there."""
        status, document = self.ask("GET", path, version=version)
        assert status == 200, (path, status, document)
        return document

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request that must succeed."""
        status, document = self.ask(method, path, body)
        assert status < 300, (method, path, status, document)
        return document

    def settled(self, node: str, seconds: float = 20.0) -> Any:
        """The node, as soon as no operation holds it."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.get(f"/v1/nodes/{node}")
            if found["operation"] is None:
                return found
            assert time.monotonic() < deadline, found["operation"]
            time.sleep(0.02)

    def until(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        """Return as soon as the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not in {seconds} s"
            time.sleep(0.02)

    def available(self, name: str, **values: Any) -> Any:
        """A new node with the fake driver, brought to available."""
        self.do("POST", "/v1/nodes", {"driver": "fake-hardware", "name": name, **values})
        for verb in ("manage", "provide"):
            self.do("PUT", f"/v1/nodes/{name}/states/provision", {"target": verb})
            self.settled(name)
        found = self.get(f"/v1/nodes/{name}")
        assert found["provision_state"] == "available", found
        return found
