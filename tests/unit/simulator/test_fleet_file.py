"""Fleet files: what they make, and how they are refused."""

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from baremetal.simulator.checked_mapping import FleetFileError
from baremetal.simulator.description import GIB
from baremetal.simulator.fleet_file import load_fleet_file, read_fleet, write_enrolment_file

ONE: dict[str, Any] = {
    "name": "n1",
    "macs": ["52:54:00:AA:00:01"],
    "bmc": {"port": 17001, "password": "secret"},
}


def generated(**fields: Any) -> dict[str, Any]:
    return {"generate": [{"count": 3, **fields}]}


def test_a_machine_has_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(
        """
        hardware:
          big: {cpus: 64, disks: [{name: /dev/nvme0n1, size_gib: 960}], extra_steps: {burn_in: 9}}
        machines:
          - name: rack1-u7
            macs: ["52:54:00:AA:00:07", "52:54:00:aa:00:08"]
            hardware: big
            bmc: {address: 127.0.0.2, port: 17007, username: root, password: secret}
            faults:
              bmc: {drop_packets: 0.5, slow: 2}
              agent: {fail_at_step: {step: write_image, message: dying}, first_boots: 1}
        """
    )
    (machine,) = load_fleet_file(path)
    assert machine.macs == ("52:54:00:aa:00:07", "52:54:00:aa:00:08")
    assert (machine.bmc.address, machine.bmc.port, machine.bmc.username) == (
        *("127.0.0.2", 17007, "root"),
    )
    assert machine.hardware.cpus == 64
    assert machine.hardware.resource_class == "big"
    assert machine.hardware.disks[0].size == 960 * GIB
    assert machine.hardware.extra_steps == (("burn_in", 9.0),)
    assert (machine.bmc_faults.drop_packets, machine.bmc_faults.slow) == (0.5, 2.0)
    assert machine.agent_faults.fail_at_step == "write_image"
    assert machine.agent_faults.fail_message == "dying"
    assert machine.agent_faults.on_boot(2, seed=0).fail_at_step is None


def test_the_same_seed_makes_the_same_fleet_and_a_longer_one_begins_with_it() -> None:
    fields = {"seed": 7, "faults": [{"share": 0.5, "bmc": {"silent": True}}]}
    short = read_fleet({"generate": [{"count": 20, **fields}]}, "f")
    long = read_fleet({"generate": [{"count": 40, **fields}]}, "f")
    other = read_fleet({"generate": [{"count": 20, **fields, "seed": 8}]}, "f")
    assert long[:20] == short
    assert other[0].bmc.password != short[0].bmc.password
    assert len({machine.bmc.password for machine in long}) == 40
    assert 5 < sum(machine.bmc_faults.silent for machine in long) < 35


def test_ports_or_addresses_count() -> None:
    ports = read_fleet(generated(bmc={"port": 20000}), "f")
    assert [m.bmc.port for m in ports] == [20000, 20001, 20002]
    addresses = read_fleet(
        generated(bmc={"address": "127.0.1.254", "port": 623, "count_by": "address"}), "f"
    )
    assert [m.bmc.address for m in addresses] == ["127.0.1.254", "127.0.1.255", "127.0.2.0"]
    assert {m.bmc.port for m in addresses} == {623}


def test_generated_fleets_can_stand_side_by_side() -> None:
    document = {
        "generate": [
            {"count": 2, "name_prefix": "a-"},
            {"count": 2, "first": 2, "name_prefix": "b-", "bmc": {"port": 18000}},
        ]
    }
    assert [m.name for m in read_fleet(document, "f")] == ["a-0", "a-1", "b-2", "b-3"]


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ([], "f: must be a mapping, not []"),
        ({}, "describes no machine"),
        ({"machine": []}, "unknown field 'machine'; did you mean machines?"),
        ({"machines": {}}, "f.machines: must be a list"),
        ({"machines": ["n1"]}, "f.machines[0]: must be a mapping, not 'n1'"),
        ({"machines": [{**ONE, "name": ""}]}, "f.machines[0].name: must be a string"),
        ({"machines": [{**ONE, "macs": ["52:54"]}]}, "f.machines[0].macs: must be six pairs"),
        ({"machines": [{**ONE, "macs": []}]}, "f.machines[0].macs: must be a list of strings"),
        (
            {"machines": [{**ONE, "hardware": "x"}]},
            "f.machines[0].hardware: must be one of default",
        ),
        ({"machines": [{**ONE, "bmc": {}}]}, "f.machines[0].bmc.password: is missing"),
        (
            {"machines": [{**ONE, "bmc": {"port": "x", "password": "s"}}]},
            "f.machines[0].bmc.port: must be an integer from 1 to 65535, not 'x'",
        ),
        (
            {"machines": [{**ONE, "bmc": {"address": "host", "password": "s"}}]},
            "f.machines[0].bmc.address: must be an IP address, not 'host'",
        ),
        (
            {"machines": [{**ONE, "bmc": {"password": "x" * 21}}]},
            "f.machines[0].bmc.password: must be a string of 1 to 20 characters",
        ),
        (
            {"machines": [{**ONE, "faults": {"bmc": {"drop_packets": 2}}}]},
            "f.machines[0].faults.bmc.drop_packets: must be from 0 to 1, not 2",
        ),
        (
            {"machines": [{**ONE, "faults": {"bmc": {"silent": "yes"}}}]},
            "f.machines[0].faults.bmc.silent: must be true or false",
        ),
        (
            {"machines": [{**ONE, "faults": {"agent": {"die_at": "x"}}}]},
            "f.machines[0].faults.agent: unknown field 'die_at'; did you mean die_at_step?",
        ),
        (
            {"machines": [{**ONE, "faults": {"agent": {"fail_at_step": {}}}}]},
            "f.machines[0].faults.agent.fail_at_step.step: is missing",
        ),
        ({"machines": [ONE, ONE]}, "belongs to 2 machines"),
        (generated(count=0), "f.generate[0].count: must be an integer from 1"),
        (generated(mac_prefix="52:54"), "f.generate[0].mac_prefix: must be three pairs"),
        (generated(hardware={"x": 1}), "f.generate[0].hardware.x: must be one of default"),
        (generated(bmc={"port": 65534}), "pass port 65535"),
        (generated(faults=[{"bmc": {}}]), "f.generate[0].faults[0].share: is missing"),
        ({"hardware": {"x": {"cpus": True}}}, "f.hardware.x.cpus: must be an integer"),
        ({"hardware": {"x": {"boot_mode": "efi"}}}, "must be one of uefi, bios, not 'efi'"),
        ({"hardware": {1: {}}}, "f.hardware: names must be strings, not 1"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(document: object, complaint: str) -> None:
    with pytest.raises(FleetFileError) as refusal:
        read_fleet(document, "f")
    assert complaint in str(refusal.value)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    with pytest.raises(FleetFileError, match="No such file"):
        load_fleet_file(path)
    path.write_text("machines: [")
    with pytest.raises(FleetFileError, match="is not YAML"):
        load_fleet_file(path)


def test_the_enrolment_file_holds_what_a_node_needs_and_is_private(tmp_path: Path) -> None:
    machines = read_fleet({"machines": [ONE]}, "f")
    path = tmp_path / "nodes.yaml"
    path.write_text("something older")
    path.chmod(0o644)
    write_enrolment_file(machines, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["nodes.yaml"]
    assert yaml.safe_load(path.read_text()) == {
        "nodes": [
            {
                "name": "n1",
                "driver": "ipmi",
                "driver_info": {
                    "ipmi_address": "127.0.0.1",
                    "ipmi_port": 17001,
                    "ipmi_username": "admin",
                    "ipmi_password": "secret",
                },
                "properties": {},
                "resource_class": "baremetal",
                "ports": [{"address": "52:54:00:aa:00:01"}],
            }
        ]
    }
