"""Values on a command line: KEY=VALUE, and secrets that need not stand there."""

import argparse
import getpass
import json
import re
from pathlib import Path
from typing import Any, TextIO

from baremetal.cli.complaints import UsageError

HOW_TO_GIVE = "@FILE reads the value from a file, - asks for it or reads a line of stdin"

_JSON = re.compile(r"""[\[{"].*|true|false|null|-?\d+(\.\d+)?""", re.DOTALL)
_SECRET = re.compile(r"password|secret|token|passphrase|community|key", re.IGNORECASE)


def pair(text: str) -> tuple[str, str]:
    """KEY and VALUE of KEY=VALUE, for argparse."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form KEY=VALUE")
    return key, value


def resolve_pairs(pairs: list[tuple[str, str]], stdin: TextIO) -> dict[str, Any]:
    """A dict of the pairs, with files and prompts read, and numbers and JSON as such.

    :raises UsageError: a file cannot be read
    """
    return {key: _typed(key, value, stdin) for key, value in pairs}


def resolve(name: str, value: str, stdin: TextIO) -> str:
    """The text meant by VALUE, @FILE, - or @@VALUE (which is a value that begins with @).

    :raises UsageError: the file cannot be read
    """
    if value == "-":
        return _ask(name, stdin)
    if value.startswith("@@"):
        return value[1:]
    if value.startswith("@"):
        return read_text(value[1:], stdin).removesuffix("\n")
    return value


def read_text(path: str, stdin: TextIO) -> str:
    """A file's text; of stdin for `-`.

    :raises UsageError: the file cannot be read
    """
    try:
        return stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"cannot read {path}: {reason}") from problem


def resolve_document(name: str, value: str, stdin: TextIO) -> Any:
    """JSON or YAML, given as VALUE, @FILE or -.

    :raises UsageError: it is neither
    """
    # Imported here, because few commands need it.
    import yaml  # noqa: PLC0415

    text = stdin.read() if value == "-" else resolve(name, value, stdin)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise UsageError(f"--{name} is neither JSON nor YAML: {problem}") from problem


def _ask(name: str, stdin: TextIO) -> str:
    if stdin.isatty():
        return getpass.getpass(f"{name}: ")
    line = stdin.readline()
    if not line:
        raise UsageError(f"nothing on stdin to read {name} from")
    return line.rstrip("\n")


def typed_text(key: str, text: str) -> Any:
    """A number, a JSON value or the text itself; a password of digits stays text."""
    if _SECRET.search(key) or not _JSON.fullmatch(text):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _typed(key: str, value: str, stdin: TextIO) -> Any:
    given = resolve(key, value, stdin)
    # What came out of a file or a prompt is text.
    return typed_text(key, given) if given == value else given
