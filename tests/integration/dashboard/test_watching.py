"""What happens is seen without a reload; what was missed is caught up with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.integration.dashboard.gate import gate
from tests.support.api import Api
from tests.support.browser import Browser, needs_browser
from tests.support.plane import PlaneProcess

pytestmark = needs_browser

AUTOPSY = {
    "step": "write_image",
    "cause": "disk",
    "meaning": "It is worn out.",
    "message": "The disk /dev/sda gave I/O errors.",
    "evidence": {
        "agent_log": ["sda: reset", "sda: I/O error, sector 7"],
        "bmc": [{"power": "on", "last_reset": "never"}],
        "attempts": 2,
    },
    "next": ["baremetal node maintenance set broken --reason disk"],
}


def _look(browser: Browser, plane: PlaneProcess, view: str) -> None:
    browser.driver.get(f"{plane.root_url}/dashboard/{view}")
    browser.until_text("Live", "#link")
    browser.run("window.neverReloaded = true")


def _never_reloaded(browser: Browser) -> bool:
    return bool(browser.run("return window.neverReloaded === true"))


def _enrol(api: Api, name: str, **values: object) -> str:
    body = {"driver": "fake-hardware", "name": name, **values}
    return str(api.do("POST", "/v1/nodes", body)["uuid"])


def _ask(api: Api, name: str, target: str, **more: object) -> None:
    api.do("PUT", f"/v1/nodes/{name}/states/provision", {"target": target, **more})


def test_a_list_follows_a_machine(plane: PlaneProcess, api: Api, browser: Browser) -> None:
    _enrol(api, "listed")
    _look(browser, plane, "#/nodes?q=listed")
    browser.until_text("enroll", "tbody tr")
    _ask(api, "listed", "manage")
    browser.until_text("manageable", "tbody tr")
    _enrol(api, "listed-too")
    browser.until_text("2 nodes", "#shown")
    api.do("DELETE", "/v1/nodes/listed-too")
    browser.until_text("1 node", "#shown")
    assert _never_reloaded(browser)


def test_the_overview_counts_anew(plane: PlaneProcess, api: Api, browser: Browser) -> None:
    _look(browser, plane, "#/")
    tile = "[data-state='clean failed'] .number"
    assert not browser.all(tile)
    api.available("counted")
    _ask(api, "counted", "manage")
    _ask(api, "counted", "clean", clean_steps=[{"interface": "deploy", "step": "hold"}])
    browser.until_text("counted", "#live")
    browser.until_text("an operator's unhold", "#live")
    browser.until_text("1 waiting", "#conductors")
    _ask(api, "counted", "abort")
    browser.until_text("1", tile)
    browser.until_text("1 failed", "#attention")
    assert _never_reloaded(browser)
    _ask(api, "counted", "manage")


def test_a_node_tells_what_it_waits_for_and_what_happened(
    plane: PlaneProcess, api: Api, browser: Browser
) -> None:
    api.available("told")
    _ask(api, "told", "manage")
    _look(browser, plane, "#/node/told")
    browser.until_text("manageable", ".head")
    assert "provide" in browser.text("#timeline")
    _ask(api, "told", "clean", clean_steps=[{"interface": "deploy", "step": "hold"}])
    browser.until_text("Waits for an operator's unhold", ".waits")
    browser.until_text("told is now clean hold", "#announcer")
    browser.find("#timeline li[data-operation]:nth-of-type(2) [data-group=waiting]")

    browser.find(".now a").click()
    browser.until_text("clean of told", "h1")
    browser.until_text("waiting", "#steps")
    _ask(api, "told", "unhold")
    browser.until_text("succeeded", ".head")
    assert _never_reloaded(browser)


def test_a_failure_is_explained(plane: PlaneProcess, api: Api, browser: Browser) -> None:
    _enrol(api, "broken", driver="ipmi")
    _look(browser, plane, "#/node/broken")
    _ask(api, "broken", "manage")
    browser.until_text("ipmi_address is missing", ".autopsy")
    browser.find("#timeline [data-group=failed] a").click()
    browser.until_text("verify of broken", "h1")
    browser.until_text("ipmi_address is missing", ".autopsy")

    with gate(plane, answers={"/autopsy": AUTOPSY}) as url:
        browser.driver.get(f"{url}/dashboard/#/node/broken")
        browser.until_text(AUTOPSY["message"], ".autopsy .error")  # type: ignore[arg-type]
        browser.until_text("baremetal node maintenance set broken", ".autopsy .next")
        assert "sda: reset sda: I/O error, sector 7" in browser.text(".autopsy pre")
        assert "power: on, last reset: never" in browser.text(".autopsy details:last-child")
        assert "Cause disk: It is worn out." in browser.text(".autopsy .facts")
        assert "Attempts 2" in browser.text(".autopsy .facts")


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[PlaneProcess]:
    with PlaneProcess(tmp_path / "state", options="[api]\nmax_streams = 1") as running:
        yield running


def test_it_comes_back_with_the_plane(mortal: PlaneProcess, browser: Browser) -> None:
    api = Api(mortal)
    _enrol(api, "survivor")
    _look(browser, mortal, "#/nodes")
    browser.until_text("survivor", "tbody")
    mortal.kill()
    browser.until_text("Reconnecting", "#link")
    mortal.restart()
    _ask(api, "survivor", "manage")
    browser.until_text("Live", "#link")
    browser.until_text("manageable", "tbody tr")
    _enrol(api, "newcomer")
    browser.until_text("newcomer", "tbody")
    assert _never_reloaded(browser)
    assert not browser.find("#trouble").is_displayed()


def test_without_a_stream_it_asks_by_itself(mortal: PlaneProcess, browser: Browser) -> None:
    api = Api(mortal)
    _enrol(api, "asked-for")
    with requests.get(f"{mortal.url}/v1/events/stream", stream=True, timeout=60) as stream:
        assert stream.status_code == 200
        browser.driver.get(f"{mortal.root_url}/dashboard/#/node/asked-for")
        browser.until_text("Polling", "#link")
        browser.until_text("enroll", ".head")
        _ask(api, "asked-for", "manage")
        browser.until_text("manageable", ".head")


def test_more_tabs_than_a_browser_has_connections(
    plane: PlaneProcess, api: Api, browser: Browser
) -> None:
    _enrol(api, "tabbed")
    for _ in range(8):
        browser.driver.switch_to.new_window("tab")
        _look(browser, plane, "#/node/tabbed")
        browser.until_text("enroll", ".head")
    browser.driver.switch_to.window(browser.driver.window_handles[1])
    _ask(api, "tabbed", "manage")
    browser.until_text("manageable", ".head")
    browser.until_text("Live", "#link")
