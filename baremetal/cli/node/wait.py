"""`baremetal node wait`: until nodes are in a state, whoever brings them there."""

import argparse
import math

from baremetal.cli.command import Rows, Table, add_parallel, for_each
from baremetal.cli.complaints import WORK_FAILED
from baremetal.cli.waiting import wait_for
from baremetal.client.waiting import reaches


class WaitForNodes(Rows):
    """Wait until nodes are in a state."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("subjects", nargs="+", metavar="NODE", help="UUID or name")
        parser.add_argument(
            "--for", dest="state", required=True, metavar="STATE", help="e.g. available"
        )
        parser.add_argument(
            "--timeout", type=float, default=math.inf, metavar="SECONDS", help="no longer than this"
        )
        add_parallel(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        found = for_each(parsed_args.subjects, self.client.nodes.uuid_of, parsed_args.parallel)
        missing = next((attempt.error for attempt in found if attempt.error), None)
        if missing:
            raise missing
        names = {str(attempt.value): attempt.subject for attempt in found}
        outcomes = wait_for(self.app, names, reaches(parsed_args.state), parsed_args.timeout)
        self.exit_code = 0 if all(outcome.ok for outcome in outcomes.values()) else WORK_FAILED
        rows = [
            (names[uuid], outcome.node["provision_state"], outcome.reason)
            for uuid, outcome in outcomes.items()
        ]
        return ("node", "provision_state", "details"), sorted(rows)
