"""Runs one gabbi file against a plane, as one test: its requests build on each other."""

import json
import unittest
from pathlib import Path
from typing import Any, ClassVar

import yaml
from gabbi import handlers, suitemaker
from gabbi.handlers.base import ResponseHandler

from tests.support.plane import PlaneProcess


class FaultHandler(ResponseHandler):  # type: ignore[misc]
    """``response_fault``: texts that the error's message has.

    The envelope is Ironic's: a JSON document within the string ``error_message``.
    """

    test_key_suffix = "fault"
    test_key_value: ClassVar[list[str]] = []

    def action(self, test: Any, item: str, value: Any = None) -> None:
        envelope = json.loads(test.response_data["error_message"])
        assert set(envelope) == {"faultcode", "faultstring", "debuginfo"}, envelope
        server = int(test.response["status"]) >= 500
        assert envelope["faultcode"] == ("Server" if server else "Client"), envelope
        wanted = test.replace_template(item)
        assert wanted in envelope["faultstring"], f"'{wanted}' is not in the fault"


class FieldsHandler(ResponseHandler):  # type: ignore[misc]
    """``response_fields``: exactly the members that a document has.

    ``$`` is the whole answer; any other name is the first element of that list in it.
    """

    test_key_suffix = "fields"
    test_key_value: ClassVar[dict[str, list[str]]] = {}

    def action(self, test: Any, item: str, value: Any = None) -> None:
        document = test.response_data
        if item != "$":
            document = document[item][0]
        missing, surplus = set(value) - set(document), set(document) - set(value)
        assert not missing, f"{item} has no {sorted(missing)}"
        assert not surplus, f"{item} also has {sorted(surplus)}"


class NamesHandler(ResponseHandler):  # type: ignore[misc]
    """``response_names``: by the name of a list, the names of exactly its elements, in order."""

    test_key_suffix = "names"
    test_key_value: ClassVar[dict[str, list[str]]] = {}

    def action(self, test: Any, item: str, value: Any = None) -> None:
        found = [element["name"] for element in test.response_data[item]]
        assert found == value, f"{item} are {found}, not {value}"


HANDLERS = (*handlers.RESPONSE_HANDLERS, FaultHandler, FieldsHandler, NamesHandler)


def problems_of(file: Path, plane: PlaneProcess) -> list[str]:
    """What each request of the file that went wrong has to say."""
    described = yaml.safe_load(file.read_text())
    # The certificates of the world take longer to read than an answer takes to come.
    described.setdefault("defaults", {})["cert_validate"] = False
    suite = suitemaker.test_suite_from_dict(
        loader=unittest.TestLoader(),
        test_base_name=file.stem,
        suite_dict=described,
        test_directory=str(file.parent),
        host="127.0.0.1",
        port=plane.port,
        fixture_module=None,
        intercept=None,
        prefix="/baremetal",
        handlers=[handler() for handler in HANDLERS],
        test_loader_name=file.stem,
    )
    result = unittest.TestResult()
    suite.run(result)
    assert result.testsRun
    return [
        f"{test.test_data['name']}: {_gist(trace)}\n    {_answer(test)}"
        for test, trace in _failures(result)
    ]


def _failures(result: unittest.TestResult) -> list[tuple[Any, str]]:
    return [*result.failures, *result.errors]


def _gist(trace: str) -> str:
    """A failure without the way through gabbi's own code."""
    start = trace.rfind("\nAssertionError: ")
    text = trace[start + 1 :] if start >= 0 else trace
    return text.strip().removeprefix("AssertionError: ")[:500]


def _answer(test: Any) -> str:
    response = getattr(test, "response", None)
    return f"-> {response['status']} {str(test.output)[:600]}" if response else "-> no answer"
