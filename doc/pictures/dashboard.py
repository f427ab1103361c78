"""Takes the manual's picture of the dashboard: a simulated rack at work, seen by Chromium.

From the root of the checkout: ``.venv/bin/python -m doc.pictures.dashboard``. With ``pngquant``
installed it makes the picture small.
"""

import base64
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.support.api import Api
from tests.support.browser import Browser
from tests.support.plane import PlaneProcess

PICTURE = Path(__file__).parents[1] / "static" / "dashboard.png"
WIDTH, HEIGHT = 1180, 790
MACHINES = 40
_FIRST_PORT = 17300
_OPTIONS = "[conductor]\nagent_report_interval = 0.5\npower_sync_interval = 10\n"
_DYING = {"agent": {"fail_at_step": {"step": "write_image", "message": "the disk is dying"}}}
_IMAGE = {
    "image_source": "http://images.example.org/debian-12.raw",
    "image_checksum": "d41d8cd98f00b204e9800998ecf8427e",
    "image_size_mb": 8192,
}
_PATIENCE = 600.0  # seconds


def main() -> None:
    """Bring a rack to life, and take its picture."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        with (
            PlaneProcess(directory / "state", options=_OPTIONS) as plane,
            rack(plane, directory) as machines,
        ):
            api = Api(plane)
            bring_up(api, machines)
            set_to_work(api)
            take(plane)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")


@contextmanager
def rack(plane: PlaneProcess, directory: Path) -> Iterator[list[dict[str, Any]]]:
    """What there is to enrol, while the machines answer."""
    fleet, nodes, log = (directory / name for name in ("fleet.yaml", "nodes.yaml", "rack.log"))
    fleet.write_text(yaml.safe_dump({"machines": [_machine(n) for n in range(MACHINES)]}))
    command = [sys.executable, "-m", "baremetal.cmd.main", "simulate", str(fleet)]
    options = ["--api", plane.url, "--enrolment", str(nodes), "--time-scale", "0.25"]
    with log.open("w") as out:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*command, *options], stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _until(lambda: "ready " in log.read_text() or process.poll() is not None)
        yield yaml.safe_load(nodes.read_text())["nodes"]
    finally:
        process.terminate()
        process.wait()


def _machine(number: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": f"rack{1 + number // 20}-u{1 + number % 20}",
        "macs": [f"52:54:00:aa:00:{number:02x}"],
        "bmc": {
            "address": "127.0.0.1",
            "port": _FIRST_PORT + number,
            "username": "admin",
            "password": "secret",
        },
    }
    return described if number not in (3, 17) else {**described, "faults": _DYING}


def bring_up(api: Api, machines: list[dict[str, Any]]) -> None:
    """Enrol all; most become active, some stay on the way."""
    for machine in machines:
        ports = machine.pop("ports")
        node = api.do("POST", "/v1/nodes", {**machine, "instance_info": _IMAGE})
        for port in ports:
            api.do("POST", "/v1/ports", {"node_uuid": node["uuid"], **port})
    names = [machine["name"] for machine in machines]
    for target, share in (("manage", names[:-1]), ("provide", names[:-3]), ("active", names[:-9])):
        _ask(api, share, target)
        _until(lambda: not api.get("/v1/summary")["operations"]["waiting"])
        _until(lambda: not any(api.get("/v1/summary")["operations"].values()))
    api.do("PUT", f"/v1/nodes/{names[5]}/maintenance", {"reason": "a fan is being replaced"})


def set_to_work(api: Api) -> None:
    """Let some machines be written and wiped, each at another point of its way."""
    for number, target in enumerate(("deleted", "rebuild", "rebuild", "deleted", "rebuild")):
        _ask(api, [f"rack2-u{2 + number}"], target)
        time.sleep(2.5)
    _until(lambda: _at_least(api, 60))


def _at_least(api: Api, percent: int) -> bool:
    """Whether something waits, and the first of it has come so far."""
    found = api.get("/v1/operations?state=waiting")["operations"]
    return bool(found) and found[0]["progress"]["percent"] > percent


def take(plane: PlaneProcess) -> None:
    """Write the picture of the overview."""
    with Browser(WIDTH, HEIGHT) as browser:
        browser.driver.get(f"{plane.root_url}/dashboard/")
        browser.until_text("Live", "#link")
        browser.until_text("%", "#live")
        shot = browser.command("Page.captureScreenshot", format="png")
    PICTURE.write_bytes(base64.b64decode(shot["data"]))
    quantiser = shutil.which("pngquant")
    if quantiser:
        subprocess.run(  # noqa: S603 - as above
            [quantiser, "--force", "--strip", "--ext", ".png", str(PICTURE)], check=True
        )


def _ask(api: Api, names: list[str], target: str) -> None:
    for name in names:
        api.do("PUT", f"/v1/nodes/{name}/states/provision", {"target": target})


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the rack does not come to the point")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
