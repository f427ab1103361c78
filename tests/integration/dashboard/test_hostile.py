"""What machines and people say of themselves is text, never markup."""

import sqlite3
from contextlib import closing

from tests.support.api import Api
from tests.support.browser import Browser, needs_browser
from tests.support.plane import PlaneProcess

pytestmark = needs_browser

MARKUP = '<img src=x onerror="window.owned = true"><script>window.owned = true</script>'


def test_markup_stays_text_in_every_view(plane: PlaneProcess, api: Api, browser: Browser) -> None:
    said = {"description": MARKUP, "owner": MARKUP, "resource_class": MARKUP[:80]}
    uuid = api.do("POST", "/v1/nodes", {"driver": "ipmi", "name": "hostile", **said})["uuid"]
    api.do("PUT", f"/v1/nodes/{uuid}/maintenance", {"reason": MARKUP})
    api.do("PUT", f"/v1/nodes/{uuid}/states/provision", {"target": "manage"})
    api.settled(uuid)
    # The API lets nobody have such a name; a database may come from anywhere.
    with closing(sqlite3.connect(plane.state_dir / "baremetal.sqlite", timeout=60)) as database:
        database.execute("UPDATE nodes SET name = ? WHERE uuid = ?", (MARKUP, uuid))
        database.execute("UPDATE operations SET error = ?, message = ?", (MARKUP, MARKUP))
        hostile = (
            "UPDATE operations SET autopsy = json_set(autopsy, '$.message', ?, '$.next[0]', ?)"
        )
        database.execute(hostile, (MARKUP, MARKUP))
        database.execute("UPDATE node_history SET event = ?", (MARKUP,))
        database.commit()

    for view, places in (
        ("#/", ("#failures .node", "#failures .what")),
        ("#/nodes", ("tbody .node", "td[data-key=resource_class]")),
        (f"#/node/{uuid}", ("h1", ".notes", "#facts + .facts", ".autopsy", "#timeline")),
    ):
        browser.driver.get(f"{plane.root_url}/dashboard/{view}")
        for place in places:
            browser.until_text(MARKUP[:80], place)
        assert not browser.all("main img")
        assert not browser.all("main script")
        assert browser.run("return window.owned") is None
    browser.find("#timeline a.kind").click()
    browser.until_text(MARKUP, "h1")
    browser.until_text(MARKUP, ".autopsy")
    assert browser.run("return window.owned") is None
    assert browser.complaints() == []


def test_the_policy_lets_nothing_else_in(plane: PlaneProcess, browser: Browser) -> None:
    browser.driver.get(f"{plane.root_url}/dashboard/")
    browser.until_text("machine")
    assert browser.complaints() == []
    refused = browser.run(
        """
        const script = document.createElement("script");
        script.append("window.owned = true");
        document.head.append(script);
        try {
            document.body.innerHTML = "<p>";
        } catch (error) {
            return error.name;
        }
        """
    )
    assert refused == "TypeError"
    assert browser.run("return window.owned") is None
