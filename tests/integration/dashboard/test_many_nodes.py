"""Two thousand machines: found, narrowed, sorted and leafed through."""

import uuid

import pytest
from selenium.webdriver.common.keys import Keys

from baremetal.db.database import Database
from baremetal.db.tables import nodes
from tests.support.browser import Browser, needs_browser
from tests.support.plane import PlaneProcess

pytestmark = needs_browser

MACHINES = 2000


@pytest.fixture(scope="module")
def crowded(plane: PlaneProcess) -> PlaneProcess:
    """A plane with so many nodes, of which each tenth is available and each hundredth failed."""
    rows = [
        {
            "uuid": str(uuid.uuid4()),
            "name": f"rack{number // 40}-u{number % 40}",
            "created_at": "2026-01-01T00:00:00.000000+00:00",
            "driver": "fake-hardware",
            "resource_class": "gold" if number % 2 else "iron",
            "provision_state": "deploy failed"
            if number % 100 == 0
            else "available"
            if number % 10 == 0
            else "active",
            "power_state": "power on",
            "maintenance": number % 500 == 0,
        }
        for number in range(MACHINES)
    ]
    db = Database(f"sqlite:///{plane.state_dir / 'baremetal.sqlite'}")
    with db.write() as tx:
        tx.execute(nodes.insert(), rows)
    db.close()
    return plane


def _names(browser: Browser) -> list[str]:
    script = "return [...document.querySelectorAll('tbody .node')].map((a) => a.textContent)"
    found: list[str] = browser.run(script)
    return found


def _count(browser: Browser, chip: str) -> str:
    return browser.text(f".chip{chip} b")


def test_a_page_at_a_time(crowded: PlaneProcess, browser: Browser) -> None:
    browser.driver.get(f"{crowded.root_url}/dashboard/#/nodes")
    browser.until_text("1 to 100 of 2,000 nodes", "#shown")
    assert len(_names(browser)) == 100
    # In the order of people, not of characters.
    assert _names(browser)[:3] == ["rack0-u0", "rack0-u1", "rack0-u2"]
    assert _names(browser)[-1] == "rack2-u19"
    earlier, later = browser.all(".pager button")
    assert not earlier.is_enabled()
    later.click()
    browser.until_text("101 to 200 of 2,000 nodes", "#shown")
    assert _names(browser)[0] == "rack2-u20"

    # The address says it all: somebody else sees the same.
    browser.driver.refresh()
    browser.until_text("101 to 200 of 2,000 nodes", "#shown")


def test_words_chips_and_columns_narrow_and_sort(crowded: PlaneProcess, browser: Browser) -> None:
    browser.driver.get(f"{crowded.root_url}/dashboard/#/nodes")
    browser.until_text("of 2,000 nodes", "#shown")
    assert _count(browser, "[data-state=available]") == "180"
    assert _count(browser, "[data-only=failed]") == "20"
    assert _count(browser, "[data-only=maintenance]") == "4"

    browser.find(".chip[data-state=available]").click()
    browser.until_text("1 to 100 of 180 nodes", "#shown")
    browser.find("#filter").send_keys("rack1-")
    browser.until_text("4 nodes", "#shown")
    assert _names(browser) == ["rack1-u0", "rack1-u10", "rack1-u20", "rack1-u30"]
    browser.find("#filter").send_keys(Keys.BACKSPACE * 9, "nothing like it")
    browser.until_text("No node is like this.", "#shown")
    browser.find("#filter").clear()
    browser.find("#filter").send_keys(" ")
    browser.find(".chip[data-only=failed]").click()
    browser.until_text("20 nodes", "#shown")

    head = browser.find("th[data-key=name]")
    assert head.get_attribute("aria-sort") == "ascending"
    browser.find("th[data-key=name] button").click()
    browser.until(lambda: head.get_attribute("aria-sort") == "descending")
    assert _names(browser)[0] == "rack47-u20"
    browser.until_text("Sorted by Name, descending", "#announcer")


def test_the_overview_leads_to_lists_that_add_up(crowded: PlaneProcess, browser: Browser) -> None:
    browser.driver.get(f"{crowded.root_url}/dashboard/#/")
    browser.until_text("2,000", "#total")
    assert browser.text("[data-state=active] .number") == "1,800"
    browser.find("#states [data-state=active]").click()
    browser.until_text("1 to 100 of 1,800 nodes", "#shown")
    browser.driver.back()
    browser.until_text("4 in maintenance", "#attention")
    browser.find("#attention [data-only=maintenance]").click()
    browser.until_text("4 nodes", "#shown")
