"""Node commands, from their words to requests and back."""

import json
import re
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.client.stand_in import Canned, StandIn


def _json(text: str) -> list[dict[str, object]]:
    decoded: list[dict[str, object]] = json.loads(text)
    return decoded


def test_a_list_asks_for_its_columns_only(api: StandIn, run: Run) -> None:
    api.add_node("n", maintenance=True)
    shown = run("node", "list", "--provision-state", "enroll", "--no-maintenance")
    assert shown.code == 0
    assert "| n " in shown.out
    assert "| yes " in shown.out
    query = api.seen[0].query
    assert query["fields"] == "name,uuid,power_state,provision_state,maintenance,instance_uuid"
    assert (query["provision_state"], query["maintenance"]) == ("enroll", "false")


def test_columns_may_be_any_fields(api: StandIn, run: Run) -> None:
    node = api.add_node("n", properties={"cpus": 4})
    listed = run("node", "list", "-f", "json", "-c", "properties", "-c", "uuid")
    assert _json(listed.out) == [{"properties": {"cpus": 4}, "uuid": node["uuid"]}]
    assert run("node", "list", "--fields", "name,properties", "-f", "value").out == (
        "n {'cpus': 4}\n"
    )
    assert "properties" in api.seen[-1].query["fields"]
    wrong = run("node", "power", "show", "n", "-c", "nope")
    assert wrong.code == 2
    assert "there is no column nope" in wrong.err


def test_a_limit_is_a_limit_though_pages_are_small(api: StandIn, run: Run) -> None:
    for number in range(9):
        api.add_node(f"n{number}")
    api.page = 2
    shown = run("node", "list", "--limit", "5", "-f", "value", "-c", "name")
    assert shown.out.split() == ["n0", "n1", "n2", "n3", "n4"]


def test_a_table_leaves_empty_fields_out_and_json_does_not(api: StandIn, run: Run) -> None:
    api.add_node("n", driver_info={"ipmi_password": "******"})
    table = run("node", "show", "n").out
    assert "ipmi_password=******" in table
    assert "last_error" not in table
    whole = json.loads(run("node", "show", "n", "-f", "json").out)
    assert whole["last_error"] is None
    assert "links" not in whole


def test_a_verb_with_wait_tells_how_it_went(api: StandIn, run: Run) -> None:
    for name in ("n1", "n2", "n3"):
        api.add_node(name, "manageable")
    api.doomed.add("n2")
    done = run("node", "provide", "n1", "n2", "n3", "nope", "--wait", "-f", "json")
    assert done.code == 1
    rows = {row["node"]: row for row in _json(done.out)}
    assert rows["n1"]["result"] == rows["n3"]["result"] == "done"
    assert rows["n2"]["result"] == "failed"
    assert rows["n2"]["details"] == "ended in 'clean failed': it broke"
    assert rows["nope"]["result"] == "refused"
    # On a busy machine the steps may be over before they are looked at.
    assert re.search(r"n1: (cleaning: (first|second)|available)", done.err), done.err
    assert re.search(r"n2: clean failed", done.err)


def test_quiet_shows_results_only(api: StandIn, run: Run) -> None:
    api.add_node("n", "manageable")
    done = run("-q", "node", "provide", "n", "--wait")
    assert (done.code, done.err) == (0, "")
    assert "available" in done.out


def test_without_wait_a_verb_is_accepted(api: StandIn, run: Run) -> None:
    node = api.add_node("n", "manageable")
    done = run("node", "provide", "n", "-f", "json")
    assert done.code == 0
    assert _json(done.out)[0]["result"] == "accepted"
    assert node["provision_state"] == "cleaning"


@pytest.mark.parametrize(
    "words", [["n", "--wait", "9"], ["--wait", "n"], ["--wait", "9", "n"], ["--all-in", "enroll"]]
)
def test_wait_does_not_swallow_a_node(api: StandIn, run: Run, words: list[str]) -> None:
    api.add_node("n", "enroll")
    done = run("node", "manage", *words, "-f", "value", "-c", "node")
    assert (done.code, done.out) == (0, "n\n")


def test_a_wait_may_be_too_short(api: StandIn, run: Run) -> None:
    api.add_node("n", "manageable")
    api.pause = 1
    done = run("node", "provide", "n", "--wait", "0.1", "-f", "json")
    assert done.code == 1
    assert _json(done.out)[0]["result"] == "not in time"


@pytest.mark.parametrize("words", [[], ["n", "--all-in", "enroll"], ["n", "--wait", "-1"]])
def test_what_nodes_and_how_long_must_make_sense(run: Run, words: list[str]) -> None:
    assert run("node", "manage", *words).code == 2


def test_all_in_a_state_that_nobody_is_in(run: Run) -> None:
    done = run("node", "manage", "--all-in", "enroll", "-f", "json")
    assert (done.code, _json(done.out)) == (0, [])


def test_deploy_takes_the_image_along(api: StandIn, run: Run, tmp_path: Path) -> None:
    node = api.add_node("n", "available", instance_info={"a": 1})
    drive = tmp_path / "drive.json"
    drive.write_text('{"meta_data": {"hostname": "n"}}')
    words = ("--image", "http://h/i", "--checksum", "12", "--configdrive", f"@{drive}")
    assert run("node", "deploy", "n", *words, "--wait").code == 0
    assert node["instance_info"] == {"a": 1, "image_source": "http://h/i", "image_checksum": "12"}
    asked = next(seen.body for seen in api.seen if seen.path.endswith("/states/provision"))
    assert asked == {"target": "active", "configdrive": {"meta_data": {"hostname": "n"}}}


def test_a_rescue_password_is_not_on_the_command_line(api: StandIn, run: Run) -> None:
    api.add_node("n", "active")
    run("node", "rescue", "n", stdin="hush\n")
    asked = next(seen.body for seen in api.seen if seen.path.endswith("/states/provision"))
    assert asked == {"target": "rescue", "rescue_password": "hush"}


def test_a_refusal_says_what_to_do_next(api: StandIn, run: Run) -> None:
    api.add_node("n", "enroll")
    refused = run("node", "provide", "n")
    assert refused.code == 1
    assert "can not be performed" in refused.err
    assert "next: baremetal node why n" in refused.err
    assert refused.out == ""


def test_waiting_for_others(api: StandIn, run: Run) -> None:
    api.begin(api.add_node("n1", "manageable"), "provide")
    api.begin(api.add_node("n2", "manageable"), "provide")
    done = run("node", "wait", "n1", "n2", "--for", "available", "--timeout", "5")
    assert done.code == 0
    assert run("node", "wait", "n1", "--for", "active", "--timeout", "0.1").code == 1
    assert run("node", "wait", "n1", "nope", "--for", "active").code == 1


def test_why_tells_what_holds_a_node(api: StandIn, run: Run) -> None:
    node = api.add_node("n", "manageable")
    api.pause = 1
    api.begin(node, "provide")
    told = json.loads(run("node", "why", "n", "-f", "json").out)
    assert (told["kind"], told["owner"]) == ("provide", "host-1")
    assert told["next"] == f"baremetal operation watch {node['operation']['uuid']}"


def test_changes_name_what_they_did(api: StandIn, run: Run) -> None:
    node = api.add_node("n", properties={"cpus": 1, "disk": 2})
    done = run("node", "set", "n", "--property", "cpus=4", "--description", "a: b")
    assert (done.code, done.out) == (0, "n: changed\n")
    assert run("node", "unset", "n", "nope", "--property", "disk").code == 1
    assert node["properties"] == {"cpus": 4}
    assert run("node", "set", "n").code == 2
    assert run("node", "delete", "n").out == "n: deleted\n"
    assert not api.nodes


def test_interfaces_are_reset_when_told(api: StandIn, run: Run) -> None:
    api.add_node("n")
    run("node", "set", "n", "--driver", "ipmi", "--reset-interfaces")
    assert api.seen[-1].query == {"reset_interfaces": "true"}
    assert api.seen[-1].body == [{"op": "add", "path": "/driver", "value": "ipmi"}]


@pytest.mark.parametrize(
    ("canned", "code", "words"),
    [
        (Canned(401, '{"error": {"message": "who?"}}'), 3, "OS_CLOUD"),
        (Canned(403, '{"faultstring": "it is protected"}'), 1, "it is protected"),
        (Canned(409, '{"faultstring": "busy"}'), 1, "baremetal node why"),
        (Canned(500, "<html>"), 1, "HTTP status 500"),
        (Canned(404, ""), 1, "there is no http://"),
    ],
)
def test_errors_have_exit_codes_and_advice(
    api: StandIn, run: Run, canned: Canned, code: int, words: str
) -> None:
    api.failures.append(canned)
    failed = run("node", "show", "n")
    assert failed.code == code
    assert failed.out == ""
    assert words in failed.err


def test_nobody_there(api: StandIn, run: Run) -> None:
    api.stop()
    failed = run("node", "provide", "n1", "n2")
    assert failed.code == 3
    assert "connection refused" in failed.err
    assert "baremetal up" in failed.err


def test_debug_shows_where(api: StandIn, run: Run) -> None:
    assert "Traceback" in run("--debug", "node", "show", "nope").err
