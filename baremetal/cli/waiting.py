"""--wait: how long, and what is shown meanwhile."""

import argparse
import math
from typing import TYPE_CHECKING

from baremetal.cli.cells import describe_step
from baremetal.cli.progress import open_progress
from baremetal.client.events import EventFeed
from baremetal.client.transport import Resource
from baremetal.client.waiting import (
    HELD_STATES,
    SETTLED_STATES,
    Ending,
    Outcome,
    wait_for_nodes,
)

if TYPE_CHECKING:
    from baremetal.cli.app import BaremetalApp


def add_wait(parser: argparse.ArgumentParser, *, among_words: bool = False) -> None:
    """Add --wait [SECONDS]; the value is None, seconds, or infinity.

    `among_words`: words may follow it, and `take_word_back` is called afterwards.
    """
    parser.add_argument(
        "--wait",
        nargs="?",
        const=math.inf,
        type=_seconds_or_word if among_words else _seconds,
        metavar="SECONDS",
        help="wait for the end, for SECONDS at most; shows how it goes on stderr",
    )


def take_word_back(parsed_args: argparse.Namespace) -> None:
    """Repair `--wait NODE`, where argparse took the node for the seconds."""
    if isinstance(parsed_args.wait, str):
        parsed_args.subjects.insert(0, parsed_args.wait)
        parsed_args.wait = math.inf


def wait_for(
    app: "BaremetalApp",
    names: dict[str, str],
    ending: Ending,
    limit: float,
    about: str = "provision_state",
) -> dict[str, Outcome]:
    """How the wait for nodes ended, by UUID; progress is shown meanwhile.

    :param names: what to call each node, by UUID
    :param limit: seconds
    :param about: the field that people see change
    """
    client = app.client
    with EventFeed(client.events) as feed, open_progress(app.stderr, quiet=app.quiet) as progress:

        def notify(node: Resource | None) -> None:
            if node is None:
                progress.tick()
                return
            operation = node.get("operation") or {}
            percent = (operation.get("progress") or {}).get("percent")
            name = names[node["uuid"]]
            ok = ending(node)
            progress.show(
                name, describe(node, about), percent, ended=ok is not None, ok=ok is not False
            )

        timeout = None if math.isinf(limit) else limit
        watcher = client.nodes.watcher(feed, names)
        try:
            return wait_for_nodes(watcher, ending, timeout=timeout, notify=notify)
        except KeyboardInterrupt:
            app.stderr.write("no longer waiting; the work goes on\n")
            raise


def describe(node: Resource, about: str = "provision_state") -> str:
    """What a node is about, in few words."""
    operation, state = node.get("operation"), str(node.get(about))
    if not operation or (state in SETTLED_STATES and state not in HELD_STATES):
        return state
    return f"{state}: {describe_step(operation)}"


def _seconds_or_word(text: str) -> float | str:
    try:
        return _seconds(text)
    except ValueError:
        return text


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"{text} is not more than 0 seconds")
    return seconds
