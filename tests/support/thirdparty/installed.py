"""Installs the third party's distribution where a plane's process finds it, and nobody else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent
__all__ = ["acme_environment", "acme_path"]


@pytest.fixture(scope="session")
def acme_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for ``PYTHONPATH`` with the distribution in it, entry points and all."""
    work = tmp_path_factory.mktemp("acme")
    # A build leaves files beside its source.
    source, target = work / "source", work / "installed"
    shutil.copytree(SOURCE / "acme_baremetal", source / "acme_baremetal")
    shutil.copy(SOURCE / "pyproject.toml", source)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    done = subprocess.run(
        [*command, str(source)], capture_output=True, text=True, check=False, cwd=work
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture(scope="session")
def acme_environment(acme_path: Path) -> dict[str, str]:
    """What lets a process find the distribution."""
    others = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": f"{acme_path}{os.pathsep}{others}" if others else str(acme_path)}
