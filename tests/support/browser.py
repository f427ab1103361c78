"""A real browser for tests: Debian's Chromium without a window, and what one does with it."""

import os
import shutil
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="NOT TESTED: a browser is missing (apt-get install chromium chromium-driver)",
)
#: However loaded the machine is; nothing here waits longer than it has to.
_PATIENCE = 60.0


class Browser:
    """One browser with one page; use it in a ``with``."""

    def __init__(self, width: int = 1280, height: int = 860, scheme: str = "light") -> None:
        """Show pages of that size, in the colour scheme ``light`` or ``dark``."""
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for argument in ("headless=new", "disable-dev-shm-usage", "no-proxy-server", "lang=en"):
            options.add_argument(f"--{argument}")
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, Service(DRIVER))
        self.driver.set_script_timeout(_PATIENCE)
        # A window has a least width; what it shows has none.
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", features=features)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.driver.quit()

    def command(self, name: str, /, **parameters: Any) -> Any:
        """What the Chrome DevTools Protocol answers."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script of the page returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        """The first element that the CSS selector finds, as soon as there is one."""
        found: WebElement = self.until(
            lambda: next(iter(self.all(selector)), None), f"no {selector}"
        )
        return found

    def all(self, selector: str) -> list[WebElement]:
        """The elements that the CSS selector finds now."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str = "main") -> str:
        """The words that stand in the first such element, one blank between two; or nothing."""
        script = "return document.querySelector(arguments[0])?.innerText ?? ''"
        return " ".join(str(self.run(script, selector)).split())

    def until_text(self, text: str, selector: str = "main") -> None:
        """Return as soon as the text stands there."""
        self.until(lambda: text in self.text(selector), f"{text!r} is not in {selector}")

    def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        """What the condition gives, as soon as that is something."""
        wait = WebDriverWait(self.driver, _PATIENCE, poll_frequency=0.05)
        return wait.until(lambda _: condition(), what)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def complaints(self) -> list[str]:
        """What the page's scripts and policy complained of since the last time."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [e["message"] for e in entries if e["source"] != "network"]
