"""What a seed draws for each machine of a fleet, and how a wrong declaration is refused."""

import statistics
from pathlib import Path
from typing import Any

import pytest

from baremetal.simulator.checked_mapping import FleetFileError
from baremetal.simulator.description import Hardware, MachineDescription
from baremetal.simulator.faults import NAMED_FAULTS, AgentFaults
from baremetal.simulator.fleet_file import load_variation_file
from baremetal.simulator.generated_fleet import FleetSeed, generate, read_variation


def fleet(document: dict[str, Any], count: int = 2000, seed: int = 7) -> list[MachineDescription]:
    return generate(FleetSeed(count, seed).varied(read_variation(document, "f")))


def boots(machines: list[MachineDescription]) -> list[float]:
    return [machine.hardware.boot_seconds for machine in machines]


def test_times_are_drawn_as_declared() -> None:
    normal = boots(fleet({"boot_seconds": {"normal": [60, 10]}}))
    assert statistics.mean(normal) == pytest.approx(60, abs=1)
    assert statistics.stdev(normal) == pytest.approx(10, abs=1)
    uniform = boots(fleet({"boot_seconds": {"uniform": [30, 90]}}))
    assert min(uniform) >= 30
    assert max(uniform) <= 90
    assert statistics.mean(uniform) == pytest.approx(60, abs=2)
    lognormal = boots(fleet({"boot_seconds": {"lognormal": [60, 0.5]}}))
    assert statistics.median(lognormal) == pytest.approx(60, rel=0.05)
    assert set(boots(fleet({"boot_seconds": 20}))) == {20.0}
    # Cut off, since no boot takes less than no time.
    assert min(boots(fleet({"boot_seconds": {"normal": [1, 10]}}))) == 0.0


def test_the_same_seed_and_file_make_the_same_machines_and_one_more_line_changes_no_other() -> None:
    document: dict[str, Any] = {
        "boot_seconds": {"normal": [60, 10]},
        "faults": [{"share": 0.1, "fault": "hung"}, {"share": 0.1, "fault": "garbage"}],
    }
    machines = fleet(document, 50)
    assert machines == fleet(document, 50)
    assert machines == fleet(document, 80)[:50]
    assert boots(machines) != boots(fleet(document, 50, seed=8))
    more = fleet({**document, "step_seconds": {"uniform": [1, 3]}}, 50)
    assert boots(more) == boots(machines)
    assert [m.bmc_faults for m in more] == [m.bmc_faults for m in machines]
    plain = generate(FleetSeed(50, 7))
    assert [m.bmc.password for m in plain] == [m.bmc.password for m in machines]


def test_faults_have_names_and_befall_their_shares() -> None:
    shares = {"hung": 0.1, "drop-half": 0.2, "never-boots": 0.3}
    document = {"faults": [{"share": share, "fault": name} for name, share in shares.items()]}
    machines = fleet(document)
    for name, share in shares.items():
        have = [m for m in machines if (m.bmc_faults, m.agent_faults) == NAMED_FAULTS[name]]
        assert len(have) == pytest.approx(share * 2000, rel=0.15)


def test_a_fault_by_chance_strikes_the_same_boots_each_time() -> None:
    faults = AgentFaults(never_boots=True, chance=0.3)
    struck = [faults.on_boot(boot, seed=5).never_boots for boot in range(1, 1001)]
    assert sum(struck) == pytest.approx(300, rel=0.2)
    assert struck == [faults.on_boot(boot, seed=5).never_boots for boot in range(1, 1001)]
    assert struck != [faults.on_boot(boot, seed=6).never_boots for boot in range(1, 1001)]


def test_what_varies_is_set_on_top_of_the_class() -> None:
    big = Hardware(name="big", cpus=64)
    variation = read_variation({"boot_seconds": {"uniform": [1, 2]}}, "f")
    (machine,) = generate(FleetSeed(1, hardware=((big, 1),)).varied(variation))
    assert machine.hardware.cpus == 64
    assert 1 <= machine.hardware.boot_seconds <= 2


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"boot_secs": 1}, "f: unknown field 'boot_secs'; did you mean boot_seconds?"),
        ({"boot_seconds": "slow"}, "f.boot_seconds: must be a number, not 'slow'"),
        ({"boot_seconds": -1}, "f.boot_seconds: must be from 0 to 1e+09, not -1"),
        ({"boot_seconds": {"gauss": [1, 2]}}, "must be a number or one of {normal: [mean,"),
        ({"boot_seconds": {}}, "f.boot_seconds: must be a number or one of"),
        ({"boot_seconds": {"normal": [60]}}, "f.boot_seconds.normal: must be [mean, deviation]"),
        ({"boot_seconds": {"normal": 60}}, "f.boot_seconds.normal: must be a list of numbers"),
        ({"boot_seconds": {"normal": [60, "x"]}}, "f.boot_seconds.normal[1]: must be a number"),
        ({"boot_seconds": {"uniform": [9, 1]}}, "must not begin above its end"),
        ({"faults": [{"fault": "hung"}]}, "f.faults[0].share: is missing"),
        ({"faults": [{"share": 0.1, "fault": "hang"}]}, "must be one of hung, garbage, drop-half"),
        (
            {"faults": [{"share": 0.1, "fault": "hung", "bmc": {"slow": 1}}]},
            "f.faults[0]: has `fault` beside `bmc` or `agent`; use one",
        ),
        (
            {"faults": [{"share": 0.6, "fault": "hung"}, {"share": 0.6, "fault": "garbage"}]},
            "f.faults: must have shares of at most 1 in all, not 1.2",
        ),
    ],
)
def test_a_wrong_declaration_is_refused_with_the_place(
    document: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(FleetFileError) as refusal:
        read_variation(document, "f")
    assert complaint in str(refusal.value)


def test_the_manual_s_example_is_valid() -> None:
    path = Path(__file__).parents[3] / "doc" / "guides" / "faults.yaml"
    variation = load_variation_file(path)
    assert variation.faults
    assert variation.varying
