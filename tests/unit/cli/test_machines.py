import io
from pathlib import Path

import pytest

from baremetal.cli.complaints import UsageError
from baremetal.cli.node.machines import merged, read_machines

YAML = """
nodes:
- name: a
  driver: ipmi
  driver_info: {address: 10.0.0.1, password: "007"}
  ports: ["52:54:00:00:00:01", {address: "52:54:00:00:00:02", pxe_enabled: false}]
- name: b
"""
CSV = """\
name, driver,driver_info.address,driver_info.password,properties.cpus,automated_clean,ports
a,ipmi,10.0.0.1,007,16,false,52:54:00:00:00:01 52:54:00:00:00:02

"b",ipmi,,,,,
"""


def _read(tmp_path: Path, name: str, text: str) -> list[tuple[object, object]]:
    file = tmp_path / name
    file.write_text(text)
    return [(machine.node, machine.ports) for machine in read_machines(str(file), io.StringIO())]


def test_yaml(tmp_path: Path) -> None:
    info = {"address": "10.0.0.1", "password": "007"}
    second = {"address": "52:54:00:00:00:02", "pxe_enabled": False}
    assert _read(tmp_path, "m.yaml", YAML) == [
        ({"name": "a", "driver": "ipmi", "driver_info": info}, [_port(1), second]),
        ({"name": "b"}, []),
    ]


def test_csv(tmp_path: Path) -> None:
    info = {"address": "10.0.0.1", "password": "007"}
    first = {"name": "a", "driver": "ipmi", "driver_info": info, "properties": {"cpus": 16}}
    assert _read(tmp_path, "m.csv", CSV) == [
        (first | {"automated_clean": False}, [_port(1), _port(2)]),
        ({"name": "b", "driver": "ipmi"}, []),
    ]


@pytest.mark.parametrize("text", [YAML, CSV])
def test_stdin_may_be_either(text: str) -> None:
    assert [m.node["name"] for m in read_machines("-", io.StringIO(text))] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("m.yaml", "a: [", "m.yaml is not YAML"),
        ("m.yaml", "machines: []", "m.yaml has no list `nodes:`"),
        ("m.yaml", "nodes: []", "m.yaml describes no machine"),
        ("m.yaml", "nodes: [a]", "m.yaml, machine 1 is not a mapping"),
        ("m.yaml", "nodes: [{name: a}, {name: a}]", "more than one machine called a"),
        ("m.yaml", "nodes: [{ports: x}]", "machine 1: `ports` is not a list"),
        ("m.yaml", "nodes: [{ports: [{mac: x}]}]", "machine 1: a port is neither"),
        ("m.csv", "name,driver\na,b,c\n", "line 2 has not as many cells"),
        ("m.csv", "name,driver\na\n", "line 2 has not as many cells"),
        ("m.csv", "name,driver\n", "describes no machine"),
        ("m.csv", "extra,extra.a\nx,y\n", "line 2: extra is given as a whole and as extra.a"),
        ("m.csv", 'name\n"a\n', "m.csv, line [0-9]: unexpected end of data"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        _read(tmp_path, name, text)


def test_defaults_fill_gaps_inside_too() -> None:
    defaults = {"driver": "ipmi", "driver_info": {"user": "admin", "port": 623}}
    node = {"name": "a", "driver_info": {"port": 6230}, "extra": {"x": 1}}
    assert merged(defaults, node) == {
        "name": "a",
        "driver": "ipmi",
        "driver_info": {"user": "admin", "port": 6230},
        "extra": {"x": 1},
    }
    assert defaults["driver_info"] == {"user": "admin", "port": 623}


def _port(number: int) -> dict[str, object]:
    return {"address": f"52:54:00:00:00:0{number}"}
