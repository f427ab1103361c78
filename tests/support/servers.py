"""Fixtures: real servers that hold bytes. A conftest that wants them imports them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.nginx import NginxServer, NginxUnavailableError

__all__ = ["nginx"]


@pytest.fixture(scope="session")
def nginx(server_home: Path) -> Iterator[NginxServer]:
    """A web server with WebDAV."""
    home = server_home / "nginx"
    home.mkdir()
    try:
        server = NginxServer(home)
        server.start()
    except NginxUnavailableError as reason:
        pytest.fail(str(reason), pytrace=False)
    yield server
    server.stop()
