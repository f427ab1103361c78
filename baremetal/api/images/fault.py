"""How a refusal reads in the Image API."""

from http import HTTPStatus
from typing import Any, Final

import orjson

#: What `body` makes, as JSON schema.
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "message": {"type": "string", "description": "What was wrong, and why."},
        "code": {"type": "string", "description": "The status and its name."},
        "title": {"type": "string", "description": "The name of the status."},
    },
    "required": ["message", "code", "title"],
}


def body(message: str, status: int) -> bytes:
    """A document with the sentence, the status, and its name."""
    title = HTTPStatus(status).phrase
    return orjson.dumps({"message": message, "code": f"{status} {title}", "title": title})
