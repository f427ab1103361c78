"""Power of nodes."""

import argparse
from typing import ClassVar

from baremetal.cli.cells import row
from baremetal.cli.command import Rows, Table, add_parallel, for_each
from baremetal.cli.complaints import WORK_FAILED, UsageError
from baremetal.cli.waiting import add_wait, take_word_back, wait_for
from baremetal.client.transport import Resource
from baremetal.client.waiting import Outcome, has_power

_COLUMNS = ("power_state", "target_power_state", "last_error")


class PowerCommand(Rows):
    """Asks for a power state of some nodes, and waits if told to."""

    target: ClassVar[str]
    soft_target: ClassVar[str | None] = None
    leads_to: ClassVar[str] = "power on"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("subjects", nargs="*", metavar="NODE", help="UUID or name")
        if self.soft_target:
            parser.add_argument(
                "--soft", action="store_true", help="ask the operating system to shut down"
            )
        add_wait(parser, among_words=True)
        add_parallel(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        take_word_back(parsed_args)
        if not parsed_args.subjects:
            raise UsageError("which nodes?", "name some")
        target = self.soft_target if getattr(parsed_args, "soft", False) else self.target

        def submit(node: str) -> Resource:
            self.client.nodes.set_power(node, str(target))
            return self.client.nodes.get(node)

        attempts = for_each(parsed_args.subjects, submit, parsed_args.parallel)
        outcomes: dict[str, Outcome] = {}
        if parsed_args.wait is not None:
            names = {a.value["uuid"]: a.subject for a in attempts if a.value}
            ending = has_power(self.leads_to)
            outcomes = wait_for(self.app, names, ending, parsed_args.wait, about="power_state")
        rows = []
        for attempt in attempts:
            node = attempt.value or {"last_error": str(attempt.error)}
            outcome = outcomes.get(node.get("uuid", ""))
            if attempt.error or (outcome and not outcome.ok):
                self.exit_code = WORK_FAILED
            rows.append((attempt.subject, *row(outcome.node if outcome else node, _COLUMNS)))
        return ("node", *_COLUMNS), rows


class PowerOn(PowerCommand):
    """Switch nodes on."""

    target = "power on"


class PowerOff(PowerCommand):
    """Switch nodes off."""

    target = "power off"
    soft_target = "soft power off"
    leads_to = "power off"


class Reboot(PowerCommand):
    """Switch nodes off and on."""

    target = "rebooting"
    soft_target = "soft rebooting"


class PowerShow(Rows):
    """Show the power of nodes, as it was seen last."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("subjects", nargs="+", metavar="NODE", help="UUID or name")
        add_parallel(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        attempts = for_each(parsed_args.subjects, self.client.nodes.states, parsed_args.parallel)
        self.exit_code = WORK_FAILED if any(a.error for a in attempts) else 0
        states = [(a.subject, a.value or {"last_error": str(a.error)}) for a in attempts]
        return ("node", *_COLUMNS), [(name, *row(state, _COLUMNS)) for name, state in states]
