"""Start-up stays quick, because nothing heavy is imported before it is needed."""

import os
import subprocess
import sys

import pytest
import yaml

from tests.unit.client.stand_in import StandIn

_PROGRAMME = """
import sys
from baremetal.cli.app import BaremetalApp
try:
    code = BaremetalApp().run(sys.argv[1:])
except SystemExit as left:
    code = left.code
print(*(name for name in sys.modules if "." not in name), file=sys.stderr)
sys.exit(code)
"""


def _imported(*words: str, **environment: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAMME, *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [["--help"], ["help", "node"], ["node", "provide", "--help"]])
def test_help_imports_nothing_that_is_slow(words: list[str]) -> None:
    slow = {"requests", "keystoneauth1", "openstack", "rich", "cmd2", "sqlalchemy", "pecan"}
    assert not _imported(*words) & slow


def test_a_plain_command_does_without_openstacksdk(
    api: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> None:
    api.add_node("n")
    file = tmp_path_factory.mktemp("clouds") / "clouds.yaml"
    entry = {"auth_type": "none", "auth": {"endpoint": api.root}}
    file.write_text(yaml.safe_dump({"clouds": {"mine": entry}}))
    imported = _imported("node", "list", OS_CLIENT_CONFIG_FILE=str(file), OS_CLOUD="mine")
    assert "keystoneauth1" in imported
    assert not imported & {"openstack", "rich", "cmd2"}
