"""What callers may do: our rules, and what an operator's policy file makes of them.

The file is in oslo.policy's language (https://docs.openstack.org/oslo.policy/latest/admin/).
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_policy import opts

from baremetal.auth.identity import Identity
from baremetal.auth.rules import EVERYBODY, Rule
from baremetal.domain.errors import InvalidInput

LOG = logging.getLogger(__name__)

#: How often the policy file is looked at, seconds.
_LOOK_SECONDS = 1.0
#: Rulings that are remembered; callers come with many projects, and targets with many owners.
_MOST_RULINGS = 20_000
#: Checks that look at the caller alone, unless they name something of the target.
_PLAIN = ("TrueCheck", "FalseCheck", "RoleCheck", "GenericCheck")
#: Checks that are made of others.
_COMPOSED = ("OrCheck", "AndCheck")

_NO_TARGET: Mapping[str, str] = {}


def policy_of(conf: cfg.ConfigOpts, rules: Iterable[Rule]) -> "Policy | None":
    """The policy of this configuration; None where all who come in may do everything.

    :raises InvalidInput: the policy file can not be used.
    """
    opts.set_defaults(conf, policy_file="policy.yaml")
    files = _files(conf)
    if conf.api.auth != "keystone" and not files:
        return None
    return Policy(conf, rules, files)


def _files(conf: cfg.ConfigOpts) -> list[Path]:
    """The files and directories of policy, beside the configuration or in the state directory."""
    group = conf.oslo_policy
    found = [_found(conf, name) for name in (group.policy_file, *group.policy_dirs)]
    set_by = conf.get_location("policy_file", "oslo_policy")
    if found[0] is None and set_by is not None and set_by.location.is_user_controlled:
        raise InvalidInput(f"[oslo_policy] policy_file: there is no {group.policy_file}.")
    return [path for path in found if path is not None]


def _found(conf: cfg.ConfigOpts, name: str) -> Path | None:
    folders = [Path(file).parent for file in conf.config_file] + [Path(conf.state_dir)]
    paths = (folder.expanduser().resolve() / Path(name).expanduser() for folder in folders)
    return next((path for path in paths if path.exists()), None)


class Policy:
    """Judges callers. Its file is read again when it has changed."""

    def __init__(self, conf: cfg.ConfigOpts, rules: Iterable[Rule], files: Iterable[Path]) -> None:
        """Judge by `rules`, unless `files` override them.

        :raises InvalidInput: one of them can not be used.
        """
        self._conf = conf
        self._rules = tuple(rules)
        self._files = tuple(files)
        self._lock = threading.Lock()
        self._read = self._signature()
        self._book = self._load()
        self._looked = time.monotonic()

    def ruling(self, identity: Identity, rule: Rule) -> bool | None:
        """Whether `identity` may do it, whatever the target; None where that depends on it."""
        if self._files and time.monotonic() - self._looked > _LOOK_SECONDS:
            self.look_again()
        book = self._book
        try:
            return book.rulings[rule, identity]
        except KeyError:
            return book.rule(rule, identity)

    def allows(
        self, identity: Identity, rule: Rule, target: Mapping[str, str] = _NO_TARGET
    ) -> bool:
        """Whether `identity` may do it with this target (``node.owner``, ``node.lessee``...)."""
        ruling = self.ruling(identity, rule)
        return self._book.judge(rule, identity, target) if ruling is None else ruling

    def text(self, rule: Rule) -> str:
        """What a rule asks for now."""
        return self._book.text(rule)

    def _signature(self) -> tuple[Any, ...]:
        """What is another after each change of a file."""
        inside = (sorted(path.iterdir()) if path.is_dir() else [path] for path in self._files)
        return tuple(
            (file, stat.st_mtime_ns, stat.st_size, stat.st_ino)
            for files in inside
            for file in files
            for stat in [file.stat()]
        )

    def look_again(self) -> None:
        """Read the files anew if they have changed; with a mistake in them, all stays as it was."""
        if self._lock.acquire(blocking=False):
            try:
                self._reread()
            except (OSError, InvalidInput) as error:
                LOG.error("the policy stays what it was: %s", error)  # noqa: TRY400 - it says all
            finally:
                self._looked = time.monotonic()
                self._lock.release()

    def _reread(self) -> None:
        signature = self._signature()
        if signature == self._read:
            return
        self._read = signature
        self._book = self._load()
        LOG.info("the policy was read again")

    def _load(self) -> "_Book":
        # It takes 90 ms to import; a service without a policy of its own does without it.
        from oslo_policy import policy as oslo  # noqa: PLC0415

        files = [str(path) for path in self._files if path.is_file()]
        folders = [str(path) for path in self._files if path.is_dir()]
        enforcer = oslo.Enforcer(self._conf, policy_file=files[0] if files else None)
        self._conf.set_override("policy_dirs", folders, group="oslo_policy")
        enforcer.register_defaults([oslo.RuleDefault(who.name, who.check) for who in EVERYBODY])
        enforcer.register_defaults(
            [oslo.RuleDefault(rule.name, rule.check) for rule in self._rules]
        )
        try:
            enforcer.load_rules()
            enforcer.check_rules(raise_on_violation=True)
        except Exception as error:
            # Each kind of mistake in a file has an error of its own, from three libraries.
            raise InvalidInput(f"The policy in {', '.join(files + folders)}: {error}") from error
        return _Book(enforcer)


class _Book:
    """The rules as they are for now, and how they were applied."""

    def __init__(self, enforcer: Any) -> None:
        self._enforcer = enforcer
        #: {(rule, identity): whether, whatever the target; None where that depends}
        self.rulings: dict[tuple[Rule, Identity], bool | None] = {}
        self._judgments: dict[tuple[Rule, Identity, frozenset[tuple[str, str]]], bool] = {}
        #: Whether a rule's judgment is the same for the same caller and target, however often.
        self._lasting: dict[Rule, bool] = {}

    def rule(self, rule: Rule, identity: Identity) -> bool | None:
        """What is to be remembered in `rulings`."""
        if len(self.rulings) >= _MOST_RULINGS:
            self.rulings.clear()
        found = self._ruling(self._enforcer.rules[rule.name], _credentials(identity))
        self.rulings[rule, identity] = found
        return found

    def judge(self, rule: Rule, identity: Identity, target: Mapping[str, str]) -> bool:
        """Whether it may be done with this target."""
        key = (rule, identity, frozenset(target.items()))
        found = self._judgments.get(key)
        if found is None:
            if len(self._judgments) >= _MOST_RULINGS:
                self._judgments.clear()
            credentials = _credentials(identity)
            check = self._enforcer.rules[rule.name]
            # A rule without a target may speak of the caller's own project.
            found = bool(check({**credentials, **target}, credentials, self._enforcer, rule.name))
            if self._lasts(rule, check):
                self._judgments[key] = found
        return found

    def _lasts(self, rule: Rule, check: Any) -> bool:
        lasts = self._lasting.get(rule)
        if lasts is None:
            lasts = self._lasting[rule] = self._is_closed(check)
        return lasts

    def _is_closed(self, check: Any) -> bool:
        """Whether a check asks nobody else, such as a server (``http:``) or an operator's own."""
        kind = type(check).__name__
        if kind == "RuleCheck":
            inner = self._enforcer.rules.get(check.match)
            return inner is None or self._is_closed(inner)
        if kind == "NotCheck":
            return self._is_closed(check.rule)
        if kind in _COMPOSED:
            return all(self._is_closed(part) for part in check.rules)
        return kind in _PLAIN

    def text(self, rule: Rule) -> str:
        """What a rule asks for."""
        return str(self._enforcer.rules[rule.name]).replace("rule:", "").strip("()")

    def _ruling(self, check: Any, credentials: dict[str, Any]) -> bool | None:
        """A check's outcome in three values, without its target."""
        kind = type(check).__name__
        if kind == "RuleCheck":
            inner = self._enforcer.rules.get(check.match)
            return False if inner is None else self._ruling(inner, credentials)
        if kind == "NotCheck":
            found = self._ruling(check.rule, credentials)
            return None if found is None else not found
        if kind in _COMPOSED:
            parts = [self._ruling(part, credentials) for part in check.rules]
            decisive = kind == "OrCheck"
            if decisive in parts:
                return decisive
            return None if None in parts else not decisive
        if kind not in _PLAIN or "%(" in str(check):
            return None
        return bool(check({}, credentials, self._enforcer))


def _credentials(identity: Identity) -> dict[str, Any]:
    """What rules may look at of a caller. What they lack is left out, or nothing would match it."""
    known = {
        "user_id": identity.user_id,
        "user_name": identity.name,
        "project_id": identity.project_id,
        "project_name": identity.project_name,
        "system_scope": identity.system_scope,
    }
    return {
        **{name: value for name, value in known.items() if value is not None},
        "roles": sorted(identity.roles),
    }
