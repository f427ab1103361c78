"""For whoever looks: by keyboard alone, on a phone, by ear, in the light and in the dark."""

from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.integration.dashboard.conftest import Opener
from tests.support.api import Api
from tests.support.browser import Browser, needs_browser
from tests.support.plane import PlaneProcess

pytestmark = needs_browser

LONG = "a-machine-with-a-name-that-goes-on-and-on-as-names-made-by-machines-do"
_CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
_OVERHANG = """
    const scrolling = (e) => /auto|scroll/.test(getComputedStyle(e).overflowX);
    const scrolls = (e) => e && (scrolling(e) || scrolls(e.parentElement));
    return [...document.querySelectorAll("body *")]
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
        .filter((e) => !scrolls(e.parentElement))
        .filter((e) => e.checkVisibility() && !e.closest(".unseen"))
        .map((e) => e.outerHTML.slice(0, 120));
"""
_FOCUS = """
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
"""


@pytest.fixture(scope="module")
def operation(plane: PlaneProcess) -> str:
    """An operation that waits, of one of some nodes in several states; the last has failed."""
    api = Api(plane)
    for target in ("manage", "provide", "active"):
        if target == "manage":
            api.do("POST", "/v1/nodes", {"driver": "fake-hardware", "name": "reached"})
        api.do("PUT", "/v1/nodes/reached/states/provision", {"target": target})
        api.settled("reached")
    api.do("POST", "/v1/nodes", {"driver": "ipmi", "name": LONG})
    api.do("PUT", f"/v1/nodes/{LONG}/states/provision", {"target": "manage"})
    api.do("PUT", f"/v1/nodes/{LONG}/maintenance", {"reason": f"https://tickets/{LONG}"})
    api.settled(LONG)
    api.available("held")
    api.do("PUT", "/v1/nodes/held/states/provision", {"target": "manage"})
    steps = [{"interface": "deploy", "step": "hold"}]
    body = {"target": "clean", "clean_steps": steps}
    api.do("PUT", "/v1/nodes/held/states/provision", body)
    api.until(lambda: api.get("/v1/nodes/held")["provision_state"] == "clean hold")
    return str(api.get("/v1/nodes/held")["operation"]["uuid"])


def _views(operation: str) -> list[tuple[str, str]]:
    """Each view, and what stands in it as soon as it is whole."""
    return [
        ("#/", "waiting"),
        ("#/nodes", "3 nodes"),
        ("#/node/held", "Waits for"),
        (f"#/node/{LONG}", "What went wrong"),
        ("#/node/reached", "deploy"),
        (f"#/operation/{operation}", "waiting"),
    ]


def _show(browser: Browser, plane: PlaneProcess, view: str, text: str) -> None:
    browser.driver.get("about:blank")
    browser.driver.get(f"{plane.root_url}/dashboard/{view}")
    browser.until_text(text)


def _tab_to(browser: Browser, selector: str) -> None:
    """Press Tab until the focus, always to be seen, is there."""
    for _ in range(100):
        browser.press(Keys.TAB)
        if browser.run("return document.activeElement === document.body"):
            continue
        assert browser.run(_FOCUS), browser.run("return document.activeElement.outerHTML")
        if browser.run("return document.activeElement.matches(arguments[0])", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


def test_by_keyboard_alone(plane: PlaneProcess, browser: Browser, operation: str) -> None:
    _show(browser, plane, "#/", "1 waiting")
    _tab_to(browser, "#skip")
    assert browser.run("return document.activeElement.getBoundingClientRect().top") >= 0
    browser.press(Keys.ENTER)
    assert browser.run("return document.activeElement.id") == "content"

    browser.press(Keys.SHIFT + Keys.TAB)
    _tab_to(browser, "nav a[href='#/nodes']")
    browser.press(Keys.ENTER)
    browser.until_text("3 nodes", "#shown")
    browser.press("/")
    assert browser.run("return document.activeElement.id") == "filter"
    browser.press("held")
    browser.until_text("1 node", "#shown")
    _tab_to(browser, ".chip[data-state='clean hold']")
    browser.press(Keys.SPACE)
    browser.find(".chip[data-state='clean hold'][aria-pressed=true]")
    _tab_to(browser, "th[data-key=provision_state] button")
    browser.press(Keys.ENTER)
    browser.find("th[data-key=provision_state][aria-sort=ascending]")
    _tab_to(browser, "tbody a.node")
    browser.press(Keys.ENTER)
    browser.until_text("Waits for an operator's unhold", ".waits")
    _tab_to(browser, f"a[href='#/operation/{operation}']")
    browser.press(Keys.ENTER)
    browser.until_text("clean of held", "h1")


def test_an_update_leaves_the_focus_where_it_is(
    plane: PlaneProcess, api: Api, browser: Browser, operation: str
) -> None:
    _show(browser, plane, "#/nodes", "3 nodes")
    browser.run("document.querySelector(\"tbody a[href='#/node/reached']\").focus()")
    api.do("POST", "/v1/nodes", {"driver": "fake-hardware", "name": "before-it"})
    browser.until_text("4 nodes", "#shown")
    api.do("DELETE", "/v1/nodes/before-it")
    browser.until_text("3 nodes", "#shown")
    assert browser.run("return document.activeElement.textContent") == "reached"


def test_a_phone_scrolls_in_one_direction(
    plane: PlaneProcess, open_browser: Opener, operation: str
) -> None:
    phone = open_browser(360, 740)
    for view, text in _views(operation):
        _show(phone, plane, view, text)
        assert phone.run("return innerWidth") == 360
        assert phone.run("return document.documentElement.scrollWidth") == 360, view
        assert phone.run(_OVERHANG) == [], view


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out(
    plane: PlaneProcess, open_browser: Opener, operation: str, scheme: str
) -> None:
    browser = open_browser(scheme=scheme)
    for view, text in _views(operation):
        _show(browser, plane, view, text)
        dark = browser.run("return getComputedStyle(document.body).backgroundColor")
        assert dark == {"light": "rgb(244, 246, 249)", "dark": "rgb(13, 18, 25)"}[scheme]
        looked, faint = browser.run(_CONTRAST)
        assert looked > 10
        assert faint == [], view


def _value(node: dict[str, Any], name: str) -> str:
    return str(node.get(name, {}).get("value", "")).strip()


def test_everything_has_a_name_and_its_place(
    plane: PlaneProcess, browser: Browser, operation: str
) -> None:
    named = {"link", "button", "searchbox", "textbox", "combobox", "progressbar", "image", "table"}
    for view, text in _views(operation):
        _show(browser, plane, view, text)
        tree = browser.command("Accessibility.getFullAXTree")["nodes"]
        seen = [node for node in tree if not node.get("ignored")]
        roles = [_value(node, "role") for node in seen]
        for place in ("banner", "navigation", "main"):
            assert roles.count(place) == 1, (view, place)
        nameless = [n for n in seen if _value(n, "role") in named and not _value(n, "name")]
        assert nameless == [], view
        assert browser.run("return document.querySelectorAll('h1').length") == 1
        ids = "return [...document.querySelectorAll('[id]')].map((e) => e.id)"
        assert len(set(browser.run(ids))) == len(browser.run(ids)), view
        assert browser.run("return document.title").endswith("· Baremetal")
        assert browser.run("return document.documentElement.lang") == "en"
