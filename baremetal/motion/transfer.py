"""Moves the bytes of one object into another: the cheapest legal way, verified, resumable."""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace

from baremetal.clock import Clock
from baremetal.domain.errors import InvalidInput, NotFound, NotSupported
from baremetal.motion.checkpoint import ALGORITHM, Checkpoint, Marker, notes_at, verified
from baremetal.motion.conversion import DiskOf
from baremetal.motion.hashing import Digests, Hasher, InFile, hasher_of
from baremetal.motion.kernel import KernelCopy, reflink
from baremetal.motion.meter import Meter
from baremetal.motion.plan import Plan, Strategy, choose, of_any_size, through_us
from baremetal.motion.preparation import prepared
from baremetal.motion.source import Source, Stored, steadily
from baremetal.motion.stream import PIECE, Pump
from baremetal.motion.trees import copy_tree
from baremetal.motion.wishes import Cancelled, Outcome, Progress, Wishes
from baremetal.stores import DataObject, Stat, Writer
from baremetal.stores.abilities import LocalFiles, LocalTrees, LocalWriter
from baremetal.stores.backends.block import DeviceWriter
from baremetal.stores.errors import DigestMismatch, HostileImage, SourceChanged, told


def transfer(
    source: DataObject,
    target: DataObject,
    wishes: Wishes | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    clock: Clock | None = None,
) -> Outcome:
    """Copy `source` to `target` and publish it there, if all wishes are fulfilled.

    `progress` is called up to ten times a second. `cancel` stops it; with a checkpoint it can
    be resumed then, as after the death of this process.

    :raises DigestMismatch: the bytes are not those that were expected.
    :raises SourceChanged: they changed meanwhile.
    :raises HostileImage: the image must not be opened.
    :raises Cancelled: `cancel` was set.
    :raises BaremetalError: what the two stores raise.
    """
    wishes, clock = wishes or Wishes(), clock or Clock()
    stat = source.store.stat(source.name)
    total = stat.size
    meter = Meter(total, report=progress, cancel=cancel, bandwidth=wishes.bandwidth, clock=clock)
    plan = choose(source, target, stat, wishes)
    if plan.strategy == Strategy.TREE:
        return _tree(source, target, plan, wishes, meter)
    _within(wishes.max_size, total)
    job = _Job(source, target, stat, wishes, meter, clock)
    if plan.strategy == Strategy.AT_ONCE:
        return job.at_once(plan)
    if plan.strategy == Strategy.SERVER_COPY:
        done = job.by_the_store(plan)
        if done is not None:
            return done
    return job.through_us(plan)


@dataclass
class _Job:
    """One transfer of one object."""

    source: DataObject
    target: DataObject
    stat: Stat
    wishes: Wishes
    meter: Meter
    clock: Clock

    def at_once(self, plan: Plan) -> Outcome:
        """A small file is read and written: all else would cost more than it."""
        size, wishes, digests = self.stat.size or 0, self.wishes, Digests(self._algorithms())
        source = self.source
        with closing(source.store.read(source.name, 0, None, self.stat.validator)) as pieces:
            data = b"".join(pieces)
        if len(data) != size:
            raise SourceChanged(source)
        digests.update(data)
        found = digests.hexdigests()
        self._compare(found)
        store, name = self.target.store, self.target.name
        with store.write(name, size=size, replace=wishes.replace) as writer:
            writer.write(0, data)
            self.meter.add(size)
            writer.commit(size)
        self.meter.finish()
        return Outcome(plan.strategy, plan.why, size, self._told(found), 0, self.meter.seconds)

    def by_the_store(self, plan: Plan) -> Outcome | None:
        """The store copies; what is wished to be verified is read at the target."""
        wishes, target = self.wishes, self.target
        try:
            how = target.store.copy(self.source.name, target.name, replace=wishes.replace)
        except NotSupported:
            return None
        digests: dict[str, str] = {}
        if self._algorithms():
            stat = target.store.stat(target.name)
            digests = self._read_all(Stored(target, stat))
            try:
                self._compare(digests)
            except DigestMismatch:
                target.store.delete(target.name)
                raise
        size = target.store.stat(target.name).size or 0
        self.meter.finish()
        return Outcome(how, plan.why, size, self._told(digests), 0, self.meter.seconds)

    def _read_all(self, source: Source) -> dict[str, str]:
        hasher = self._hasher(self._algorithms())
        try:
            for piece in steadily(source, 0, source.size, self.meter, self.wishes.retries):
                hasher.feed(piece)
                self.meter.add(len(piece))
            return hasher.finish()
        finally:
            hasher.stop()

    def through_us(self, plan: Plan) -> Outcome:
        """This process, or the kernel for it, carries the bytes."""
        wishes = self.wishes
        with prepared(self.source, self.stat, wishes, self.meter) as source:
            _within(wishes.max_size, source.size)
            self.meter.total = source.size
            if isinstance(source, Stored):
                # It may lie as it is, after all, or was brought near: there may be a better way.
                plain = replace(wishes, target_format=None, unpack=None)
                plan = of_any_size(source.object, self.target, source.stat, plain)
            else:
                plan = through_us(self.target, source.size, wishes, random=source.random)
            checkpoint = self._checkpoint(source)
            writer, start, digests = self._begin(source, checkpoint)
            hasher = self._hasher(digests, (source.size or PIECE * 4) - start)
            can = self.target.store.capabilities
            grain = can.part_size if can.part_size and not can.random_write else 1
            marker = Marker(checkpoint, writer, hasher, self.clock, grain)
            self.meter.start_at(start)
            try:
                plan, size = self._move(plan, source, writer, hasher, (start, marker.mark))
                found = hasher.finish()
                self._compare(found if source.plain else source.digests())
                self._unchanged()
                with told(self.target):
                    stat = writer.commit(size)
            except BaseException as error:
                hasher.stop()
                self._give_up(writer, checkpoint, error)
                raise
        if checkpoint is not None:
            checkpoint.forget()
        self.meter.finish()
        size = size if stat.size is None else stat.size
        seconds = self.meter.seconds
        return Outcome(plan.strategy, plan.why, size, self._told(found), start, seconds)

    def _move(
        self,
        plan: Plan,
        source: Source,
        writer: Writer,
        hasher: Hasher,
        place: tuple[int, Callable[[int], None]],
    ) -> tuple[Plan, int]:
        start, mark = place
        if plan.strategy == Strategy.KERNEL_COPY and isinstance(writer, LocalWriter):
            return self._by_kernel(plan, source, writer, hasher, place)
        if isinstance(source, DiskOf) and isinstance(writer, DeviceWriter) and self._free:
            with writer.lent() as node:
                source.convert(node, self.meter, blank=writer.blank)
            return Plan(Strategy.QEMU, "QEMU knows image and device, nothing else is wished"), (
                source.size
            )
        pump = Pump(
            source,
            writer,
            self.target.store.capabilities,
            hasher,
            self.meter,
            self.wishes.retries,
            self.wishes.max_size,
        )
        if plan.strategy == Strategy.PARALLEL_RANGES:
            return plan, pump.parallel(start, self.wishes.concurrency, mark)
        return plan, pump.stream(start, mark)

    def _by_kernel(
        self,
        plan: Plan,
        source: Source,
        writer: LocalWriter,
        hasher: Hasher,
        place: tuple[int, Callable[[int], None]],
    ) -> tuple[Plan, int]:
        assert isinstance(source, Stored)  # noqa: S101 - the plan has looked
        store, size = source.object.store, source.size or 0
        assert isinstance(store, LocalFiles)  # noqa: S101 - the plan has looked
        start, mark = place
        fd = store.open_source(source.object.name, source.stat.validator)
        try:
            with told(self.source):
                if start == 0 and size and reflink(fd, writer.fileno()):
                    hasher.feed(InFile(writer.fileno(), 0, size))
                    self.meter.add(size, moved=False)
                    return Plan(Strategy.REFLINK, "the file system shares the blocks"), size
                KernelCopy(fd, writer, hasher, self.meter).copy(start, size, mark)
                return plan, size
        finally:
            os.close(fd)

    @property
    def _free(self) -> bool:
        """Whether nobody must see the bytes on their way."""
        wishes = self.wishes
        return not (wishes.hashes or wishes.bandwidth or wishes.checkpoint)

    def _algorithms(self, *, plain: bool = True) -> tuple[str, ...]:
        wanted = dict.fromkeys(self.wishes.hashes)
        if plain:
            wanted |= dict.fromkeys(self.wishes.expected)
        if self.wishes.checkpoint is not None and not wanted:
            wanted[ALGORITHM] = None
        return tuple(wanted)

    def _hasher(self, what: tuple[str, ...] | Digests, size: int = PIECE) -> Hasher:
        digests = what if isinstance(what, Digests) else Digests(what)
        return hasher_of(digests, size)

    def _checkpoint(self, source: Source) -> Checkpoint | None:
        place = self.wishes.checkpoint
        if place is None or not self.target.store.capabilities.resume or not source.random:
            return None
        return Checkpoint(notes_at(place), self.source, self.target, self.stat)

    def _begin(self, source: Source, checkpoint: Checkpoint | None) -> tuple[Writer, int, Digests]:
        """A writer, where it goes on, and the digests of what is before."""
        store, name, replace = self.target.store, self.target.name, self.wishes.replace
        algorithms = self._algorithms(plain=source.plain)
        record = checkpoint.load() if checkpoint is not None else None
        if checkpoint is not None and record is not None:
            try:
                writer = store.write(name, size=source.size, replace=replace, resume=record.token)
            except NotFound:
                checkpoint.forget()
            else:
                if checkpoint.same_source:
                    return writer, *verified(record, algorithms, writer, source.read)
                writer.abort()
                checkpoint.forget()
        writer = store.write(name, size=source.size, replace=replace)
        return writer, 0, Digests(algorithms)

    def _give_up(self, writer: Writer, checkpoint: Checkpoint | None, error: BaseException) -> None:
        """Leave nothing; or, where a checkpoint is wished and it may yet go well, what it says."""
        lasting = isinstance(error, DigestMismatch | SourceChanged | HostileImage | InvalidInput)
        if checkpoint is not None and not lasting and checkpoint.load() is not None:
            writer.close()
            return
        writer.abort()
        if checkpoint is not None:
            checkpoint.forget()

    def _compare(self, digests: Mapping[str, str]) -> None:
        for algorithm, promised in self.wishes.expected.items():
            found = digests.get(algorithm, "")
            if found.lower() != promised.lower():
                raise DigestMismatch(self.source, algorithm, promised, found)

    def _unchanged(self) -> None:
        if not isinstance(self.source.store, LocalFiles) or self.stat.validator is None:
            return
        if self.source.store.stat(self.source.name).validator != self.stat.validator:
            raise SourceChanged(self.source)

    def _told(self, digests: Mapping[str, str]) -> dict[str, str]:
        asked = {*self.wishes.hashes, *self.wishes.expected}
        return {name: digest for name, digest in digests.items() if name in asked}


def _within(limit: int | None, size: int | None) -> None:
    if limit is not None and size is not None and size > limit:
        raise HostileImage(
            f"It is {size} bytes long, more than the {limit} that it may be; nothing was written."
        )


def _tree(
    source: DataObject, target: DataObject, plan: Plan, wishes: Wishes, meter: Meter
) -> Outcome:
    if not isinstance(source.store, LocalTrees) or not isinstance(target.store, LocalTrees):
        raise NotSupported(f"{source} is a tree; it can be copied to another tree:// only.")
    here, there = source.store.directory(source.name), target.store.directory(target.name)
    size, digests = copy_tree(here, there, wishes, meter)
    meter.finish()
    return Outcome(plan.strategy, plan.why, size, digests, 0, meter.seconds)


__all__ = ["Cancelled", "Outcome", "Progress", "Wishes", "transfer"]
