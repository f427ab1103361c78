"""``rbd://pool/image``: Ceph's block devices as objects, reached by librbd in user space."""

import secrets
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace as changed
from datetime import datetime
from typing import Any, ClassVar, Final

from baremetal.domain.errors import AlreadyExists, InvalidInput, NotFound, Unavailable
from baremetal.domain.properties import Property
from baremetal.stores.abilities import BlockNode, KnowsLeftovers, Leftover
from baremetal.stores.backends.block import BlockStore, DeviceWriter
from baremetal.stores.backends.rbd_command import RbdCommand
from baremetal.stores.contract import Bytes, Stat, Token, Writer
from baremetal.stores.errors import SourceChanged
from baremetal.stores.uri import Uri

#: Images on their way, and the snapshots that clones hang on.
_ASIDE: Final = ".baremetal-"
_SNAPSHOT: Final = "baremetal-clone"
#: How large an image begins whose size is not known; it then doubles.
_FIRST_SIZE: Final = 1 << 30


class RbdStore(BlockStore, KnowsLeftovers):
    """Images in pools; a name is ``pool/image``. A new one is written aside, and renamed."""

    scheme = "rbd"
    properties: ClassVar[tuple[Property, ...]] = (
        Property("monitors", "Hosts and ports, with commas.", "192.0.2.7:6789"),
        Property("conf", "A ceph.conf that names the monitors instead.", "/etc/ceph/ceph.conf"),
        Property("user", "Who we are, without 'client.'.", "baremetal", required=True),
        Property("key", "The user's key.", "AQBk...==", secret=True, required=True),
        Property(
            "timeout",
            "How long the monitors may take to let us in, seconds.",
            "30",
            kind="integer",
            minimum=1,
            maximum=600,
        ),
    )
    capabilities = changed(
        BlockStore.capabilities,
        deletable=True,
        atomic_publish=True,
        server_copy=True,
        reflink=True,
        list=True,
    )

    def __init__(self, settings: Mapping[str, object] | None = None) -> None:
        super().__init__(dict(settings or {}))
        get = self.settings.text
        if not get("monitors") and not get("conf"):
            raise InvalidInput("rbd/monitors is missing (Example: 192.0.2.7:6789), or rbd/conf.")
        self._rbd = RbdCommand(
            get("monitors"),
            get("user"),
            get("key"),
            get("conf"),
            self.settings.integer("timeout", 30),
        )

    def uri(self, name: str) -> str:
        pool, _, image = name.partition("/")
        return str(Uri("rbd", pool, f"/{image}"))

    def _run(self, name: str, *words: str) -> str:
        return self._rbd.run(self.uri(name), *words, *self._place(name))

    def _place(self, name: str) -> tuple[str, ...]:
        pool, image = _parts(name)
        return ("--pool", pool, "--image", image)

    def block_node(self, name: str) -> BlockNode:
        pool, image = _parts(name)
        get = self.settings.text
        node: dict[str, Any] = {
            "driver": "rbd",
            "pool": pool,
            "image": image,
            "user": get("user"),
            "key-secret": "key",
        }
        if get("monitors"):
            hosts = (each.strip().rpartition(":") for each in get("monitors").split(","))
            node["server"] = [{"host": host, "port": port} for host, _, port in hosts]
        if get("conf"):
            node["conf"] = get("conf")
        # QEMU wants the key as bytes, not as the text that Ceph writes them in.
        return BlockNode(node, {"key,format=base64": get("key")})

    def _info(self, name: str) -> dict[str, Any]:
        words = ("info", *self._place(name))
        found: dict[str, Any] = self._rbd.json(self.uri(name), *words)
        return found

    def stat(self, name: str) -> Stat:
        said = self._info(name)
        written = f"{said['create_timestamp']} +0000"
        modified = datetime.strptime(written, "%a %b %d %H:%M:%S %Y %z").timestamp()
        return Stat(int(said["size"]), str(said["id"]), modified, name=name)

    def described(self, name: str) -> Stat:
        return self.stat(name)

    def read(
        self, name: str, start: int = 0, length: int | None = None, expect: str | None = None
    ) -> Generator[Bytes, None, None]:
        with self.reading(name) as (export, validator):
            if expect is not None and validator != expect:
                raise SourceChanged(self.uri(name))
            yield from export.read(start, length)

    def write(
        self,
        name: str,
        *,
        size: int | None = None,
        replace: bool = False,
        resume: Token | None = None,
    ) -> Writer:
        if not replace:
            self.refuse_taken(name)
        if resume is not None:
            aside = str(resume.get("aside", ""))
            if not aside.startswith(_ASIDE):
                raise NotFound("Interrupted write", aside)
        else:
            aside = f"{_ASIDE}{secrets.token_hex(8)}"
        pool, _ = _parts(name)
        there = f"{pool}/{aside}"
        if resume is None:
            first = _FIRST_SIZE if size is None else size
            self._run(there, "create", "--size", f"{first}B")
        else:
            first = self.stat(there).size or 0
        return _RbdWriter(self, name, there, first, grows=size is None, replace=replace)

    def resize(self, name: str, size: int) -> None:
        """Make an image larger, or smaller."""
        self._run(name, "resize", "--size", f"{size}B", "--allow-shrink", "--no-progress")

    def publish(self, aside: str, name: str, *, replace: bool) -> None:
        """Give an image its name.

        :raises AlreadyExists: it is taken.
        """
        self.forget(name)
        if not replace:
            self._rename(aside, name)
            return
        old = f"{_parts(name)[0]}/{_ASIDE}{secrets.token_hex(8)}"
        try:
            self._rename(name, old)
        except NotFound:
            self._rename(aside, name)
            return
        self._rename(aside, name)
        # Somebody may read it yet.
        with suppress(Unavailable):
            self.delete(old)

    def _rename(self, source: str, target: str) -> None:
        pool, image = _parts(target)
        place = ("--dest-pool", pool, "--dest", image)
        self._rbd.run(self.uri(target), "rename", *self._place(source), *place)

    def delete(self, name: str) -> None:
        self.forget(name)
        with suppress(NotFound):
            self._let_clones_go(name)
            self._run(name, "rm", "--no-progress")

    def _let_clones_go(self, name: str) -> None:
        """Give clones their own bytes, so that the image can go."""
        snapshot = ("--snap", _SNAPSHOT)
        words = ("snap", "ls", *self._place(name))
        names = [row["name"] for row in self._rbd.json(self.uri(name), *words)]
        if _SNAPSHOT not in names:
            return
        words = ("children", *self._place(name), *snapshot)
        for child in self._rbd.json(self.uri(name), *words):
            self._run(f"{child['pool']}/{child['image']}", "flatten", "--no-progress")
        self._run(name, "snap", "unprotect", *snapshot)
        self._run(name, "snap", "rm", *snapshot, "--no-progress")

    def copy(self, source: str, target: str, *, replace: bool = False) -> str:
        if not replace:
            self.refuse_taken(target)
        snapshot = ("--snap", _SNAPSHOT)
        # An image does not change once it is published, so one snapshot serves all its clones.
        with suppress(AlreadyExists):
            self._run(source, "snap", "create", *snapshot, "--no-progress")
            self._run(source, "snap", "protect", *snapshot)
        pool, _ = _parts(target)
        aside = f"{pool}/{_ASIDE}{secrets.token_hex(8)}"
        place = ("--dest-pool", pool, "--dest", _parts(aside)[1])
        self._run(source, "clone", *snapshot, *place)
        try:
            self.publish(aside, target, replace=replace)
        except BaseException:
            self.delete(aside)
            raise
        return "clone"

    def list(self, prefix: str = "") -> Iterator[Stat]:
        pool, _, start = prefix.partition("/")
        if not pool:
            raise InvalidInput("A listing is that of one pool: rbd://pool/prefix.")
        for row in self._rows(pool):
            image = str(row["image"])
            if image.startswith(start) and not image.startswith(_ASIDE):
                yield Stat(int(row["size"]), str(row["id"]), name=f"{pool}/{image}")

    def _rows(self, pool: str) -> Sequence[dict[str, Any]]:
        rows = self._rbd.json(f"rbd://{pool}", "ls", "--long", "--pool", pool)
        images = (row for row in rows if "snapshot" not in row)
        return sorted(images, key=lambda row: str(row["image"]))

    def leftovers(self, prefix: str = "") -> Iterator[Leftover]:
        pool = prefix.partition("/")[0]
        for row in self._rows(pool):
            name = f"{pool}/{row['image']}"
            if str(row["image"]).startswith(_ASIDE):
                with suppress(NotFound):
                    yield Leftover(self.uri(name), name, self.stat(name).modified)

    def discard(self, leftover: Leftover) -> None:
        self.delete(leftover.handle)


class _RbdWriter(DeviceWriter):
    """Writes to an image aside; one whose size is not known grows."""

    def __init__(
        self,
        store: RbdStore,
        name: str,
        aside: str,
        size: int,
        *,
        grows: bool,
        replace: bool,
    ) -> None:
        export = store.open(aside, writable=True, size=size)
        super().__init__(store, aside, export, store.uri(name))
        self._store = store
        self._name = name
        self._aside = aside
        self._grows = grows
        self._replace = replace

    def write(self, position: int, data: Bytes) -> None:
        self._make_room(position + len(data))
        super().write(position, data)

    def skip(self, position: int, length: int) -> None:
        """Nothing: a new image is empty. What a resume goes over once more was a hole before."""
        self._make_room(position + length)

    def checkpoint(self) -> Token:
        self._export.flush()
        return {"aside": self._aside.partition("/")[2]}

    def _make_room(self, end: int) -> None:
        if self._grows and end > self._export.size:
            size = self._export.size
            while size < end:
                size *= 2
            self._export.flush()
            self._export.close()
            self._store.resize(self._aside, size)
            self._export = self._store.open(self._aside, writable=True, size=size)

    def commit(self, size: int) -> Stat:
        self._export.flush()
        whole = self._export.size
        self._export.close()
        if whole != size:
            self._store.resize(self._aside, size)
        self._store.publish(self._aside, self._name, replace=self._replace)
        self._ended = True
        return self._store.stat(self._name)

    def abort(self) -> None:
        self.close()
        self._store.delete(self._aside)


def _parts(name: str) -> tuple[str, str]:
    pool, _, image = name.partition("/")
    if not pool or not image or "/" in image or "@" in image:
        raise InvalidInput(f"'{name}' is no image; rbd://pool/image is, without '/' and '@'.")
    return pool, image
