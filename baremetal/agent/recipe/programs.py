"""Programs of installed Debian packages, with all that they need to run."""

import json
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from baremetal import commands
from baremetal.agent.recipe.archive import Tree
from baremetal.domain.errors import InvalidInput

_LIBRARY: Final = re.compile(r"(/\S+) \(0x")
_BUSYBOX: Final = Path("/bin/busybox")
#: Whom this machine trusts by https, and where OpenSSL looks for that by itself.
CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_TRUSTED: Final = "usr/lib/ssl/cert.pem"
#: Debian's; the modules in the ramdisk are compiled by the interpreter that runs them.
PYTHON: Final = "/usr/bin/python3.11"
_PACKAGES: Final = Path(__file__).parents[2]

#: Imported by the standard library only once it comes to it.
_LATE: Final = (
    "bz2",
    "encodings.ascii",
    "encodings.idna",
    "encodings.latin_1",
    "hashlib",
    "http.client",
    "lzma",
    "ssl",
    "stringprep",
    "unicodedata",
)

#: Says which files the interpreter has loaded for the agent, as [name, file].
_LIST: Final = """
import sys, json, runpy
sys.path.append(sys.argv[1])
import baremetal.agent.__main__
for name in sys.argv[2:]:
    __import__(name)
print(json.dumps([[name, module.__file__] for name, module in sorted(sys.modules.items())
                  if getattr(module, "__file__", None) and name not in ("__main__", "runpy")]))
"""
#: Compiles [source, target, shown name] each. Hashes, not times, say what it was made from.
_COMPILE: Final = """
import json, sys, py_compile
for source, target, shown in json.load(sys.stdin):
    py_compile.compile(source, target, shown, doraise=True, optimize=2,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
"""


def add_busybox(tree: Tree) -> None:
    """The shell, and its tools by their names.

    :raises InvalidInput: it is not installed, or needs libraries.
    """
    if not _BUSYBOX.exists():
        raise InvalidInput("busybox is not installed; Debian has it in busybox-static.")
    if commands.ask(("ldd", str(_BUSYBOX))).status == 0:
        raise InvalidInput("busybox needs libraries; install Debian's busybox-static.")
    tree.file("bin/busybox", _BUSYBOX.read_bytes(), executable=True)
    for name in commands.run((str(_BUSYBOX), "--list")).split():
        if name != "busybox":
            tree.link(f"bin/{name}", "busybox")


def add_program(tree: Tree, path: str) -> None:
    """A program or library at that very path, with the libraries that it needs.

    :raises InvalidInput: it is not installed.
    """
    if not Path(path).exists():
        raise InvalidInput(f"{path} is not installed.")
    said = commands.ask(("ldd", path), package="libc-bin")
    for needed in (path, *_LIBRARY.findall(said.out)):
        if needed not in tree:
            tree.file(needed, Path(needed).read_bytes(), executable=True)


def add_agent(tree: Tree) -> None:
    """Python, what of its library the agent loads, and the agent, all compiled.

    :raises InvalidInput: Debian's Python is not installed.
    """
    add_program(tree, PYTHON)
    library = f"/usr/lib/{Path(PYTHON).name}"
    with tempfile.TemporaryDirectory() as scratch:
        jobs: list[tuple[str, str, str]] = []
        for name, file in _loaded(_PACKAGES.parent):
            if file.endswith(".so"):
                add_program(tree, file)
                continue
            package = file.endswith("/__init__.py")
            place = name.replace(".", "/") + ("/__init__" if package else "")
            jobs.append((file, f"{scratch}/{place}.pyc", f"{place}.py"))
        words = (PYTHON, "-I", "-S", "-c", _COMPILE)
        commands.run(words, seconds=300, given=json.dumps(sorted(jobs)))
        for _, compiled, shown in jobs:
            tree.file(f"{library}/{shown}c", Path(compiled).read_bytes())


def add_certificates(tree: Tree) -> None:
    """Those of the authorities that this machine trusts, a site's own among them."""
    if CERTIFICATES.exists():
        tree.file(_TRUSTED, CERTIFICATES.read_bytes())


def _loaded(packages: Path) -> Iterable[tuple[str, str]]:
    words = (PYTHON, "-I", "-S", "-c", _LIST, str(packages), *_LATE)
    return [(name, file) for name, file in json.loads(commands.run(words, package="python3.11"))]
