"""A life of the agent against a scripted API, with files as disks."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from baremetal.agent.__main__ import boot_mac, kernel_arguments
from baremetal.agent.api import Api
from baremetal.agent.block import MIB
from baremetal.agent.hardware import Hardware
from baremetal.agent.life import Life
from baremetal.agent.steps import Steps

MAC = "52:54:00:1a:00:01"
NODE = "00000001-0000-4000-8000-000000000000"
LOOKUP = f"lookup?addresses={MAC.replace(':', '%3A')}"
GIVEN = (
    200,
    {"node": {"uuid": NODE}, "config": {"agent_token": "t0ken", "heartbeat_timeout": 300}},
)
MASKED = (200, {"node": {"uuid": NODE}, "config": {"agent_token": "******"}})
GONE = (401, None)


def plan(*steps: tuple[str, dict[str, Any]], uuid: str = "p1") -> tuple[int, Any]:
    named = [{"name": name, "args": args} for name, args in steps]
    return (202, {"plan": {"uuid": uuid, "kind": "clean", "steps": named, "report_seconds": 60}})


class Script:
    """Answers in this order, and remembers what was said."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self._answers = list(answers)
        self.said: list[tuple[str, Any]] = []

    def __call__(self, method: str, url: str, body: Any, headers: Any) -> tuple[int, Any]:
        assert url.startswith("http://api/baremetal/v1/")
        self.said.append((url.removeprefix("http://api/baremetal/v1/"), body))
        return self._answers.pop(0)

    @property
    def reports(self) -> list[dict[str, Any]]:
        return [body["progress"] for _, body in self.said if body and "progress" in body]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine's /sys and /proc, with a disk of 8 GiB, a CD and a card."""
    device = tmp_path / "sys/devices/pci0000:00/0000:00:04.0/virtio1"
    files = {
        "sys/block/vda/size": str(8 << 21),
        "sys/block/vda/ro": "0",
        "sys/block/vda/serial": "D1234",
        "sys/block/vda/queue/rotational": "1",
        "sys/block/sr0/size": "2097151",
        "sys/class/net/eth0/address": MAC,
        "sys/class/net/eth0/carrier": "1",
        "sys/class/net/eth0/device/vendor": "0x1af4",
        "sys/class/net/lo/address": "00:00:00:00:00:00",
        "sys/class/dmi/id/product_name": "Rack",
        "proc/cpuinfo": "processor\t: 0\nmodel name\t: Fine\nflags\t: fpu lm\n",
        "proc/meminfo": "MemTotal:  250000 kB\nMemFree: 1 kB\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x1af4\n")
    (tmp_path / "sys/block/vda/device").symlink_to(device)
    tables = tmp_path / "sys/firmware/dmi/tables"
    tables.mkdir(parents=True)
    memory = bytes([17, 0x15, 0, 0]) + bytes(8) + (256).to_bytes(2, "little") + bytes(7)
    (tables / "DMI").write_bytes(bytes([1, 4, 0, 0]) + b"Rack\x00\x00" + memory + b"\x00\x00")
    return tmp_path


Live = Callable[[Script], list[str]]


@pytest.fixture
def live(machine: Path) -> Live:
    def live(script: Script) -> list[str]:
        said: list[str] = []
        steps = Steps(Hardware(machine), MAC)
        Life(Api("http://api/baremetal/", script), steps, "10.0.0.7", said.append, _nap).run()
        return said

    return live


def _nap(_seconds: float) -> None:
    pass


def test_it_says_two_things_before_it_works(live: Live) -> None:
    script = Script(GIVEN, plan(("inventory", {})), (202, {"plan": None}), GONE)
    live(script)
    (lookup, _), (heartbeat, body), (_, report), _ = script.said
    assert (lookup, heartbeat) == (LOOKUP, f"heartbeat/{NODE}")
    assert body == {
        "callback_url": "http://10.0.0.7:9999",
        "agent_version": "1.0",
        "agent_token": "t0ken",
        "plan_protocol": 1,
    }
    progress = report["progress"]
    assert (progress["plan"], progress["status"], progress["percent"]) == ("p1", "succeeded", 100)


def test_its_inventory_is_of_the_trade(live: Live) -> None:
    script = Script(GIVEN, plan(("inventory", {})), (202, {"plan": None}), GONE)
    live(script)
    found = script.reports[-1]["results"]["inventory"]
    assert found["memory"] == {"total": 250000 << 10, "physical_mb": 256}
    assert found["cpu"]["count"] == 1
    assert found["cpu"]["architecture"] == os.uname().machine
    assert found["system_vendor"]["product_name"] == "Rack"
    assert found["boot"] == {"current_boot_mode": "bios", "pxe_interface": MAC}
    assert [card["mac_address"] for card in found["interfaces"]] == [MAC]
    (disk,) = found["disks"]
    assert (disk["name"], disk["size"], disk["serial"]) == ("/dev/vda", 8 << 30, "D1234")
    assert disk["rotational"] is True
    assert disk["by_path"] == "/dev/disk/by-path/pci-0000:00:04.0"


def test_it_asks_until_somebody_answers(live: Live) -> None:
    not_yet = [(0, "ConnectionRefusedError"), (404, None), (503, None), MASKED]
    script = Script(*not_yet, GIVEN, (202, {"plan": None}), (0, "lost"), (202, {}), GONE)
    said = live(script)
    assert [url for url, _ in script.said[:5]] == [LOOKUP] * 5
    assert "t0ken" not in " ".join(said)


def test_the_same_plan_is_carried_out_once(live: Live) -> None:
    again = plan(("inventory", {}))
    answers = (again, (202, None), again, (409, None), plan(uuid="p2"), (202, None), GONE)
    script = Script(GIVEN, *answers)
    said = live(script)
    assert [line for line in said if line.startswith("step")] == ["step inventory"]
    assert [report["plan"] for report in script.reports] == ["p1", "p1", "p2"]


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ((("erase_devices", {}), ("polish", {})), "knows no step polish"),
        ((("erase_devices", {}), ("write_image", {"root_device": {"size": 1}})), "No disk fits"),
        ((("write_image", {}),), "needs image_source"),
        ((("config_drive", {"configdrive": "x"}),), "configdrive"),
        ((("install_bootloader", {}),), "No image was written"),
    ],
)
def test_a_plan_that_cannot_end_touches_nothing(
    live: Live, steps: tuple[tuple[str, dict[str, Any]], ...], why: str
) -> None:
    script = Script(GIVEN, plan(*steps), (202, None), GONE)
    live(script)
    (report,) = script.reports
    assert (report["status"], report["step"]) == ("failed", steps[-1][0])
    assert why in report["error"]


def test_a_file_as_disk_is_erased_wholly(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = machine / "disk"
    disk.write_bytes(b"\xee" * 3 * MIB)
    hardware = Hardware(machine)
    monkeypatch.setattr(hardware, "disks", lambda: [{"name": str(disk), "size": 3 * MIB}])
    answers = (plan(("erase_devices", {})), (202, None), GONE)
    script = Script(GIVEN, *answers)
    Life(Api("http://api/baremetal", script), Steps(hardware), "10.0.0.7", print, _nap).run()
    assert disk.read_bytes() == bytes(3 * MIB)
    assert script.reports[-1]["message"] == "erased 3 of 3 MiB"


def test_a_defect_of_its_own_is_told_too(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hardware = Hardware(machine)

    def broken(_mac: str | None) -> None:
        raise KeyError("missing")

    monkeypatch.setattr(hardware, "inventory", broken)
    script = Script(GIVEN, plan(("inventory", {})), (202, None), GONE)
    Life(Api("http://api/baremetal", script), Steps(hardware), "10.0.0.7", print, _nap).run()
    assert script.reports[-1]["error"] == "inventory: KeyError: 'missing'"


def test_the_kernel_tells_it_whom_to_ask() -> None:
    arguments = kernel_arguments("quiet ipa-api-url=http://a/b?c=d BOOTIF=01-52-54-00-1A-00-01\n")
    assert arguments["ipa-api-url"] == "http://a/b?c=d"
    assert boot_mac(arguments) == MAC
    assert boot_mac({}) is None
