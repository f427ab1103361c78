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


def test_only_start_up_imports_inside_functions_and_says_why() -> None:
    """A function-level import would dodge the rule; a lazy one says so in a comment."""
    silent = [place for path in PACKAGE.rglob("*.py") for place in _silent_imports(path)]
    assert not silent


def _silent_imports(path: Path) -> Iterator[str]:
    lines = path.read_text().splitlines()
    for function in ast.walk(ast.parse("\n".join(lines))):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom) and not _explained(lines, node):
                yield f"{path.relative_to(ROOT)}:{node.lineno}"


def _explained(lines: list[str], node: ast.stmt) -> bool:
    """A comment beside the import or above its block."""
    above = node.lineno - 1
    while above > 0 and lines[above - 1].strip().startswith(("import ", "from ")):
        above -= 1
    beside = lines[node.lineno - 1].partition("# noqa: PLC0415")[2].strip()
    return bool(beside) or lines[above - 1].strip().startswith("#")
