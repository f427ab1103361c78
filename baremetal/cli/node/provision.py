"""The provisioning verbs: one table, and one command that runs any of them."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from baremetal.cli.command import Attempt, Rows, Table, add_parallel, for_each
from baremetal.cli.complaints import WORK_FAILED, CommandError, UsageError
from baremetal.cli.fields import add_keys
from baremetal.cli.values import HOW_TO_GIVE, pair, resolve, resolve_document, resolve_pairs
from baremetal.cli.waiting import add_wait, describe, take_word_back, wait_for
from baremetal.client import errors
from baremetal.client.transport import Resource
from baremetal.client.waiting import FAILED_STATES, SETTLED_STATES, Outcome, settles_in


@dataclass(frozen=True, slots=True)
class Argument:
    """Something that a verb takes beside the nodes; `name` is the API's, or the option's own."""

    name: str
    help: str
    secret: bool = False  # text, asked for where it is not given; others are JSON or YAML
    flag: bool = False
    required: bool = False

    @property
    def option(self) -> str:
        """E.g. --clean-steps."""
        return "--" + self.name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Verb:
    """A provisioning verb: the API's target, and the states in which it has succeeded."""

    summary: str
    target: str
    good: frozenset[str]
    arguments: tuple[Argument, ...] = ()
    deploys: bool = False  # takes what is written into instance_info first


_DRIVE = Argument("configdrive", "what the machine learns at its first boot: JSON, base64 or URL")
_NO_RAMDISK = Argument("disable_ramdisk", "run the steps without an agent", flag=True)


def _steps(kind: str, *, required: bool = False) -> Argument:
    explained = f'{kind} steps: [{{"interface": ..., "step": ..., "args": {{}}}}]'
    return Argument(f"{kind}_steps", explained, required=required)


class ProvisionCommand(Rows):
    """Runs a verb on some nodes, and waits if told to."""

    verb: ClassVar[Verb]

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("subjects", nargs="*", metavar="NODE", help="UUID or name")
        parser.add_argument("--all-in", metavar="STATE", help="every node that is in this state")
        add_wait(parser, among_words=True)
        add_parallel(parser)
        for argument in self.verb.arguments:
            options: dict[str, Any] = {"dest": argument.name, "help": argument.help}
            if argument.flag:
                options |= {"action": "store_true", "default": None}
            else:
                options |= {"metavar": "VALUE", "required": argument.required}
                options |= {"default": "-"} if argument.secret else {}
                options["help"] += f"; {HOW_TO_GIVE}"
            parser.add_argument(argument.option, **options)
        if self.verb.deploys:
            _add_deploy_options(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        take_word_back(parsed_args)
        arguments = self._arguments(parsed_args)
        patch = self._instance_patch(parsed_args) if self.verb.deploys else []
        nodes = self._chosen(parsed_args)

        def submit(node: str) -> Resource:
            if patch:
                self.client.nodes.update(node, patch)
            self.client.nodes.provision(node, self.verb.target, **arguments)
            return self.client.nodes.get(node)

        try:
            attempts = for_each(nodes, submit, parsed_args.parallel)
        except errors.BadRequest as refused:  # of the only node: most often its state
            raise CommandError(str(refused), f"baremetal node why {nodes[0]}") from refused
        outcomes: dict[str, Outcome] = {}
        if parsed_args.wait is not None:
            names = {a.value["uuid"]: a.subject for a in attempts if a.value}
            ending = settles_in(self.verb.good)
            outcomes = wait_for(self.app, names, ending, parsed_args.wait)
        return self._report(attempts, outcomes)

    def _chosen(self, parsed_args: argparse.Namespace) -> list[str]:
        if bool(parsed_args.subjects) == bool(parsed_args.all_in):
            raise UsageError(
                "which nodes?", "name some, or say --all-in STATE, e.g. --all-in manageable"
            )
        if parsed_args.subjects:
            return list(dict.fromkeys(parsed_args.subjects))
        found = self.client.nodes.list(("uuid", "name"), provision_state=parsed_args.all_in)
        return [node["name"] or node["uuid"] for node in found]

    def _arguments(self, parsed_args: argparse.Namespace) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for argument in self.verb.arguments:
            given = getattr(parsed_args, argument.name)
            if given is None or argument.flag:
                arguments[argument.name] = given
            elif argument.secret:
                arguments[argument.name] = resolve(argument.name, given, self.app.stdin)
            else:
                name = argument.option.removeprefix("--")
                arguments[argument.name] = resolve_document(name, given, self.app.stdin)
        return arguments

    def _instance_patch(self, parsed_args: argparse.Namespace) -> list[Resource]:
        given = {"image_source": parsed_args.image, "image_checksum": parsed_args.checksum}
        wanted = {name: value for name, value in given.items() if value is not None}
        wanted |= resolve_pairs(parsed_args.instance_info or [], self.app.stdin)
        return add_keys("instance_info", wanted)

    def _report(self, attempts: Sequence[Attempt[Resource]], outcomes: dict[str, Outcome]) -> Table:
        rows = []
        for attempt in attempts:
            node, result, details = attempt.value, "accepted", ""
            if node is None:
                result, details = "refused", str(attempt.error)
            elif node["uuid"] in outcomes:
                outcome = outcomes[node["uuid"]]
                node, details = outcome.node, outcome.reason
                result = "done" if outcome.ok else "not in time" if outcome.timed_out else "failed"
            else:
                details = describe(node) if node.get("operation") else ""
            if result not in ("accepted", "done"):
                self.exit_code = WORK_FAILED
            state = node["provision_state"] if node else ""
            rows.append((attempt.subject, state, result, details))
        return ("node", "provision_state", "result", "details"), rows


def _add_deploy_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--image", metavar="URL", help="what to write: instance_info.image_source")
    add("--checksum", metavar="SUM", help="its checksum: instance_info.image_checksum")
    add(
        "--instance-info",
        action="append",
        type=pair,
        metavar="KEY=VALUE",
        help=f"more of instance_info; {HOW_TO_GIVE}",
    )


def _command(verb: Verb) -> type[ProvisionCommand]:
    return type("Provision", (ProvisionCommand,), {"verb": verb, "__doc__": verb.summary})


_MANAGEABLE: Final = frozenset({"manageable"})
_AVAILABLE: Final = frozenset({"available"})
_ACTIVE: Final = frozenset({"active"})
_ANYWHERE_GOOD: Final = SETTLED_STATES - FAILED_STATES

Manage = _command(Verb("Check that nodes can be driven, and own them.", "manage", _MANAGEABLE))
Provide = _command(Verb("Clean nodes and offer them to users.", "provide", _AVAILABLE))
Inspect = _command(Verb("Find out what nodes consist of.", "inspect", _MANAGEABLE))
Clean = _command(
    Verb(
        "Run clean steps of your choice on nodes.",
        "clean",
        _MANAGEABLE,
        (_steps("clean", required=True), _NO_RAMDISK),
    )
)
Deploy = _command(
    Verb(
        "Write an image to nodes and boot it.",
        "active",
        _ACTIVE,
        (_DRIVE, _steps("deploy")),
        deploys=True,
    )
)
Undeploy = _command(Verb("Take nodes from their user, and clean them.", "deleted", _AVAILABLE))
Rebuild = _command(
    Verb(
        "Write the image to nodes anew.",
        "rebuild",
        _ACTIVE,
        (_DRIVE, _steps("deploy")),
        deploys=True,
    )
)
Abort = _command(Verb("Stop what nodes are waiting for.", "abort", SETTLED_STATES))
Adopt = _command(Verb("Take over nodes that run already, as they are.", "adopt", _ACTIVE))
Unhold = _command(Verb("Let nodes go on that are on hold.", "unhold", _ANYWHERE_GOOD))
Rescue = _command(
    Verb(
        "Boot nodes into a rescue system.",
        "rescue",
        frozenset({"rescue"}),
        (Argument("rescue_password", "to log in there with", secret=True),),
    )
)
Unrescue = _command(Verb("Boot nodes back from rescue.", "unrescue", _ACTIVE))
Service = _command(
    Verb(
        "Run service steps on deployed nodes.",
        "service",
        _ACTIVE,
        (_steps("service", required=True), _NO_RAMDISK),
    )
)
