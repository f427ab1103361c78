"""Log lines and what they belong to."""

import io
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from baremetal import log

REQUEST = "req-" + "a" * 32
OTHERS = "req-01234567-89ab-cdef-0123-456789abcdef"
LOG = logging.getLogger("baremetal.test")


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root, noisy = logging.getLogger(), {n: logging.getLogger(n).level for n in log._NOISY}
    before = root.handlers[:], root.level
    # basicConfig closes what it replaces, and pytest goes on with its own.
    root.handlers[:] = []
    token = log.CONTEXT.set({})
    yield io.StringIO()
    log.CONTEXT.reset(token)
    root.handlers[:], level = before
    root.setLevel(level)
    for name, was in noisy.items():
        logging.getLogger(name).setLevel(was)


def test_a_line_of_text_names_its_request(out: io.StringIO) -> None:
    log.set_up("info", "text", out)
    LOG.info("nobody's")
    log.CONTEXT.set({"request_id": REQUEST, "global_request_id": OTHERS, "operation": "o"})
    LOG.info("somebody's")
    LOG.debug("not wanted")
    first, second = out.getvalue().splitlines()
    assert first.endswith("INFO baremetal.test [-] nobody's")
    assert second.endswith(f"INFO baremetal.test [{REQUEST} {OTHERS}] somebody's")


def test_a_line_of_json_has_what_is_known(out: io.StringIO) -> None:
    log.set_up("info", "json", out)
    log.CONTEXT.set({"request_id": REQUEST, "operation": "op", "node": "n", "rest": "no"})
    try:
        raise ValueError("it broke")
    except ValueError:
        LOG.exception("in %s", "words\nof two lines")
    (line,) = out.getvalue().splitlines()
    told = json.loads(line)
    assert told.pop("exception").endswith("ValueError: it broke")
    assert told.pop("time").endswith("+00:00")
    assert told == {
        "level": "error",
        "logger": "baremetal.test",
        "message": "in words\nof two lines",
        "request_id": REQUEST,
        "operation": "op",
        "node": "n",
    }


def test_threads_do_not_take_each_others_lines(out: io.StringIO) -> None:
    log.set_up("info", "json", out)
    together = Barrier(4)

    def work(number: int) -> None:
        log.CONTEXT.set({"request_id": str(number)})
        for _ in range(50):
            together.wait(30)
            LOG.info("%d", number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(lines) == 200
    assert all(line["request_id"] == line["message"] for line in lines)


@pytest.mark.parametrize(
    ("given", "valid"),
    [
        (REQUEST, True),
        (OTHERS, True),
        (OTHERS.upper().replace("REQ", "req"), True),
        ("", False),
        ("req-", False),
        ("a" * 36, False),
        (REQUEST + "\n", False),
        (OTHERS + '", "level": "x', False),
    ],
)
def test_ids_of_others_are_taken_only_if_they_are_such(given: str, valid: bool) -> None:
    assert log.is_request_id(given) is valid


def test_what_is_carried_arrives() -> None:
    before = log.CONTEXT.set({"request_id": REQUEST, "global_request_id": OTHERS, "node": "n"})
    message = log.carried()
    assert message == {"request_id": REQUEST, "global_request_id": OTHERS}
    log.take_up({})
    assert log.carried() == {}
    log.take_up({**message, "user": "x"})
    assert log.CONTEXT.get() == message
    log.CONTEXT.reset(before)
