"""Keystone: tokens are judged by keystonemiddleware, as its ``[keystone_authtoken]`` says.

Headers: https://docs.openstack.org/keystonemiddleware/latest/middlewarearchitecture.html
"""

import hashlib
import io
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from keystoneauth1.exceptions import ClientException
from keystonemiddleware.auth_token import AuthProtocol
from oslo_config import cfg

from baremetal.auth.identity import ANONYMOUS, Identity
from baremetal.domain.errors import InvalidInput, Unauthenticated, Unavailable

LOG = logging.getLogger(__name__)

#: What a token proved is believed again for so long without asking the middleware, whose
#: own cache costs as much as the rest of a request; seconds.
_BELIEVED_SECONDS = 5.0
_REMEMBERED = 4096
#: What may be asked of Keystone under our name: rules of application credentials name it.
_SERVICE_TYPE = "baremetal"

#: What a token may be. On a longer or stranger one Keystone's web server could stumble, and we
#: would take it to be away.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,2048}")
#: How long Keystone may take to answer, unless http_connect_timeout says otherwise, seconds.
_PATIENCE_SECONDS = 10
#: For how long Keystone is left alone after it did not answer, so that callers do not take
#: all threads to wait for it; seconds.
_SILENCE_SECONDS = 2.0
_SILENT = "Keystone, which knows who you are, does not answer. Retry later."

_GROUP = "keystone_authtoken"


class KeystoneAuth:
    """Makes an identity of a request's ``X-Auth-Token``."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Ask the Keystone of `conf`, which need not be there yet.

        :raises InvalidInput: the configuration does not say how to ask it.
        """
        group = conf[_GROUP]
        settings = {
            "oslo_config_config": conf,
            # Only requests with a token come here; it is good, or Keystone does not answer.
            "delay_auth_decision": False,
            "service_type": _SERVICE_TYPE,
            "http_connect_timeout": group.http_connect_timeout or _PATIENCE_SECONDS,
        }
        try:
            self._middleware = AuthProtocol(_admitted, settings)
            uri = group.www_authenticate_uri or group.auth_url
        except (ClientException, cfg.NoSuchOptError) as error:
            raise InvalidInput(
                f"[{_GROUP}] must say how this service proves itself to Keystone: auth_type "
                f"(password), auth_url, username, password, project_name and domains. {error}"
            ) from error
        self.challenge = f'Keystone uri="{uri}"'
        self._silent_until = 0.0
        self._good: OrderedDict[bytes, tuple[float, Identity]] = OrderedDict()
        self._lock = threading.Lock()

    def identify(self, environ: Mapping[str, Any]) -> Identity:
        """The caller behind an ``X-Auth-Token`` header; ANONYMOUS where there is none.

        :raises Unauthenticated: the token is wrong, has expired or was revoked.
        :raises Unavailable: Keystone does not answer.
        """
        token = environ.get("HTTP_X_AUTH_TOKEN")
        if not token:
            return ANONYMOUS
        service = environ.get("HTTP_X_SERVICE_TOKEN", "")
        if not (_TOKEN.fullmatch(token) and _TOKEN.fullmatch(service or token)):
            raise Unauthenticated("This is no token of Keystone.")
        proof = hashlib.sha256(f"{token}\n{service}".encode()).digest()
        believed, identity = self._good.get(proof, (0.0, ANONYMOUS))
        if time.monotonic() < believed:
            return identity
        asked = _question(environ, token, service)
        self._ask(asked)
        identity = _identity(asked)
        with self._lock:
            self._good[proof] = (time.monotonic() + _believable(asked), identity)
            while len(self._good) > _REMEMBERED:
                self._good.popitem(last=False)
        return identity

    def _ask(self, environ: dict[str, Any]) -> None:
        """Let the middleware judge, and write into `environ` what it found.

        :raises Unauthenticated: the token is not good.
        :raises Unavailable: Keystone does not answer.
        """
        if time.monotonic() < self._silent_until:
            raise Unavailable(_SILENT)
        said: list[str] = []
        try:
            self._middleware(environ, lambda status, *_: said.append(status))
        except ClientException as error:
            # The middleware lets some errors of the client beneath it through.
            LOG.error("Keystone can not be asked: %s", error)  # noqa: TRY400 - it says all
            said.append("503")
        status = said[0][:3]
        if status == "401":
            raise Unauthenticated(
                "The token is not good (any more): it may have expired or been revoked. "
                "Ask Keystone for a new one."
            )
        if status != "200":
            self._silent_until = time.monotonic() + _SILENCE_SECONDS
            raise Unavailable(_SILENT)


def _admitted(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """What the middleware guards: it says that the token was good."""
    start("200 OK", [])
    return []


def _question(environ: Mapping[str, Any], token: str, service: str) -> dict[str, Any]:
    """A request with the tokens and nothing else that a caller could make up."""
    question = {
        "REQUEST_METHOD": environ["REQUEST_METHOD"],
        "SCRIPT_NAME": "",
        # Application credentials may be for some paths only.
        "PATH_INFO": environ.get("baremetal.path", "/"),
        "SERVER_NAME": "baremetal",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "HTTP_X_AUTH_TOKEN": token,
    }
    if service:
        question["HTTP_X_SERVICE_TOKEN"] = service
    return question


def _identity(told: Mapping[str, Any]) -> Identity:
    """The caller that the middleware's headers tell of."""
    project, system = told.get("HTTP_X_PROJECT_ID"), told.get("HTTP_OPENSTACK_SYSTEM_SCOPE")
    roles = [role for role in told.get("HTTP_X_ROLES", "").split(",") if role]
    return Identity(
        told.get("HTTP_X_USER_NAME"),
        # A role in a whole domain is none in our machines' projects, nor in the system.
        roles=frozenset(roles if project or system else ()),
        user_id=told.get("HTTP_X_USER_ID"),
        project_id=project,
        project_name=told.get("HTTP_X_PROJECT_NAME"),
        system_scope=system,
    )


def _believable(told: Mapping[str, Any]) -> float:
    """For how long a token needs no further proof, seconds."""
    token = told["keystone.token_info"]["token"]
    if "application_credential" in token:
        # It may be good for another path no more.
        return 0.0
    expires = datetime.fromisoformat(token["expires_at"])
    return min(_BELIEVED_SECONDS, (expires - datetime.now(UTC)).total_seconds())
