"""What share routes have in common: bodies, queries, and the operations that they ask for."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from baremetal.api.body import read_object
from baremetal.api.call import Call
from baremetal.api.types.kinds import boolean
from baremetal.db.share_quotas import Bound
from baremetal.domain import operation as op
from baremetal.domain.errors import InvalidInput
from baremetal.domain.share import (
    UNLIMITED,
    Place,
    QuotaExceeded,
    check_size_of_type,
    queue_of,
)

_MOST_PARAMETERS = 50
_LONGEST = 255


def body_of(call: Call, *names: str) -> tuple[str, Any]:
    """The one member of the body, which must be called by one of these names.

    :raises InvalidInput: it is not there.
    """
    document = read_object(call.raw)
    for name in names:
        if name in document:
            return name, document[name]
    raise InvalidInput(f"The body must be an object with {' or '.join(names)}.")


def object_of(call: Call, *names: str) -> dict[str, Any]:
    """The same, where that member is an object.

    :raises InvalidInput: it is not.
    """
    name, found = body_of(call, *names)
    if not isinstance(found, dict):
        raise InvalidInput(f"'{name}' must be an object.")
    return found


def query_of(call: Call) -> dict[str, str]:
    """The parameters of the query; of what is given twice the last.

    :raises InvalidInput: it cannot be read.
    """
    text = call.environ["baremetal.query"]
    if not text:
        return {}
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError as error:
        raise InvalidInput(f"The query string cannot be read: {error}") from error
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise InvalidInput("The query string contains a NUL character.")
    return dict(pairs)


def number_of(name: str, value: Any, least: int = 0, most: int = 2**31 - 1) -> int:
    """A whole number, also as its digits.

    :raises InvalidInput: it is none, or out of bounds.
    """
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 11:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidInput(f"{name} must be a whole number, {least} or more.")
    return value


def flag_of(name: str, value: Any) -> bool:
    """Yes or no, also as words.

    :raises InvalidInput: it is neither.
    """
    try:
        return boolean(str(value))
    except ValueError as error:
        raise InvalidInput(f"{name} {error}.") from error


def text_of(name: str, value: Any, most: int = _LONGEST) -> str | None:
    """Text of bounded length, or nothing.

    :raises InvalidInput: it is neither.
    """
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most or "\x00" in value:
        raise InvalidInput(f"{name} must be a string of at most {most} characters.")
    return value


def named(given: Mapping[str, Any]) -> dict[str, Any]:
    """Name and description, as either kind of client calls them; what is missing stays out.

    :raises InvalidInput: one that will not do.
    """
    found: dict[str, Any] = {}
    for column, words in (
        ("name", ("name", "display_name")),
        ("description", ("description", "display_description")),
    ):
        for word in words:
            if word in given:
                found[column] = text_of(word, given[word])
    return found


def intent_of(
    call: Call, kind: str, uuid: str, host: str | None, params: Mapping[str, Any]
) -> dict[str, Any]:
    """An operation on a share at a place; `host` None: its place is yet to be found."""
    snapshot = kind.startswith("share_snapshot")
    return {
        "uuid": call.services.clock.new_uuid(),
        "kind": kind,
        "resource_type": op.SHARE_SNAPSHOT if snapshot else op.SHARE,
        "resource_uuid": uuid,
        "conductor_group": queue_of(Place.parse(host).service) if host else "",
        "params": dict(params),
        "requested_by": call.identity.name,
        "request_id": call.request_id,
        "global_request_id": None,
    }


def check_placed(row: Mapping[str, Any]) -> None:
    """Return if a share is somewhere.

    :raises InvalidInput: no place was ever found for it, whatever its state says.
    """
    if row["host"] is None:
        raise InvalidInput(f"Share {row['uuid']} was never placed anywhere; delete it.")


def ring(call: Call, host: str) -> None:
    """Wake the service that has a place."""
    call.services.ring_shares(Place.parse(host).service)


def owner_of(call: Call) -> str:
    """The project that what is made belongs to; without Keystone there is but one."""
    return call.identity.project_id or "default"


def bounds_of(call: Call, project: str, user: str | None, share_type: str) -> list[Bound]:
    """What a share of a project, a user and a type must keep to."""
    return call.services.share_quotas.bounds(project, user or "", share_type)


def check_size(size: int, bounds: Sequence[Bound], type_: Mapping[str, Any]) -> None:
    """Return if one share of a type may be so large, in GiB.

    :raises InvalidInput: the type says otherwise.
    :raises QuotaExceeded: its project, its user or its type has a limit for each share.
    """
    for bound in bounds:
        most = bound.most("per_share_gigabytes")
        if UNLIMITED < most < size:
            raise QuotaExceeded("per_share_gigabytes", size, 0, most)
    check_size_of_type(type_["name"], type_["extra_specs"], size)
