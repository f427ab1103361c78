"""How a refusal reads in the Image API."""

from http import HTTPStatus

import orjson


def body(message: str, status: int) -> bytes:
    """A document with the sentence, the status, and its name."""
    title = HTTPStatus(status).phrase
    return orjson.dumps({"message": message, "code": f"{status} {title}", "title": title})
