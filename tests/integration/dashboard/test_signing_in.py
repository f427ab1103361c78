"""Who may look: a form where the plane asks for credentials, none where it does not."""

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from tests.integration.dashboard.gate import gate
from tests.support.browser import Browser, needs_browser
from tests.support.plane import PlaneProcess

pytestmark = needs_browser


@pytest.fixture(scope="module")
def guarded_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaneProcess]:
    with PlaneProcess(tmp_path_factory.mktemp("guarded"), auth="basic") as running:
        yield running


def _sign_in(browser: Browser, name: str, password: str) -> None:
    for field, text in (("user", name), ("password", password)):
        element = browser.find(f"input[name={field}]")
        element.clear()
        element.send_keys(text)
    browser.press(Keys.ENTER)


def test_wrong_and_right_credentials(guarded_plane: PlaneProcess, browser: Browser) -> None:
    assert guarded_plane.credentials is not None
    name, password = guarded_plane.credentials
    browser.driver.get(f"{guarded_plane.root_url}/dashboard")
    _sign_in(browser, name, "not it")
    browser.until_text("That is not right", ".login [role=alert]")
    assert not browser.find("#nav").is_displayed()

    _sign_in(browser, name, password)
    browser.until_text("0 machines")
    browser.until_text("Live", "#link")
    assert browser.text("#user") == name


def test_credentials_outlive_a_reload_and_end_by_signing_out(
    guarded_plane: PlaneProcess, browser: Browser
) -> None:
    assert guarded_plane.credentials is not None
    name, password = guarded_plane.credentials
    browser.driver.get(f"{guarded_plane.root_url}/dashboard/#/nodes")
    _sign_in(browser, name, password)
    browser.until_text("There are no nodes yet.")

    browser.driver.refresh()
    browser.until_text("There are no nodes yet.")
    assert password not in browser.driver.current_url
    assert password not in guarded_plane.log_path.read_text()

    browser.find("#sign-out").click()
    browser.find("input[name=password]")
    assert browser.run("return sessionStorage.length") == 0
    assert browser.run("return localStorage.length + document.cookie.length") == 0


def test_no_form_where_nobody_asks(plane: PlaneProcess, browser: Browser) -> None:
    browser.driver.get(f"{plane.root_url}/dashboard/")
    browser.until_text("machine")
    assert not browser.all("form")
    assert not browser.find("#session").is_displayed()


def test_a_token_where_tokens_are_asked_for(plane: PlaneProcess, browser: Browser) -> None:
    with gate(plane, token="it-is-me") as url:
        browser.driver.get(f"{url}/dashboard/")
        browser.find("input[name=token]").send_keys("it-is-not", Keys.ENTER)
        browser.until_text("That is not right", ".login [role=alert]")
        assert not browser.all("input[name=user]")
        field = browser.find("input[name=token]")
        field.clear()
        field.send_keys("it-is-me", Keys.ENTER)
        browser.until_text("machine")
        browser.until_text("Live", "#link")
