import argparse
import io
from pathlib import Path

import pytest

from baremetal.cli.complaints import UsageError
from baremetal.cli.values import pair, resolve, resolve_document, resolve_pairs

NOTHING = io.StringIO()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("cpus=16", 16),
        ("ratio=1.5", 1.5),
        ("fast=true", True),
        ("nothing=null", None),
        ('words=["a", "b"]', ["a", "b"]),
        ('map={"a": 1}', {"a": 1}),
        ("half={open", "{open"),
        ("serial=0012", "0012"),
        ("serial=12e4", "12e4"),
        ("name=True", "True"),
        ("address=10.0.0.1", "10.0.0.1"),
        ("empty=", ""),
        ("equation=a=b", "a=b"),
        ("ipmi_password=1234", "1234"),
        ("snmp_community=7", "7"),
        ("at=@@home", "@home"),
    ],
)
def test_values_get_the_type_that_people_mean(text: str, value: object) -> None:
    key = text.partition("=")[0]
    assert resolve_pairs([pair(text)], NOTHING) == {key: value}


@pytest.mark.parametrize("text", ["", "a", "=b"])
def test_a_pair_has_a_key_and_a_value(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="KEY=VALUE"):
        pair(text)


def test_a_secret_comes_from_a_file_or_from_stdin(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("1234\n")
    assert resolve("x", f"@{file}", NOTHING) == "1234"
    stdin = io.StringIO("first\nsecond\n")
    given = resolve_pairs([pair("a=-"), pair("b=-"), pair(f"c=@{file}")], stdin)
    assert given == {"a": "first", "b": "second", "c": "1234"}


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*nowhere: No such file"):
        resolve("x", f"@{tmp_path}/nowhere", NOTHING)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        resolve("x", f"@{tmp_path}/binary", NOTHING)
    with pytest.raises(UsageError, match="nothing on stdin to read x from"):
        resolve("x", "-", io.StringIO())


def test_documents_are_json_or_yaml(tmp_path: Path) -> None:
    file = tmp_path / "steps.yaml"
    file.write_text("- {interface: deploy, step: erase_devices}\n")
    steps = [{"interface": "deploy", "step": "erase_devices"}]
    assert resolve_document("clean-steps", f"@{file}", NOTHING) == steps
    assert resolve_document("clean-steps", "-", io.StringIO(file.read_text())) == steps
    assert resolve_document("configdrive", "http://host/drive", NOTHING) == "http://host/drive"
    with pytest.raises(UsageError, match="--clean-steps is neither JSON nor YAML"):
        resolve_document("clean-steps", "[{", NOTHING)
