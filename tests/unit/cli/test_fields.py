import argparse
import io

import pytest

from baremetal.cli.fields import (
    Field,
    Kind,
    add_options,
    add_unset_options,
    body,
    set_patch,
    unset_patch,
)

FIELDS = (
    Field("name", "its name"),
    Field("driver", "its driver", verbs="create set"),
    Field("properties", "parts", Kind.PAIRS, option="property"),
    Field("automated_clean", "clean", Kind.YES_NO),
    Field("traits", "a trait", Kind.WORDS, option="trait", verbs="create"),
)


def _args(verb: str, *words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser, FIELDS, verb)
    return parser.parse_args(words)


def test_only_what_is_given_is_in_the_body() -> None:
    assert body(_args("create"), FIELDS, io.StringIO()) == {}
    words = ("--name", "n", "--property", "cpus=4", "--property", "a=b", "--no-automated-clean")
    made = body(_args("create", *words, "--trait", "A", "--trait", "B"), FIELDS, io.StringIO())
    assert made == {
        "name": "n",
        "properties": {"cpus": 4, "a": "b"},
        "automated_clean": False,
        "traits": ["A", "B"],
    }


def test_setting_keys_leaves_the_others_alone() -> None:
    args = _args("set", "--name", "n", "--property", "a/b~c=1", "--automated-clean")
    assert set_patch(args, FIELDS, io.StringIO()) == [
        {"op": "add", "path": "/name", "value": "n"},
        {"op": "add", "path": "/properties/a~1b~0c", "value": 1},
        {"op": "add", "path": "/automated_clean", "value": True},
    ]


def test_emptying_takes_names_only() -> None:
    parser = argparse.ArgumentParser()
    add_unset_options(parser, FIELDS)
    args = parser.parse_args(["--name", "--property", "a", "--property", "b"])
    assert unset_patch(args, FIELDS) == [
        {"op": "remove", "path": "/name"},
        {"op": "remove", "path": "/properties/a"},
        {"op": "remove", "path": "/properties/b"},
    ]
    with pytest.raises(SystemExit):
        parser.parse_args(["--driver"])
