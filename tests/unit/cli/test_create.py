"""`node create`: one by options, many by a file."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.client.stand_in import StandIn

CSV = """\
name,driver_info.ipmi_address,ports
n1,10.0.0.1,52:54:00:00:00:01
n2,10.0.0.2,52:54:00:00:00:02 52:54:00:00:00:03
n3,10.0.0.3,52:54:00:00:00:01
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "machines.csv"
    path.write_text(CSV)
    return str(path)


def _rows(text: str) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads(text)}


def test_one_by_options(api: StandIn, run: Run) -> None:
    words = ("--driver", "ipmi", "--name", "n", "--driver-info", "ipmi_password=-")
    made = run("node", "create", *words, "--port", "52:54:00:00:00:01", stdin="hush\n")
    assert made.code == 0
    node = api.find("n")
    assert node is not None
    assert node["driver_info"] == {"ipmi_password": "hush"}
    port = next(iter(api.ports.values()))
    assert (port["address"], port["node_uuid"]) == ("52:54:00:00:00:01", node["uuid"])


def test_many_by_a_file_with_defaults_by_options(api: StandIn, run: Run, file: str) -> None:
    options = ("--driver", "ipmi", "--driver-info", "ipmi_username=admin", "--parallel", "1")
    made = run("node", "create", file, *options, "-f", "json")
    assert made.code == 1
    rows = _rows(made.out)
    assert [rows[name]["result"] for name in ("n1", "n2", "n3")] == ["created", "created", "failed"]
    assert "52:54:00:00:00:01 already exists" in str(rows["n3"]["reason"])
    info = {"ipmi_username": "admin", "ipmi_address": "10.0.0.2"}
    assert (api.find("n2") or {})["driver_info"] == info
    assert api.find("n3") is None, "a node without its ports must not stay"


def test_again_with_skip_existing(api: StandIn, run: Run, file: str) -> None:
    present = api.add_node("n2")
    again = ("node", "create", file, "--driver", "ipmi", "--skip-existing", "-f", "json")
    made = run(*again, "--parallel", "1")
    results = {name: row["result"] for name, row in _rows(made.out).items()}
    assert results == {"n1": "created", "n2": "ports added", "n3": "failed"}
    ports = [port["address"] for port in api.ports.values() if port["node_uuid"] == present["uuid"]]
    assert sorted(ports) == ["52:54:00:00:00:02", "52:54:00:00:00:03"]
    results = {name: row["result"] for name, row in _rows(run(*again).out).items()}
    assert results == {"n1": "exists", "n2": "exists", "n3": "failed"}


def test_without_it_a_name_that_exists_is_an_error(api: StandIn, run: Run) -> None:
    api.add_node("n")
    made = run("node", "create", "--driver", "ipmi", "--name", "n")
    assert made.code == 1
    assert "already exists" in made.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "has no driver"),
        (["FILE"], "line 2 has no driver"),
        (["FILE", "--driver", "ipmi", "--name", "n"], "cannot be the same"),
        (["FILE", "--driver", "ipmi", "--port", "a"], "cannot be the same"),
        (["nowhere.yaml"], "cannot read nowhere.yaml"),
    ],
)
def test_nothing_is_created_when_the_words_make_no_sense(
    api: StandIn, run: Run, file: str, words: list[str], complaint: str
) -> None:
    made = run("node", "create", *[file if word == "FILE" else word for word in words])
    assert made.code == 2
    assert complaint in made.err
    assert not api.seen
