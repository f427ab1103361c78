"""SMB by Samba: each share is one of its registry, which it reads without a restart."""

import pwd
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Final

from baremetal.commands import CommandFailed, Said, ask, run
from baremetal.domain.errors import DriverError, InvalidInput, NotFound
from baremetal.domain.properties import Property
from baremetal.drivers.interfaces.export import (
    AccessOutcome,
    ExportCapabilities,
    ExportInterface,
    Grant,
    Location,
    Rule,
)
from baremetal.drivers.interfaces.storage import Share, Tree

_PACKAGE: Final = "samba-common-bin"
_SECONDS: Final = 60.0
#: What Samba would take for a group, a substitution, or several names.
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\\$-]{0,103}")
_NOBODY: Final = "ALL"


class SambaExport(ExportInterface):
    """SMB. A share's rules are by user, or all by address: then clients come in as guests."""

    properties: ClassVar[tuple[Property, ...]] = (
        Property("address", "Where clients reach the server.", "192.0.2.10", required=True),
        Property("admin_address", "Where our own services reach it, if elsewhere.", "192.0.2.11"),
        Property("conf", "The configuration of the server.", "/etc/samba/smb.conf"),
    )

    @property
    def capabilities(self) -> ExportCapabilities:
        return ExportCapabilities("CIFS", {"user": ("rw", "ro"), "ip": ("rw",)})

    def check(self) -> None:
        words = ["testparm", "--suppress-prompt", "--parameter-name=registry shares", self._conf]
        said = ask(words, package=_PACKAGE, seconds=_SECONDS)
        if said.out.strip().lower() != "yes":
            raise InvalidInput(
                f"{self._conf} must have, in [global]: registry shares = yes, include = registry. "
                f"{said.reason if said.status else ''}"
            )

    def ensure(self, share: Share, tree: Tree) -> tuple[Location, ...]:
        path, known = str(tree.path), self._definition(share)
        if re.search(r"[\n%\\\"]", path):
            raise InvalidInput(f'{path} cannot be exported: it has one of % " \\ in it.')
        if known is None or known.get("path") != path:
            self._define(share, {**(known or _definition([])), "path": path})
        return tuple(
            Location(f"\\\\{address}\\{share.id}", admin=admin)
            for address, admin in self.addresses()
        )

    def remove(self, share: Share) -> None:
        if self._definition(share) is not None:
            self._net("delshare", share.id)
        self._tell("close-share", share.id)

    def update_access(
        self,
        share: Share,
        rules: Sequence[Rule],
        add: Sequence[Rule] = (),
        delete: Sequence[Rule] = (),
    ) -> AccessOutcome:
        known = self._definition(share)
        if known is None:
            raise NotFound("Export", f"of share {share.id}")
        good, refused = self.sorted_out(rules)
        self._define(share, {**_definition(good), "path": known["path"]})
        self._tell("close-denied-share", share.id)
        return AccessOutcome(refused)

    def enforced(self, share: Share) -> frozenset[Grant]:
        known = self._definition(share)
        if known is None:
            raise NotFound("Export", f"of share {share.id}")
        if "valid users" in known:
            writers = set(_words(known.get("write list", "")))
            return frozenset(
                Grant("user", user, "rw" if user in writers else "ro")
                for user in _words(known["valid users"])
            )
        level = "rw" if known.get("read only") == "no" else "ro"
        rules = (Rule("", "ip", to, level) for to in _words(known.get("hosts allow", "")))
        return frozenset(rule.grant for rule in rules)

    def exported(self) -> frozenset[str]:
        return frozenset(self._net("listshares").split())

    def refusal(self, rule: Rule) -> str | None:
        if rule.kind == "user" and not _USER.fullmatch(rule.to):
            return f"{rule.to!r} is no user's name."
        if rule.kind == "user" and not _exists(rule.to):
            return f"the server knows no user {rule.to}; make it there, with a password."
        return super().refusal(rule)

    def sorted_out(self, rules: Iterable[Rule]) -> tuple[list[Rule], dict[str, str]]:
        good, refused = super().sorted_out(rules)
        if any(rule.kind == "user" for rule in good):
            # Samba would let in those only to whom both kinds of rules apply.
            guests = {rule.id for rule in good if rule.kind == "ip"}
            refused |= dict.fromkeys(guests, "the share has rules by user; remove these first.")
            good = [rule for rule in good if rule.id not in guests]
        return good, refused

    @property
    def _conf(self) -> str:
        return self.settings.text("conf", "/etc/samba/smb.conf")

    def _definition(self, share: Share) -> dict[str, str] | None:
        """The share's parameters in the registry, or None where it has no such share."""
        said = self._asked("net", "conf", "showshare", share.id)
        if said.status:
            if "SBC_ERR_NO_SUCH_SERVICE" in said.out + said.err:
                return None
            raise DriverError(f"Samba does not show share {share.id}: {said.reason}")
        lines = (line.partition("=") for line in said.out.splitlines())
        return {key.strip(): value.strip() for key, equals, value in lines if equals}

    def _define(self, share: Share, parameters: Mapping[str, str]) -> None:
        # One command, one transaction; and no argument is too long for the kernel.
        lines = "".join(f"\t{key} = {value}\n" for key, value in parameters.items())
        with tempfile.NamedTemporaryFile("w", prefix="baremetal-", suffix=".conf") as file:
            file.write(f"[{share.id}]\n{lines}")
            file.flush()
            self._net("import", file.name, share.id)
        self._tell("reload-config")

    def _net(self, *words: str) -> str:
        command = ["net", "conf", f"--configfile={self._conf}", *words]
        try:
            return run(command, package=_PACKAGE, seconds=_SECONDS)
        except CommandFailed as error:
            raise DriverError(error.message) from error

    def _tell(self, *words: str) -> None:
        """Let running servers know; where none runs there is nobody to tell."""
        self._asked("smbcontrol", "smbd", *words)

    def _asked(self, program: str, *words: str) -> Said:
        command = [program, f"--configfile={self._conf}", *words]
        return ask(command, package=_PACKAGE, seconds=_SECONDS)


def _definition(rules: Sequence[Rule]) -> dict[str, str]:
    """A share's parameters, but for its path."""
    users = {rule.to: rule.level for rule in rules if rule.kind == "user"}
    if users:
        return {
            "read only": "yes",
            "valid users": _list(users),
            "write list": _list(user for user, level in users.items() if level == "rw"),
        }
    hosts = _list(rule.grant.to for rule in rules)
    found = {"read only": "no", "guest ok": "yes", "guest only": "yes", "hosts deny": _NOBODY}
    return {**found, "hosts allow": hosts} if hosts else found


def _list(names: Iterable[str]) -> str:
    return " ".join(sorted(names))


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
