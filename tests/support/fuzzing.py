"""What tests of nonsense have in common: how much of it, and a judge of each answer."""

import http.client
import os
from collections import Counter
from collections.abc import Callable, Mapping

from hypothesis import HealthCheck, Phase, settings

from tests.support.plane import PlaneProcess

_ASKED = os.environ.get("BAREMETAL_FUZZ_REQUESTS")


def requests_in_all(usual: int) -> int:
    """How many requests a module may send, `usual` unless somebody asked for more."""
    return int(_ASKED or usual)


def some(requests: int) -> settings:
    """So many examples: the same each time, or others each time where more were asked for."""
    return settings(
        max_examples=max(1, requests),
        deadline=None,
        database=None,
        derandomize=_ASKED is None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate] if _ASKED else [Phase.generate, Phase.shrink],
    )


class Target:
    """An API of a plane, and a count of what it was asked."""

    def __init__(self, plane: PlaneProcess, prefix: str, fault: Callable[[bytes], str]) -> None:
        """Ask beneath `prefix`, where a refusal's sentence is what `fault` finds."""
        self.plane = plane
        self.sent = 0
        self.answers: Counter[int] = Counter()
        self._prefix = prefix
        self._fault = fault
        self._connection = http.client.HTTPConnection("127.0.0.1", plane.port, timeout=15)

    def request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str | bytes]
    ) -> tuple[int, bytes]:
        """Status and body of one request on a connection that is kept."""
        try:
            self._connection.request(method, f"{self._prefix}{path}", body, headers)
            answer = self._connection.getresponse()
            status, content = answer.status, answer.read()
        except BaseException:
            self._connection.close()
            raise
        self.judge(status, content, f"{method} {path} {body!r:.2000} {headers}")
        return status, content

    def hang_up(self) -> None:
        """Close the connection; the next request opens another one."""
        self._connection.close()

    def judge(self, status: int, body: bytes, what: str) -> None:
        """Count a request; it must not have failed, and a refusal must say why."""
        self.sent += 1
        self.answers[status] += 1
        assert status < 500, f"{status} for {what}\n{body[:1000]!r}\n{self.plane.log(25)}"
        if status >= 400:
            assert self._fault(body), what

    def told(self) -> str:
        """What was asked and answered so far."""
        return f"{self.sent} requests: {dict(sorted(self.answers.items()))}"
