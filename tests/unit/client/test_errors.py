import json

import pytest

from baremetal.client import errors

FAULT = {"faultcode": "Client", "faultstring": "Node x could not be found.", "debuginfo": None}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (json.dumps({"error_message": json.dumps(FAULT)}), FAULT["faultstring"]),
        (json.dumps({"error_message": FAULT}), FAULT["faultstring"]),
        (json.dumps(FAULT), FAULT["faultstring"]),
        (json.dumps({"error_message": json.dumps({"code": 405, "title": "No"})}), "No"),
        (json.dumps({"error": {"code": 401, "message": "who?", "title": "No"}}), "who?"),
        (json.dumps({"error_message": "405 No\n\nbut why \n"}), "405 No"),
        ("gateway is sad\n", "gateway is sad"),
        ("<html><body>502</body></html>", "HTTP status 418"),
        ("", "HTTP status 418"),
        ("[]", "HTTP status 418"),
        ("{}", "HTTP status 418"),
    ],
)
def test_the_sentence_is_found_in_every_envelope(body: str, sentence: str) -> None:
    assert errors.fault_in(body, 418) == sentence


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (406, errors.NotAcceptable),
        (409, errors.Conflict),
        (413, errors.TooLarge),
        (418, errors.ApiError),
        (500, errors.ServerFault),
        (502, errors.MachineFailed),
        (503, errors.Busy),
    ],
)
def test_each_status_has_its_class(status: int, kind: type[errors.ApiError]) -> None:
    error = errors.error_for(errors.Refusal(status, "so it is"))
    assert type(error) is kind
    assert (error.status, error.fault, str(error)) == (status, "so it is", "so it is")


def test_a_missing_path_is_told_from_a_missing_thing() -> None:
    refusal = errors.Refusal(404, "Not Found", "GET", "http://host/v1/nodes")
    assert str(errors.error_for(refusal)) == "there is no http://host/v1/nodes"
