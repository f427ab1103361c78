"""What the code imports is what requirements.txt declares, and nothing more."""

import ast
import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Wanted although no line of ours imports it, and why.
BEHIND_OTHERS = {
    "kombu": "oslo.messaging's way to RabbitMQ",
}


def _imported() -> set[str]:
    found: set[str] = set()
    for folder in ("baremetal", "migrations"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found.update(alias.name.partition(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"baremetal", "migrations"}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared() -> set[str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines if not line.startswith("#"))
    return {_normal(match.group()) for match in names if match}


def test_every_import_is_declared() -> None:
    distributions = metadata.packages_distributions()
    declared = _declared()
    missing = {
        module
        for module in _imported()
        if declared.isdisjoint(_normal(name) for name in distributions.get(module, [module]))
    }
    assert not missing


def test_nothing_is_declared_in_vain() -> None:
    distributions = metadata.packages_distributions()
    used = {_normal(name) for module in _imported() for name in distributions.get(module, [])}
    assert not _declared() - used - set(BEHIND_OTHERS)
