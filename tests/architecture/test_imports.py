"""The import rule: imports point down, and rooms of one level are strangers (.importlinter)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "baremetal"


def test_every_contract_is_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("room", sorted(p.parent.name for p in PACKAGE.glob("*/__init__.py")))
def test_a_room_has_a_readme_at_its_door(room: str) -> None:
    readme = PACKAGE / room / "README.md"
    assert readme.exists(), f"{readme.relative_to(ROOT)}: what lives here, what may it import?"
    assert len(readme.read_text().split()) > 20


def test_rooms_are_not_entered_by_a_back_door() -> None:
    """Only a process's main imports a room within a function, to start quickly."""
    hidden = [
        place
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] != "cmd"
        for place in _own_imports_within_functions(path)
    ]
    assert not hidden


def _own_imports_within_functions(path: Path) -> Iterator[str]:
    for function in ast.walk(ast.parse(path.read_text())):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or "baremetal"]
            else:
                continue
            if any(module.startswith("baremetal") for module in modules):
                yield f"{path.relative_to(ROOT)}:{node.lineno}"
