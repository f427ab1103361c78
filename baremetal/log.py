"""Log lines that say which request, operation and node they belong to.

Whoever begins with something sets `CONTEXT` in its thread; whoever logs need not know.
"""

import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, TextIO

import orjson

#: What this thread is about: any of `FIELDS`. It is replaced, never changed.
CONTEXT: Final[ContextVar[Mapping[str, str | None]]] = ContextVar(
    "baremetal.log", default=MappingProxyType({})
)
#: `request_id` is of our own making, `global_request_id` that of whoever has asked the asker.
FIELDS: Final = ("request_id", "global_request_id", "operation", "node", "image")
#: What goes with a message to another process.
_CARRIED: Final = ("request_id", "global_request_id")

_TEXT: Final = "%(asctime)s %(levelname)s %(name)s [%(about)s] %(message)s"
_REQUEST_ID: Final = re.compile(
    r"req-[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE
)
#: Libraries whose information is no news to an administrator.
_NOISY: Final = ("stevedore", "oslo", "oslo_messaging", "alembic", "asyncio")


def set_up(level: str, form: str, stream: TextIO | None = None) -> None:
    """Log to `stream` (standard error) as ``text`` or ``json``, in place of what was before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(_note_context)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def is_request_id(text: str) -> bool:
    """Whether `text` is a request id, ``req-`` and a UUID."""
    return _REQUEST_ID.fullmatch(text) is not None


def carried() -> dict[str, str]:
    """What of this thread's context goes with a message to another process."""
    context = CONTEXT.get()
    return {name: value for name in _CARRIED if (value := context.get(name))}


def take_up(message: Mapping[str, Any]) -> None:
    """Make what came with a message this thread's context."""
    CONTEXT.set({name: str(message[name]) for name in _CARRIED if message.get(name)})


def _note_context(record: logging.LogRecord) -> bool:
    """Write the context on the record, in the thread where it was made."""
    context = CONTEXT.get()
    record.context = context
    ids = (context.get(name) for name in _CARRIED)
    record.about = " ".join(one for one in ids if one) or "-"
    return True


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, logger, message, and what there is of the context."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        context: Mapping[str, str | None] = getattr(record, "context", {})
        line |= {name: value for name in FIELDS if (value := context.get(name))}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()
