"""Which HTTP status each error has, and how it reads on the wire."""

from typing import Any, Final

import orjson

from baremetal.domain import errors

#: The nearest base class in this table decides.
STATUS: Final[dict[type[errors.BaremetalError], int]] = {
    errors.InvalidInput: 400,
    errors.StateForbids: 400,
    errors.NotSupported: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.NotAcceptable: 406,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.RangeForbids: 416,
    errors.DriverError: 502,
    errors.Unavailable: 503,
    errors.BaremetalError: 500,
}

#: What `body` makes, as JSON schema.
SCHEMA: Final[dict[str, Any]] = {
    "description": "A JSON document within a JSON string, as the Bare Metal API has it.",
    "type": "object",
    "properties": {
        "error_message": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "type": "object",
                "properties": {
                    "faultcode": {"type": "string", "enum": ["Client", "Server"]},
                    "faultstring": {"type": "string", "description": "What was wrong, and why."},
                    "debuginfo": {"type": "null"},
                },
                "required": ["faultcode", "faultstring", "debuginfo"],
            },
        }
    },
    "required": ["error_message"],
}

#: A server's own faults; the rest are the client's.
_SERVER_FAULT: Final = 500


def status_of(error: errors.BaremetalError) -> int:
    """The HTTP status of an error."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def body(message: str, status: int) -> bytes:
    """The envelope of the Bare Metal API: a JSON document within a JSON string."""
    inner: dict[str, Any] = {
        "faultcode": "Server" if status >= _SERVER_FAULT else "Client",
        "faultstring": message,
        "debuginfo": None,
    }
    return orjson.dumps({"error_message": orjson.dumps(inner).decode()})
