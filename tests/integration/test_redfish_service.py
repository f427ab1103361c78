"""The Redfish service of simulated machines, by the client that everybody uses (sushy)."""

from collections.abc import Iterator

import pytest
import requests
import sushy
from sushy import auth, exceptions

from baremetal.simulator.bmc.boot_options import BootDevice
from tests.integration.redfish_rack import PASSWORD, USER, RedfishRack

IMAGE = "http://images.example.org/ramdisk.iso"
SYSTEMS = "/redfish/v1/Systems"
ONCE = sushy.BootSourceOverrideEnabled.ONCE


@pytest.fixture(scope="module")
def rack() -> Iterator[RedfishRack]:
    rack = RedfishRack(2)
    yield rack
    rack.stop()


def _client(
    rack: RedfishRack, kind: type = auth.BasicAuth, password: str = PASSWORD
) -> sushy.Sushy:
    given = kind(username=USER, password=password)
    return sushy.Sushy(rack.url, auth=given, verify=False, server_side_retries=1)


def _system(rack: RedfishRack) -> sushy.resources.system.system.System:
    return _client(rack).get_system(f"{SYSTEMS}/{rack.machines[0].name}")


def _ask(rack: RedfishRack, method: str, path: str, body: object = None) -> requests.Response:
    return requests.request(method, rack.url + path, json=body, auth=(USER, PASSWORD), timeout=30)


def test_each_machine_is_a_system_that_says_what_it_is(rack: RedfishRack) -> None:
    members = _client(rack).get_system_collection().get_members()
    assert [one.name for one in members] == [one.name for one in rack.machines]
    for one, described in zip(members, rack.machines, strict=True):
        assert (one.uuid, one.serial_number) == (str(described.system_uuid), described.serial)
        macs = [nic.mac_address for nic in one.ethernet_interfaces.get_members()]
        assert macs == [described.macs[0]]


@pytest.mark.parametrize("kind", [auth.BasicAuth, auth.SessionAuth])
def test_it_is_logged_in_to_by_password_or_session(rack: RedfishRack, kind: type) -> None:
    client = _client(rack, kind)
    assert len(client.get_system_collection().members_identities) == 2
    # Else it would log out when its memory is freed, be it by the thread that would answer.
    client._auth.close()


def test_a_session_can_be_seen_and_ended_and_its_token_is_worth_nothing_then(
    rack: RedfishRack,
) -> None:
    client = _client(rack, auth.SessionAuth)
    sessions = client.get_session_service().sessions
    before = sessions.members_identities
    client._auth.close()
    after = _ask(rack, "GET", "/redfish/v1/SessionService/Sessions").json()["Members"]
    assert len(after) == len(before) - 1


def test_a_stranger_learns_where_to_log_in_and_no_more(rack: RedfishRack) -> None:
    for kind in (auth.BasicAuth, auth.SessionAuth):
        with pytest.raises(exceptions.AccessError):
            _client(rack, kind, "wrong").get_system_collection()
    for path in (SYSTEMS, f"{SYSTEMS}/{rack.machines[0].name}", "/redfish/v1/nothing"):
        assert requests.get(rack.url + path, timeout=30).status_code == 401
        token = {"X-Auth-Token": "guess"}
        assert requests.get(rack.url + path, headers=token, timeout=30).status_code == 401
    assert requests.get(f"{rack.url}/redfish/v1/", timeout=30).status_code == 200


def test_its_power_is_driven(rack: RedfishRack) -> None:
    system, machine = _system(rack), rack.machine()
    for action, state in (
        (sushy.ResetType.ON, sushy.PowerState.ON),
        (sushy.ResetType.FORCE_RESTART, sushy.PowerState.ON),
        (sushy.ResetType.FORCE_OFF, sushy.PowerState.OFF),
    ):
        system.reset_system(action)
        system.refresh(force=True)
        assert system.power_state is state
    assert machine.boots >= 2
    with pytest.raises(exceptions.HTTPError) as refused:
        system.reset_system(sushy.ResetType.NMI)
    assert refused.value.status_code == 409


@pytest.mark.parametrize("persistent", [False, True])
def test_its_boot_device_is_chosen_for_once_or_for_good(
    rack: RedfishRack, *, persistent: bool
) -> None:
    durations = sushy.BootSourceOverrideEnabled
    duration = durations.CONTINUOUS if persistent else durations.ONCE
    system, machine = _system(rack), rack.machine()
    system.set_system_boot_options(sushy.BootSource.PXE, enabled=duration)
    system.refresh(force=True)
    assert (system.boot.target, system.boot.enabled) == (sushy.BootSource.PXE, duration)
    chosen = rack.call(machine.boot_options.chosen)
    assert chosen is not None
    assert (chosen.device, chosen.persistent, chosen.uefi) == (BootDevice.PXE, persistent, None)
    before = machine.network_boots
    system.reset_system(sushy.ResetType.ON)
    system.reset_system(sushy.ResetType.FORCE_RESTART)
    assert machine.network_boots - before == (2 if persistent else 1)
    system.reset_system(sushy.ResetType.FORCE_OFF)
    system.set_system_boot_options(
        sushy.BootSource.HDD, enabled=duration, mode=sushy.BootSourceOverrideMode.UEFI
    )
    system.refresh(force=True)
    assert system.boot.mode is sushy.BootSourceOverrideMode.UEFI
    system.set_system_boot_options(enabled=durations.DISABLED)
    assert rack.call(machine.boot_options.chosen) is None


def test_a_medium_is_inserted_booted_and_ejected(rack: RedfishRack) -> None:
    system, machine = _system(rack), rack.machine()
    (manager,) = system.managers
    (drive,) = manager.virtual_media.get_members()
    assert not drive.inserted
    system.set_system_boot_options(sushy.BootSource.CD, enabled=ONCE)
    before = machine.network_boots
    system.reset_system(sushy.ResetType.ON)
    assert machine.network_boots == before, "there was nothing to boot"
    drive.insert_media(IMAGE)
    drive.refresh(force=True)
    assert (drive.inserted, drive.image, drive.image_name) == (True, IMAGE, "ramdisk.iso")
    system.set_system_boot_options(sushy.BootSource.CD, enabled=ONCE)
    system.reset_system(sushy.ResetType.FORCE_RESTART)
    assert machine.network_boots == before + 1
    drive.eject_media()
    drive.refresh(force=True)
    assert (drive.inserted, drive.image) == (False, None)
    system.reset_system(sushy.ResetType.FORCE_OFF)


def test_its_sensors_are_read(rack: RedfishRack) -> None:
    (enclosure,) = _system(rack).chassis
    thermal, power = enclosure.thermal, enclosure.power
    assert {one.name for one in thermal.temperatures} == {"Inlet Temp", "CPU1 Temp"}
    assert 15 < next(t.reading_celsius for t in thermal.temperatures if "Inlet" in t.name) < 30
    assert thermal.fans[0].reading is None, "it is off"
    assert power.power_supplies[0].last_power_output_watts > 0


BROKEN = [
    ("PATCH", "", {"Boot": {"BootSourceOverrideTarget": "Floppy"}}, 400),
    ("PATCH", "", {"Boot": {"BootSourceOverrideEnabled": 1}}, 400),
    ("PATCH", "", {"Boot": {"BootSourceOverrideMode": ["UEFI"]}}, 400),
    ("PATCH", "", {"PowerState": "On"}, 400),
    ("PATCH", "", [], 400),
    ("POST", "/Actions/ComputerSystem.Reset", {}, 400),
    ("POST", "/Actions/ComputerSystem.Reset", {"ResetType": {}}, 400),
    ("POST", "", {}, 405),
    ("GET", "/nothing", None, 404),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), BROKEN)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    rack: RedfishRack, method: str, path: str, body: object, status: int
) -> None:
    answer = _ask(rack, method, f"{SYSTEMS}/{rack.machines[0].name}{path}", body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"].startswith("Base.1.")
    assert error["message"] == error["@Message.ExtendedInfo"][0]["Message"]
    assert rack.call(rack.machine().boot_options.chosen) is None


def test_a_machine_or_a_medium_that_is_not_there_is_refused(rack: RedfishRack) -> None:
    assert _ask(rack, "GET", f"{SYSTEMS}/nobody").status_code == 404
    insert = f"/redfish/v1/Managers/{rack.machines[0].name}/VirtualMedia/Cd/Actions"
    for body in ({}, {"Image": "ftp://x"}, {"Image": IMAGE, "WriteProtected": False}):
        answer = _ask(rack, "POST", f"{insert}/VirtualMedia.InsertMedia", body)
        assert answer.status_code == 400
    assert rack.machine().media.image == ""
