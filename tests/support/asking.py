"""Plain requests to a plane's process, without any client of ours between."""

import json
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Protocol

_PATIENCE = 30.0


class Plane(Protocol):
    """Whatever answers: one process, or several."""

    @property
    def url(self) -> str:
        """The root of the API, without a slash at its end."""
        ...

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User name and password; None where authentication is off."""
        ...


def ask(plane: Plane, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """(status, body) of one request for `path` below ``/baremetal/v1/``."""
    headers = {"Content-Type": "application/json", "X-OpenStack-Ironic-API-Version": "1.90"}
    if plane.credentials is not None:
        headers["Authorization"] = (
            "Basic " + b64encode(":".join(plane.credentials).encode()).decode()
        )
    raw = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{plane.url}/v1/{path}", raw, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def asked(plane: Plane, method: str, path: str, body: Any = None) -> Any:
    """The body of an answer that must be a good one."""
    status, found = ask(plane, method, path, body)
    assert status < 300, (status, found)
    return found


def fault(body: Any) -> str:
    """The sentence of a refusal."""
    return str(json.loads(body["error_message"])["faultstring"])


def wait_until(true: Callable[[], Any], seconds: float = _PATIENCE) -> Any:
    """What `true` returns, once it is something."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def provision(plane: Plane, node: str, verb: str, **more: Any) -> dict[str, Any]:
    """The node after a verb, once nothing holds it any more."""
    asked(plane, "PUT", f"nodes/{node}/states/provision", {"target": verb, **more})
    return settled(plane, node)


def settled(plane: Plane, node: str) -> dict[str, Any]:
    """The node, once nothing holds it."""

    def free() -> dict[str, Any] | None:
        found: dict[str, Any] = asked(plane, "GET", f"nodes/{node}")
        return None if found["operation"] else found

    found: dict[str, Any] = wait_until(free)
    return found
