"""Clients of Redfish services: one for each, for as long as it does well."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Final

import sushy
from sushy import auth, exceptions
from sushy.resources.system.system import System

from baremetal.domain import autopsy
from baremetal.domain.errors import DriverError
from baremetal.drivers.redfish.access import AUTO, BASIC, SESSION, Access

#: So many are kept, the last used; each has a session on its service.
_KEPT: Final = 2048
_CONNECT_SECONDS: Final = 5.0
#: Services that are slow to answer take this long, not seldom.
_ANSWER_SECONDS: Final = 20.0
#: sushy repeats a GET that met trouble on the service's side, after so many seconds.
_REPEATS, _REPEAT_SECONDS = 1, 1


class RedfishError(DriverError):
    """A service did not do what was asked."""


class _Lasting:
    """A login that lasts while its client is merely forgotten.

    sushy logs out when a client's memory is freed. That happens in any thread, one that serves
    others among them, which must not wait for a BMC then.
    """

    def close(self) -> None:
        """Keep it."""

    def log_out(self) -> None:
        """End it on the service, if it is a session."""
        super().close()  # type: ignore[misc]


class _Session(_Lasting, auth.SessionAuth):  # type: ignore[misc]  # no types
    """A session."""


class _SessionOrBasic(_Lasting, auth.SessionOrBasicAuth):  # type: ignore[misc]  # no types
    """A session, or the password with each request."""


class _Basic(_Lasting, auth.BasicAuth):  # type: ignore[misc]  # no types
    """The password with each request."""


_LOGINS: Final = {AUTO: _SessionOrBasic, BASIC: _Basic, SESSION: _Session}


class _Client:
    """A logged-in client; one thread at a time asks, which BMCs like best."""

    def __init__(self, access: Access) -> None:
        kind = _LOGINS[access.auth_type]
        self._login = kind(username=access.username, password=access.password)
        self._access = access
        self._root: sushy.Sushy | None = None
        self.turn = threading.Lock()

    def system(self, path: str | None) -> System:
        """The system as it is now."""
        if self._root is None:
            self._root = sushy.Sushy(
                self._access.address,
                auth=self._login,
                verify=self._access.verify,
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_ANSWER_SECONDS,
                server_side_retries=_REPEATS,
                server_side_retries_delay=_REPEAT_SECONDS,
            )
        return self._root.get_system(path)

    def log_out(self) -> None:
        """Leave no session on the service, if it can be reached."""
        with self.turn, suppress(exceptions.SushyError):
            self._login.log_out()


class _Clients:
    """Clients by what they need; those of a service in trouble are dropped.

    When the process ends, services end its sessions themselves after a while.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Access, _Client] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, access: Access) -> _Client:
        """The one that is kept, or a new one."""
        key = replace(access, system=None)
        with self._lock:
            client = self._kept.pop(key, None) or _Client(key)
            self._kept[key] = client
            surplus = len(self._kept) - _KEPT
            pushed_out = [self._kept.popitem(last=False)[1] for _ in range(surplus)]
        for one in pushed_out:
            one.log_out()
        return client

    def drop(self, access: Access, client: _Client) -> None:
        """Begin anew next time."""
        with self._lock:
            key = replace(access, system=None)
            if self._kept.get(key) is client:
                del self._kept[key]


_CLIENTS: Final = _Clients()


@contextmanager
def system_of(access: Access) -> Iterator[System]:
    """The system as it is now, to ask and to command.

    :raises RedfishError: the service is silent, or refuses.
    """
    client = _CLIENTS.of(access)
    try:
        with client.turn:
            yield client.system(access.system)
    except exceptions.ConnectionError as error:
        _CLIENTS.drop(access, client)
        raise RedfishError(
            f"The Redfish service at {access.address} does not answer: {error}. Look whether it "
            "can be reached from this conductor, and at redfish_address and redfish_verify_ca.",
            cause=autopsy.BMC_UNREACHABLE,
        ) from error
    except exceptions.AccessError as error:
        if error.status_code == HTTPStatus.UNAUTHORIZED:
            _CLIENTS.drop(access, client)
        raise RedfishError(
            f"The Redfish service at {access.address} refuses user '{access.username}' (HTTP "
            f"{error.status_code}). Look at redfish_username and redfish_password, and at what "
            "the user may do there.",
            cause=autopsy.BMC_REFUSED,
        ) from error
    except exceptions.HTTPError as error:
        raise RedfishError(
            f"The Redfish service at {access.address} refuses with HTTP {error.status_code}: "
            f"{error.detail or error}",
            cause=autopsy.BMC_REFUSED,
        ) from error
    except exceptions.UnknownDefaultError as error:
        raise RedfishError(
            f"The Redfish service at {access.address} has more systems than one, or none. Say in "
            "redfish_system_id which it is.",
            cause=autopsy.CONFIGURATION,
        ) from error
    except exceptions.SushyError as error:
        raise RedfishError(
            f"The Redfish service at {access.address} answers what makes no sense: {error}",
            cause=autopsy.BMC_GARBLED,
        ) from error
