"""Export: servers that let clients into trees, to those and that degree that rules say.

Every call is safe to make twice, also after one that a dead process left half-way.
"""

import ipaddress
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, NamedTuple

from baremetal.domain.errors import InvalidInput
from baremetal.domain.share_access import check_plain
from baremetal.drivers.interfaces.configured import ConfiguredDriver
from baremetal.drivers.interfaces.storage import Share, Tree


@dataclass(frozen=True, slots=True)
class Rule:
    """Somebody may come in. Of several that fit, the one with the longest prefix counts.

    :ivar kind: ``ip`` (an address or network, v4 or v6) or ``user``.
    :ivar level: ``rw`` or ``ro``.
    """

    id: str
    kind: str
    to: str
    level: str = "rw"

    @property
    def grant(self) -> "Grant":
        """What a server should say when this rule is in force.

        :raises InvalidInput: its address is none.
        """
        return Grant(self.kind, network(self.to).text if self.kind == "ip" else self.to, self.level)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """What a server enforces: a rule without its id, networks written with their prefix."""

    kind: str
    to: str
    level: str


@dataclass(frozen=True, slots=True)
class Location:
    r"""What a client mounts.

    :ivar path: as its protocol writes it: ``host:/path`` or ``\\host\name``.
    :ivar admin: for our own services only, such as the one that copies data.
    """

    path: str
    admin: bool = False


@dataclass(frozen=True, slots=True)
class AccessOutcome:
    """What became of rules. Those that are not named are in force.

    :ivar refused: why, for a person, by the rule's id.
    :ivar keys: secrets that a server has made for a rule, by its id.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ExportCapabilities:
    """What an export can do, as data."""

    protocol: str
    #: Levels that can be granted, by the kind of rule.
    access: Mapping[str, tuple[str, ...]]
    #: Media of storages that it takes.
    media: tuple[str, ...] = ("directory",)


class ExportInterface(ConfiguredDriver, ABC):
    """Lets clients into trees, by one server. What it says outlives a restart of the server.

    Errors beside those named: `Unavailable` where it does not answer; what was asked for is kept
    then, and in force when it starts again. Else a `BaremetalError` with what the server said.
    """

    kind: ClassVar = "export"

    @property
    @abstractmethod
    def capabilities(self) -> ExportCapabilities:
        """What this very server can do."""

    @abstractmethod
    def ensure(self, share: Share, tree: Tree) -> tuple[Location, ...]:
        """Export the tree; its rules stay as they are. A new one lets nobody in.

        :raises InvalidInput: the tree cannot be exported by this server.
        """

    @abstractmethod
    def remove(self, share: Share) -> None:
        """Export it no more, and forget its rules."""

    @abstractmethod
    def update_access(
        self,
        share: Share,
        rules: Sequence[Rule],
        add: Sequence[Rule] = (),
        delete: Sequence[Rule] = (),
    ) -> AccessOutcome:
        """Let `rules` be all that is in force, when this returns.

        `add` and `delete` are what is new since the last call that succeeded: a driver may do
        just that. Where both are empty it must not trust in anything (recovery).

        :raises NotFound: it is not exported.
        """

    @abstractmethod
    def enforced(self, share: Share) -> frozenset[Grant]:
        """What the server enforces now, as it says itself.

        :raises NotFound: it is not exported.
        """

    @abstractmethod
    def exported(self) -> frozenset[str]:
        """The ids of all shares that the server lets anybody see, for finding leftovers."""

    def addresses(self) -> list[tuple[str, bool]]:
        """Where the server is reached, by its settings; and whether by our own services only."""
        pairs = (("address", False), ("admin_address", True))
        return [(found, admin) for name, admin in pairs if (found := self.settings.text(name))]

    def refusal(self, rule: Rule) -> str | None:
        """Why such a rule can never be in force here, or None where it can."""
        access = self.capabilities.access
        if rule.kind not in access:
            return f"{self.capabilities.protocol} here takes rules by {' or '.join(access)}."
        if rule.level not in access[rule.kind]:
            levels = " or ".join(access[rule.kind])
            return f"a rule by {rule.kind} can be {levels} here."
        if rule.kind == "ip":
            try:
                network(rule.to)
            except InvalidInput as error:
                return error.message
        return None

    def sorted_out(self, rules: Iterable[Rule]) -> tuple[list[Rule], dict[str, str]]:
        """Those that can be in force, and why others cannot, by id."""
        refused = {rule.id: why for rule in rules if (why := self.refusal(rule)) is not None}
        return [rule for rule in rules if rule.id not in refused], refused

    def is_in_force(self, share: Share, rules: Sequence[Rule]) -> bool:
        """Whether the server enforces these rules and no others, leaving out what it refuses.

        :raises NotFound: it is not exported.
        """
        good, _ = self.sorted_out(rules)
        return self.enforced(share) == {rule.grant for rule in good}


class Network(NamedTuple):
    """Addresses, as all drivers write them.

    :ivar text: with its prefix, also where it is one address.
    :ivar prefix: how many bits its addresses have in common.
    """

    text: str
    prefix: int


@lru_cache(maxsize=1 << 15)
def network(text: str) -> Network:
    """The addresses that `text` names: one, or those with a prefix.

    Shares have thousands of rules that are looked at with each change: it remembers.

    :raises InvalidInput: it names none, or has bits beyond its prefix.
    """
    try:
        found = ipaddress.ip_network(text)
        check_plain(text)
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is no address or network: {error}. Examples: 192.0.2.7, 192.0.2.0/24, "
            "2001:db8::/64."
        ) from error
    return Network(str(found), found.prefixlen)
