"""Data of images that comes by itself: into which stores, and how far it is."""

import argparse
from typing import Any

from baremetal.cli.command import BaremetalCommand
from baremetal.cli.progress import open_progress
from baremetal.client import errors
from baremetal.client.images import failed_stores
from baremetal.client.transport import Resource


def add_stores(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add the options that name stores."""
    which = parser.add_mutually_exclusive_group(required=required)
    about = "where to put it; several at will" + ("" if required else "; without: the default one")
    which.add_argument("--store", action="append", dest="stores", default=[], help=about)
    which.add_argument("--all-stores", action="store_true", help="all that images may be put into")
    parser.add_argument(
        "--allow-failure", action="store_true", help="one store suffices; without: all or none"
    )


def stores_of(parsed_args: argparse.Namespace) -> Resource:
    """What the options mean to the service."""
    found: dict[str, Any] = {"all_stores_must_succeed": not parsed_args.allow_failure}
    if parsed_args.all_stores:
        found["all_stores"] = True
    elif parsed_args.stores:
        found["stores"] = parsed_args.stores
    return found


def follow_import(command: BaremetalCommand, uuid: str, name: str) -> Resource:
    """The image when its import has ended; how far it is, is shown meanwhile."""
    with open_progress(command.app.stderr, quiet=command.app.quiet) as progress:
        for found in command.client.images.follow_import(uuid):
            what, percent = _course(command, uuid)
            progress.show(name, what or found["status"], percent)
        ok = found["status"] == "active"
        progress.show(name, found["status"], 100, ended=True, ok=ok and not failed_stores(found))
    return found


def _course(command: BaremetalCommand, uuid: str) -> tuple[str | None, float | None]:
    wanted = {"resource_uuid": uuid, "kind": "import", "sort_dir": "desc", "limit": 1}
    try:
        newest = next(command.client.operations.list(fields=("progress",), **wanted), None)
    except errors.ApiError:
        # Who may not see operations is told by the image alone.
        return None, None
    progress = (newest or {}).get("progress") or {}
    return progress.get("message"), progress.get("percent")
