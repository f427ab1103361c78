"""NFS by NFS-Ganesha: each share is an export in a file of its own, which it is told to read.

The file comes first: so a reload or a restart of the server keeps what was asked for.
"""

import hashlib
import itertools
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from baremetal.clock import Clock
from baremetal.domain.errors import DriverError, InvalidInput, NotFound
from baremetal.domain.properties import Property
from baremetal.drivers.export.ganesha_bus import GaneshaBus, Refused
from baremetal.drivers.interfaces.export import (
    AccessOutcome,
    ExportCapabilities,
    ExportInterface,
    Grant,
    Location,
    Rule,
    network,
)
from baremetal.drivers.interfaces.storage import Share, Tree
from baremetal.stores.errors import told

_LAST_ID: Final = 65535
#: Ganesha reads ``*.conf`` of the directory, and looks into no directory within.
_STATE: Final = ".state"
_NUMBER: Final = re.compile(r"Export_Id = (\d+);")
_PATH: Final = re.compile(r'Path = "([^"]*)";')
_CLIENTS: Final = re.compile(r"^ {4}CLIENT .*\n", re.MULTILINE)
_EXPORT: Final = """EXPORT {{
    Export_Id = {number};
    Filesystem_id = {fsid};
    Path = "{path}";
    Pseudo = "{pseudo}";
    Protocols = {protocols};
    Access_Type = NONE;
    Squash = {squash};
    SecType = sys;
    FSAL {{ Name = VFS; }}
{clients}}}
"""
_SQUASH: Final = {"none": "No_Root_Squash", "root": "Root_Squash", "all": "All_Squash"}


class GaneshaExport(ExportInterface):
    """NFS in user space. Its configuration includes our directory by ``%dir``."""

    properties: ClassVar[tuple[Property, ...]] = (
        Property("address", "Where clients reach the server.", "192.0.2.10", required=True),
        Property(
            "exports",
            "The directory of our exports, which its configuration includes.",
            "/etc/ganesha/baremetal",
            required=True,
        ),
        Property("admin_address", "Where our own services reach it, if elsewhere.", "192.0.2.11"),
        Property("bus", "The D-Bus it listens on; else the system's.", "unix:path=/run/bus"),
        Property("pseudo", "What paths begin with, as clients see them.", "/shares"),
        Property("protocols", "Versions of NFS that are served.", "4", choices=("4", "3, 4")),
        Property(
            "squash", "Whose identity is taken away.", "none", choices=("none", "root", "all")
        ),
    )

    def __init__(
        self, settings: Mapping[str, object] | None = None, clock: Clock | None = None
    ) -> None:
        super().__init__(settings, clock)
        get = self.settings.text
        self._folder = Path(get("exports"))
        self._pseudo = get("pseudo", "/shares").rstrip("/")
        self._bus = GaneshaBus(get("bus"))

    @property
    def capabilities(self) -> ExportCapabilities:
        return ExportCapabilities("NFS", {"ip": ("rw", "ro")})

    def check(self) -> None:
        if not self._folder.is_dir():
            raise InvalidInput(
                f"{self._folder} is no directory; make it, and let the configuration of "
                f'NFS-Ganesha have a line: %dir "{self._folder}"'
            )
        self._bus.paths()

    def ensure(self, share: Share, tree: Tree) -> tuple[Location, ...]:
        path, text = str(tree.path), self._read(share)
        if re.search(r'["\n\\]', path):
            raise InvalidInput(f"{path} cannot be exported: it has a quote or a backslash in it.")
        if text is None or _of(_PATH, text) != path:
            clients = "" if text is None else "".join(_CLIENTS.findall(text))
            self._write(share, self._export(share, path, self._number(share, text), clients))
        number = self._number(share, self._read(share))
        shown = self._bus.shown(number)
        if shown is not None and shown[0] != path:
            self._bus.remove(number)
            shown = None
        if shown is None:
            self._bus.add(self._file(share), number)
        return tuple(
            Location(f"{_bracketed(address)}:{self._pseudo}/{share.id}", admin=admin)
            for address, admin in self.addresses()
        )

    def remove(self, share: Share) -> None:
        file, gone = self._file(share), self._state(share.id)
        with told(file):
            # A reload must not bring it back, but we must know its number to the end.
            if file.exists():
                file.rename(gone)
            if not gone.exists():
                return
            number = self._number(share, gone.read_text())
            self._bus.remove(number)
            self._claim(number).unlink(missing_ok=True)
            gone.unlink()

    def update_access(
        self,
        share: Share,
        rules: Sequence[Rule],
        add: Sequence[Rule] = (),
        delete: Sequence[Rule] = (),
    ) -> AccessOutcome:
        text = self._read(share)
        if text is None:
            raise NotFound("Export", f"of share {share.id} ({self._file(share)})")
        good, refused = self.sorted_out(rules)
        number, path = self._number(share, text), _of(_PATH, text)
        self._write(share, self._export(share, path, number, _clients(good)))
        try:
            self._bus.update(self._file(share), number)
        except Refused:
            # Somebody has removed it by hand, or it has never been added.
            if self._bus.shown(number) is not None:
                raise
            self._bus.add(self._file(share), number)
        return AccessOutcome(refused)

    def enforced(self, share: Share) -> frozenset[Grant]:
        text = self._read(share)
        shown = None if text is None else self._bus.shown(self._number(share, text))
        if shown is None:
            raise NotFound("Export", f"of share {share.id}")
        return shown[1]

    def exported(self) -> frozenset[str]:
        with told(self._folder):
            kept = {path.stem: path.read_text() for path in self._folder.glob("*.conf")}
        numbers = self._bus.paths()
        return frozenset(
            share for share, text in kept.items() if int(_of(_NUMBER, text)) in numbers
        )

    def _file(self, share: Share) -> Path:
        return self._folder / f"{share.id}.conf"

    def _state(self, name: str) -> Path:
        return self._folder / _STATE / name

    def _claim(self, number: int) -> Path:
        return self._state(f"@{number}")

    def _read(self, share: Share) -> str | None:
        with told(self._folder):
            file = self._file(share)
            return file.read_text() if file.exists() else None

    def _write(self, share: Share, text: str) -> None:
        """Replace the file at once; it lasts when this returns."""
        aside = self._state(f"{share.id}@new")
        with told(self._file(share)):
            aside.parent.mkdir(mode=0o700, exist_ok=True)
            with aside.open("w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            aside.rename(self._file(share))

    def _number(self, share: Share, text: str | None) -> int:
        """The export's number: what its file says, or one that nobody has claimed."""
        if text is not None:
            return int(_of(_NUMBER, text))
        start = int.from_bytes(_digest(share)[:4]) % _LAST_ID
        with told(self._folder):
            self._state("").mkdir(mode=0o700, exist_ok=True)
            for step in range(_LAST_ID):
                number = (start + step) % _LAST_ID + 1
                claim = self._claim(number)
                try:
                    claim.symlink_to(share.id)
                except FileExistsError:
                    if str(claim.readlink()) != share.id:
                        continue
                return number
        raise DriverError(f"NFS-Ganesha has no more than {_LAST_ID} exports, and all are taken.")

    def _export(self, share: Share, path: str, number: int, clients: str) -> str:
        digest = _digest(share)
        get = self.settings.text
        return _EXPORT.format(
            number=number,
            fsid=f"{int.from_bytes(digest[4:8])}.{int.from_bytes(digest[8:12])}",
            path=path,
            pseudo=f"{self._pseudo}/{share.id}",
            protocols=get("protocols", "4"),
            squash=_SQUASH[get("squash", "none")],
            clients=clients,
        )


def _clients(rules: Iterable[Rule]) -> str:
    """The clients as Ganesha writes them: the first that fits counts, so the longest prefix.

    One block for many of a kind: it reads them several times as fast as a block for each.
    """
    found = sorted((-network(rule.to).prefix, rule.level, network(rule.to).text) for rule in rules)
    blocks = (
        (level, ", ".join(net for _, _, net in same))
        for (_, level), same in itertools.groupby(found, key=lambda each: each[:2])
    )
    return "".join(
        f"    CLIENT {{ Access_Type = {level.upper()}; Clients = {nets}; }}\n"
        for level, nets in blocks
    )


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _digest(share: Share) -> bytes:
    return hashlib.sha256(share.id.encode()).digest()


def _of(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if found is None:
        raise DriverError(
            "An export's file was changed so that we cannot read it: remove it, and the share "
            f"will be exported anew. It lacks {pattern.pattern}."
        )
    return found.group(1)
