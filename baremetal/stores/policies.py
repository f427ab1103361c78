"""What an administrator lets each store be used for, in the whole zone or by a group."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from baremetal.domain.errors import InvalidInput
from baremetal.stores.errors import UseRefused


class Use(StrEnum):
    """What a store can be used for."""

    TEMPLATE = "template"
    IMAGE = "image"
    SNAPSHOT = "snapshot"
    VOLUME = "volume"
    BACKUP = "backup"
    SHARE = "share"
    CACHE = "cache"


@dataclass(frozen=True, slots=True)
class StorePolicy:
    """``[store:nfs1] use = template,snapshot``, ``groups = lab``."""

    store: str
    #: Empty: for everything.
    uses: frozenset[Use] = frozenset()
    #: Who may use it; empty: the whole zone.
    groups: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, store: str, use: str = "", groups: str = "") -> "StorePolicy":
        """The policy of a store, from what was configured, lists with commas.

        :raises InvalidInput: a word that is no use.
        """
        words = _words(use)
        strange = [word for word in words if word not in set(Use)]
        if strange:
            raise InvalidInput(
                f"[store:{store}] use = {strange[0]} is no use of a store. "
                f"There are: {', '.join(Use)}. Example: template,snapshot"
            )
        return cls(store, frozenset(Use(word) for word in words), frozenset(_words(groups)))

    @property
    def text(self) -> str:
        """The policy, as it was configured."""
        said = f"[store:{self.store}]"
        if self.uses:
            said += f" use = {','.join(sorted(self.uses))}"
        if self.groups:
            said += f" groups = {','.join(sorted(self.groups))}"
        return said

    def refusal(self, use: Use, groups: Iterable[str] = ()) -> str | None:
        """Why a member of `groups` may not use the store so, or None where he may."""
        if self.uses and use not in self.uses:
            return f"Store {self.store} is not for {use}s: the policy is '{self.text}'."
        if self.groups and self.groups.isdisjoint(groups):
            return (
                f"Store {self.store} is kept for {', '.join(sorted(self.groups))}: "
                f"the policy is '{self.text}'."
            )
        return None


def permit(policy: StorePolicy, use: Use, groups: Iterable[str] = ()) -> None:
    """Return if the store may be used so.

    :raises UseRefused: it may not, by the policy that the message names.
    """
    reason = policy.refusal(use, groups)
    if reason is not None:
        raise UseRefused(reason)


def permitted(
    policies: Iterable[StorePolicy], use: Use, groups: Iterable[str] = ()
) -> list[StorePolicy]:
    """The stores that may be used so, in their order."""
    mine = tuple(groups)
    return [policy for policy in policies if policy.refusal(use, mine) is None]


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.split(",")) if word]
