"""Which way a transfer goes, and why: pure, by capabilities."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from baremetal.motion.stream import PIECE
from baremetal.motion.wishes import Wishes
from baremetal.stores import DataObject, Stat
from baremetal.stores.abilities import LocalFiles

#: What is read and written at once.
SMALL: Final = 64 << 10


class Strategy(StrEnum):
    """The ways, the cheapest first."""

    AT_ONCE = "at once"
    REFLINK = "reflink"
    SERVER_COPY = "server copy"
    KERNEL_COPY = "kernel copy"
    QEMU = "qemu convert"
    PARALLEL_RANGES = "parallel ranges"
    STREAM = "stream"
    TREE = "tree"


@dataclass(frozen=True, slots=True)
class Plan:
    """A way, and the reason in words."""

    strategy: Strategy
    why: str


def choose(source: DataObject, target: DataObject, stat: Stat, wishes: Wishes) -> Plan:
    """The cheapest way that these two stores, and the wishes, allow."""
    plan = of_any_size(source, target, stat, wishes)
    small = stat.size is not None and stat.size <= SMALL
    as_it_is = wishes.checkpoint is None and wishes.source_format is None
    if small and as_it_is and plan.strategy == Strategy.KERNEL_COPY:
        return Plan(Strategy.AT_ONCE, "it is small: one read and one write are all")
    return plan


def of_any_size(source: DataObject, target: DataObject, stat: Stat, wishes: Wishes) -> Plan:
    """The way of an object of any size."""
    if stat.tree:
        return Plan(Strategy.TREE, "the source is a tree")
    if wishes.target_format or wishes.unpack:
        what = wishes.target_format or wishes.unpack
        return Plan(Strategy.STREAM, f"the bytes are changed on the way ({what})")
    both_local = isinstance(source.store, LocalFiles) and isinstance(target.store, LocalFiles)
    if both_local:
        return Plan(Strategy.KERNEL_COPY, "source and target are files of this machine")
    if same_store(source, target) and target.store.capabilities.server_copy:
        return Plan(Strategy.SERVER_COPY, "source and target are in one store, which copies")
    random = source.store.capabilities.random_read and stat.ranges
    return through_us(target, stat.size, wishes, random=random)


def through_us(target: DataObject, size: int | None, wishes: Wishes, *, random: bool) -> Plan:
    """The way of bytes that come through this process; `random` if any range can be read."""
    can_write = target.store.capabilities
    step = PIECE if can_write.random_write else can_write.part_size or 0
    reasons = (
        (size is None, "the source does not say how long it is"),
        (
            not random,
            "the source can only be read from its beginning",
        ),
        (not step, "the target can only be written in order"),
        ((size or 0) <= step, "one range is all of it"),
        (wishes.concurrency == 1, "one range at a time was wished"),
    )
    for true, why in reasons:
        if true:
            return Plan(Strategy.STREAM, why)
    return Plan(
        Strategy.PARALLEL_RANGES, f"both ends take ranges; {wishes.concurrency} go at a time"
    )


def same_store(source: DataObject, target: DataObject) -> bool:
    """Whether the two are in the same store, reached with the same settings."""
    one, other = source.store, target.store
    return type(one) is type(other) and one.settings == other.settings
