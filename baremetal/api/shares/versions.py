"""Microversions of the Shared File Systems API v2, how a refusal reads, and what a path names."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson

from baremetal.api.call import Call
from baremetal.domain.errors import InvalidInput, NotAcceptable

HEADER: Final = "X-OpenStack-Manila-API-Version"
MINIMUM: Final = 0
#: The newest whose semantics are honoured.
MAXIMUM: Final = 62
_SINCE: Final = "2015-08-27T11:33:21Z"

#: What stands first beneath /v2; another word there is the id of a project.
WORDS: Final = frozenset(
    (
        *("shares", "share_instances", "share-access-rules", "snapshots", "types", "extensions"),
        *("availability-zones", "services", "scheduler-stats", "quota-sets", "quota-class-sets"),
        *("limits", "messages", "share-networks", "share-servers", "security-services"),
        *("share-replicas", "share-groups", "share-group-types", "share-group-snapshots"),
        *("snapshot-instances", "share-access-metadata", "os-availability-zone", "os-services"),
        *("os-quota-sets", "os-quota-class-sets", "types", "share_types"),
    )
)
#: What older versions call it.
_RENAMED: Final[Mapping[str, str]] = {
    "os-availability-zone": "availability-zones",
    "os-services": "services",
    "os-quota-sets": "quota-sets",
    "os-quota-class-sets": "quota-class-sets",
}
#: Where it is told which versions there are.
_UNVERSIONED: Final = ("", "/", "/v2", "/v2/")
#: What a fault is called, by its status.
_NAMES: Final[Mapping[int, str]] = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    406: "notAcceptable",
    409: "conflictingRequest",
    413: "overLimit",
    503: "serviceUnavailable",
}


def chosen(environ: Mapping[str, str]) -> int:
    """The minor version that a request asks for.

    :raises InvalidInput: it is not a version.
    :raises NotAcceptable: it is one that we do not speak.
    """
    text = environ.get("HTTP_X_OPENSTACK_MANILA_API_VERSION", "").strip().lower()
    # Who asks which versions there are may say one that there is not.
    if not text or environ["baremetal.path"] in _UNVERSIONED:
        return MINIMUM
    if text == "latest":
        return MAXIMUM
    major, _, minor = text.partition(".")
    if not major.isdecimal() or not minor.isascii() or not minor.isdecimal() or len(minor) > 4:
        raise InvalidInput(f"{HEADER} must be like 2.{MAXIMUM}, or latest; not '{text[:40]}'.")
    if major != "2" or int(minor) > MAXIMUM:
        raise NotAcceptable(
            f"Version {text[:40]} is not supported by the API. Minimum is 2.{MINIMUM} and maximum "
            f"is 2.{MAXIMUM}."
        )
    return int(minor)


def without_project(path: str) -> str:
    """The path as the table of routes has it: callers may name their project after /v2."""
    parts = path.split("/")
    if len(parts) > 2 and parts[1] == "v2":
        if parts[2] and parts[2] not in WORDS and len(parts) > 3:
            del parts[2]
        parts[2] = _RENAMED.get(parts[2], parts[2])
    return "/".join(parts)


def fault(message: str, status: int) -> bytes:
    """A document with the kind of fault, its status, and the sentence."""
    name = _NAMES.get(status, HTTPStatus(status).phrase.replace(" ", ""))
    return orjson.dumps({name: {"code": status, "message": message}})


def described(call: Call) -> dict[str, Any]:
    """The version of the API that there is."""
    about = {
        "rel": "describedby",
        "type": "text/html",
        "href": "https://docs.openstack.org/api-ref/shared-file-system/",
    }
    return {
        "versions": [
            {
                "id": "v2.0",
                "status": "CURRENT",
                "version": f"2.{MAXIMUM}",
                "min_version": f"2.{MINIMUM}",
                "updated": _SINCE,
                "links": [about, {"rel": "self", "href": f"{call.base}/v2/"}],
                "media-types": [{"base": "application/json", "type": "application/json"}],
            }
        ]
    }


def need(call: Call, since: int, what: str) -> None:
    """Refuse what the chosen version does not have.

    :raises InvalidInput: it is newer.
    """
    if call.version < since:
        raise InvalidInput(
            f"{what} needs API version 2.{since} or newer; this request is for 2.{call.version}."
        )
