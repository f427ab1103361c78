"""What Redfish resources have in common: their paths, identity, collections and errors."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

ROOT = "/redfish/v1"
SYSTEMS, MANAGERS, CHASSIS = f"{ROOT}/Systems", f"{ROOT}/Managers", f"{ROOT}/Chassis"
SESSION_SERVICE = f"{ROOT}/SessionService"
SESSIONS = f"{SESSION_SERVICE}/Sessions"

Resource = dict[str, Any]
OK = {"State": "Enabled", "Health": "OK"}


def link(path: str) -> dict[str, str]:
    """A reference to another resource."""
    return {"@odata.id": path}


def resource(path: str, kind: str, name: str, fields: Mapping[str, Any]) -> Resource:
    """A resource of a versioned kind, such as ``Manager.v1_9_0``; its id ends its path."""
    schema = kind.partition(".")[0]
    return {
        "@odata.type": f"#{kind}.{schema}",
        "@odata.id": path,
        "Id": path.rpartition("/")[2],
        "Name": name,
        **fields,
    }


def collection(path: str, kind: str, names: Iterable[str]) -> Resource:
    """A collection of resources beneath its own path."""
    members = [link(f"{path}/{name}") for name in names]
    return {
        "@odata.type": f"#{kind}Collection.{kind}Collection",
        "@odata.id": path,
        "Name": f"{kind} collection",
        "Members": members,
        "Members@odata.count": len(members),
    }


class Refusal(Exception):
    """What a client asks cannot be: HTTP status, word of the Base registry, sentence."""

    def __init__(self, status: int, word: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.word = word

    def response(self) -> web.Response:
        """The answer that says so (DSP0266, 8.6)."""
        code, message = f"Base.1.8.{self.word}", str(self)
        info = {"@odata.type": "#Message.v1_0_8.Message", "MessageId": code, "Message": message}
        error = {"code": code, "message": message, "@Message.ExtendedInfo": [info]}
        return web.json_response({"error": error}, status=self.status)


def not_found(what: str) -> Refusal:
    """There is no such resource."""
    return Refusal(404, "ResourceMissingAtURI", f"There is no {what}.")


def wrong_value(field: str, value: object, accepted: Iterable[str]) -> Refusal:
    """A field has a value that it cannot have."""
    words = ", ".join(accepted)
    return Refusal(
        400, "PropertyValueNotInList", f"{field} must be one of {words}, not {value!r:.80}."
    )


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object that came with a request; empty where nothing came.

    :raises Refusal: it is something else.
    """
    text = await request.text()
    if not text:
        return {}
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "MalformedJSON", "The body must be a JSON object.")
    return body
