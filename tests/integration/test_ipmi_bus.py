"""The IPMI bus on the real wire: simulated BMCs, and Debian's ipmi_sim as a second opinion."""

import dataclasses
import multiprocessing
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from baremetal.drivers.bmc.address import BmcAddress, RawCommand
from baremetal.drivers.bmc.boot import BootDevice, BootSetting, get_boot_device, set_boot_device
from baremetal.drivers.bmc.bus import IpmiBus
from baremetal.drivers.bmc.chassis import Power, PowerReading, get_power, set_power
from baremetal.drivers.bmc.errors import (
    BmcAuthenticationFailed,
    BmcBusClosed,
    BmcError,
    BmcNameUnknown,
    BmcNoAnswer,
    BmcProtocolError,
    BmcSessionsExhausted,
)
from baremetal.drivers.bmc.sensors import get_sensors
from baremetal.drivers.bmc.timing import Timings
from baremetal.simulator.faults import NO_BMC_FAULTS, BmcFaults
from devstack.ports import free_udp_ports
from tests.integration.ipmi_rack import Rack

GET_DEVICE_ID = RawCommand(0x06, 0x01)
IPMI_SIM = shutil.which("ipmi_sim")


MakeRack = Callable[..., Rack]


@pytest.fixture
def make_rack() -> Iterator[MakeRack]:
    racks: list[Rack] = []

    def make(
        count: int = 1,
        faults: BmcFaults | dict[BmcFaults, float] = NO_BMC_FAULTS,
        host: str = "127.0.0.1",
    ) -> Rack:
        racks.append(Rack(count, faults, host))
        return racks[-1]

    yield make
    for rack in racks:
        rack.stop()


@pytest.fixture
def bus() -> Iterator[IpmiBus]:
    with IpmiBus() as one:
        yield one


def test_power_boot_device_and_sensors(make_rack: MakeRack, bus: IpmiBus) -> None:
    (bmc,) = make_rack().bmcs()
    assert get_power(bus, bmc) is Power.OFF
    set_boot_device(bus, bmc, "pxe", persistent=True, uefi=True)
    assert get_boot_device(bus, bmc) == BootSetting(BootDevice.PXE, persistent=True, uefi=True)
    set_power(bus, bmc, "on")
    assert get_power(bus, bmc) is Power.ON
    assert {"Inlet Temp", "System Fan 1"} <= {sensor.name for sensor in get_sensors(bus, bmc)}
    set_power(bus, bmc, "reset")
    set_power(bus, bmc, "off")
    assert get_power(bus, bmc) is Power.OFF
    assert bus.stats().logins == 1


def test_an_ipv6_bmc(make_rack: MakeRack, bus: IpmiBus) -> None:
    try:
        (bmc,) = make_rack(host="::1").bmcs()
    except AssertionError:
        pytest.skip("NOT TESTED: this host has no ::1")
    assert get_power(bus, bmc) is Power.OFF


def test_names_and_numbers_of_one_bmc_share_its_session(make_rack: MakeRack, bus: IpmiBus) -> None:
    (bmc,) = make_rack().bmcs()
    get_power(bus, bmc)
    get_power(bus, dataclasses.replace(bmc, host="localhost"))
    assert bus.stats().sessions_open == 1
    with pytest.raises(BmcNameUnknown, match=r"nowhere\.invalid"):
        get_power(bus, dataclasses.replace(bmc, host="nowhere.invalid"))


def test_a_bus_costs_nothing_before_it_is_used() -> None:
    before = threading.active_count()
    bus = IpmiBus()
    assert bus.stats().bmcs == 0
    assert threading.active_count() == before
    bus.close()


def test_many_threads_share_one_session_with_each_bmc(make_rack: MakeRack, bus: IpmiBus) -> None:
    rack = make_rack(5)
    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(lambda bmc: get_power(bus, bmc), rack.bmcs() * 60))
    assert answers == [Power.OFF] * 300
    assert rack.active_sessions() == 5
    assert bus.stats().logins == 5


def _ipmi_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "ipmi"}


def test_closing_logs_out_and_ends_what_waits(make_rack: MakeRack) -> None:
    rack, silent = make_rack(50), make_rack(1, BmcFaults(silent=True)).bmcs()[0]
    # Drivers that other tests loaded may have left theirs.
    others = _ipmi_threads()
    bus = IpmiBus()
    bus.sweep(rack.bmcs())
    assert rack.active_sessions() == 50
    assert len(_ipmi_threads() - others) == 1
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(get_power, bus, silent)
        time.sleep(0.2)
        start = time.monotonic()
        bus.close()
        assert time.monotonic() - start < 2.0
        assert isinstance(waiting.exception(5), BmcBusClosed)
    assert rack.active_sessions() == 0
    with pytest.raises(BmcBusClosed):
        get_power(bus, rack.bmcs()[0])
    assert not _ipmi_threads() - others


def test_a_slow_caller_gets_every_reading(make_rack: MakeRack, bus: IpmiBus) -> None:
    rack = make_rack(5)
    read = bus.readings(rack.bmcs(), timeout=0.5)
    first = next(read)
    # Longer than the time-out and the grace that callers have after it.
    time.sleep(3.0)
    rest = list(read)
    assert {bmc for bmc, _ in (first, *rest)} == set(rack.bmcs())
    assert all(isinstance(reading, PowerReading) for _, reading in rest)


def test_the_end_of_the_interpreter_logs_out(make_rack: MakeRack) -> None:
    rack = make_rack()
    (bmc,) = rack.bmcs()
    program = (
        "import sys\n"
        "from baremetal.drivers.bmc.address import BmcAddress\n"
        "from baremetal.drivers.bmc.bus import IpmiBus\n"
        "from baremetal.drivers.bmc.chassis import get_power\n"
        "bus = IpmiBus()\n"
        "host, port, user = sys.argv[1:]\n"
        "print(get_power(bus, BmcAddress(host, int(port), user, sys.stdin.read())))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, bmc.host, str(bmc.port), bmc.username],
        input=bmc.password,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "off\n"
    assert rack.active_sessions() == 0


def ask_in_a_child(bus: IpmiBus, bmc: BmcAddress) -> None:
    sys.exit(0 if get_power(bus, bmc) is Power.OFF else 1)


def test_a_forked_child_has_a_thread_of_its_own(make_rack: MakeRack, bus: IpmiBus) -> None:
    (bmc,) = make_rack().bmcs()
    get_power(bus, bmc)
    child = multiprocessing.get_context("fork").Process(target=ask_in_a_child, args=(bus, bmc))
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert get_power(bus, bmc) is Power.OFF
    assert bus.stats().logins == 1


def test_restarted_bmcs_are_logged_in_to_again(make_rack: MakeRack, bus: IpmiBus) -> None:
    rack = make_rack(20)
    bus.sweep(rack.bmcs())
    rack.restart_bmcs()
    readings = bus.sweep(rack.bmcs())
    assert all(isinstance(reading, PowerReading) for reading in readings.values())
    assert bus.stats().logins == 40


def test_idle_sessions_are_closed(make_rack: MakeRack) -> None:
    rack = make_rack(3)
    with IpmiBus(Timings(idle=0.5)) as bus:
        bus.sweep(rack.bmcs())
        assert rack.active_sessions() == 3
        deadline = time.monotonic() + 5
        while rack.active_sessions() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert rack.active_sessions() == 0
        assert bus.stats().sessions_open == 0
        assert len(bus.sweep(rack.bmcs())) == 3


def test_a_silent_bmc_holds_nobody_up(make_rack: MakeRack, bus: IpmiBus) -> None:
    good = make_rack(4).bmcs()
    silent = make_rack(200, BmcFaults(silent=True)).bmcs()
    with ThreadPoolExecutor(2) as threads:
        sweep = threads.submit(bus.sweep, silent)
        time.sleep(0.3)
        start = time.monotonic()
        for _ in range(10):
            for bmc in good:
                get_power(bus, bmc)
        assert time.monotonic() - start < 2.0
        assert not sweep.done()
        assert {type(error) for error in sweep.result(15).values()} == {BmcNoAnswer}


def test_a_slow_bmc_is_served_slowly(make_rack: MakeRack, bus: IpmiBus) -> None:
    (bmc,) = make_rack(1, BmcFaults(slow=0.9)).bmcs()
    assert get_power(bus, bmc) is Power.OFF
    assert get_power(bus, bmc) is Power.OFF
    assert bus.stats().logins == 1


@pytest.mark.parametrize(
    ("faults", "kind", "seconds"),
    [
        (BmcFaults(silent=True), BmcNoAnswer, 6.0),
        (BmcFaults(wrong_password=True), BmcAuthenticationFailed, 1.0),
        (BmcFaults(refuse_sessions=True), BmcSessionsExhausted, 1.0),
        (BmcFaults(garbage=True), BmcProtocolError, 6.0),
    ],
)
def test_each_fault_has_its_error(
    make_rack: MakeRack, faults: BmcFaults, kind: type[BmcError], seconds: float
) -> None:
    (bmc,) = make_rack(1, faults).bmcs()
    start = time.monotonic()
    with IpmiBus(Timings(sessions_taken=0.0)) as bus, pytest.raises(kind) as failure:
        get_power(bus, bmc)
    assert time.monotonic() - start < seconds
    assert str(bmc) in failure.value.message
    assert bmc.password not in failure.value.message


def test_a_bmc_whose_sessions_are_all_taken_is_asked_until_one_ends(make_rack: MakeRack) -> None:
    (bmc,) = make_rack(1).bmcs()
    holders = [IpmiBus() for _ in range(4)]
    for holder in holders:
        get_power(holder, bmc)
    with IpmiBus(Timings(ask_for_session=0.1)) as bus, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(get_power, bus, bmc)
        time.sleep(0.3)
        assert not waiting.done()
        holders[0].close()
        assert waiting.result(5) is Power.OFF
    for holder in holders[1:]:
        holder.close()


def test_a_sweep_leaves_failed_bmcs_alone_for_a_while(make_rack: MakeRack, bus: IpmiBus) -> None:
    silent = make_rack(3, BmcFaults(silent=True)).bmcs()
    unknown = BmcAddress("nowhere.invalid", 623, "admin", "secret")
    first = bus.sweep([*silent, unknown, *silent])
    assert len(first) == 4
    start = time.monotonic()
    again = bus.sweep([*silent, unknown])
    assert time.monotonic() - start < 1.0
    for bmc in silent:
        error = again[bmc]
        assert isinstance(error, BmcNoAnswer)
        assert error.next_try_in is not None
        assert 0 < error.next_try_in <= 15
    assert isinstance(again[unknown], BmcNameUnknown)
    assert bus.stats().backing_off == 3


def test_the_healthy_of_a_mixed_fleet_are_read_at_once(make_rack: MakeRack, bus: IpmiBus) -> None:
    silent, lossy = BmcFaults(silent=True), BmcFaults(drop_packets=0.3)
    wrong = BmcFaults(wrong_password=True)
    rack = make_rack(300, {silent: 0.05, lossy: 0.05, wrong: 0.05})
    healthy = set(rack.bmcs(NO_BMC_FAULTS))
    assert len(healthy) > 200
    start, done = time.monotonic(), 0.0

    def note(bmc: BmcAddress, reading: PowerReading | BmcError) -> None:
        nonlocal done
        if bmc in healthy:
            done = time.monotonic() - start

    readings = bus.sweep(rack.bmcs(), on_result=note)
    assert done < 5.0
    assert len(readings) == 300
    assert all(isinstance(readings[bmc], PowerReading) for bmc in healthy)
    assert all(isinstance(readings[bmc], BmcNoAnswer) for bmc in rack.bmcs(silent))
    assert all(isinstance(readings[bmc], BmcAuthenticationFailed) for bmc in rack.bmcs(wrong))


def test_an_empty_sweep_returns_at_once(bus: IpmiBus) -> None:
    assert bus.sweep([]) == {}


@pytest.mark.slow
def test_twenty_sweeps_of_a_bad_fleet_never_hang(make_rack: MakeRack, bus: IpmiBus) -> None:
    kinds = (
        BmcFaults(silent=True),
        BmcFaults(drop_packets=0.5),
        BmcFaults(wrong_password=True),
        BmcFaults(garbage=True),
        BmcFaults(slow=0.5),
        BmcFaults(refuse_sessions=True),
    )
    rack = make_rack(150, dict.fromkeys(kinds, 0.1))
    healthy = rack.bmcs(NO_BMC_FAULTS)
    for number in range(20):
        start = time.monotonic()
        readings = bus.sweep(rack.bmcs(), timeout=2.0)
        assert time.monotonic() - start < 4.5
        assert len(readings) == 150
        assert all(isinstance(readings[bmc], PowerReading) for bmc in healthy)
        if number % 5 == 4:
            rack.restart_bmcs()
            bus.sweep(rack.bmcs(), timeout=8.0)


@pytest.fixture
def ipmi_sim(tmp_path: Path) -> Iterator[BmcAddress]:
    """A BMC of the OpenIPMI project, which knows cipher suite 3 and not 17."""
    if IPMI_SIM is None:
        pytest.skip("NOT TESTED: ipmi_sim is not installed (apt-get install openipmi)")
    port = free_udp_ports(1, "127.0.0.1")
    auths = "\n".join(
        f"    allowed_auths_{level} none md2 md5 straight"
        for level in ("callback", "user", "operator", "admin")
    )
    power = tmp_path / "power"
    power.write_text("power:0\n")
    control = tmp_path / "control"
    control.write_text(f'#!/bin/sh\n[ "$1" = get ] && cat {power} || echo "power:$3" > {power}\n')
    control.chmod(0o700)
    (tmp_path / "lan.conf").write_text(
        f'name "sim"\nset_working_mc 0x20\n  startlan 1\n    addr 127.0.0.1 {port}\n'
        f"    priv_limit admin\n{auths}\n"
        "    guid a123456789abcdefa123456789abcdef\n  endlan\n"
        f'  chassis_control "{control}"\n'
        '  user 2 true "admin" "secret" admin 10 none md2 md5 straight\n'
    )
    (tmp_path / "sim.emu").write_text(
        "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nmc_enable 0x20\n"
    )
    (tmp_path / "state").mkdir()
    process = subprocess.Popen(
        [IPMI_SIM, "-c", "lan.conf", "-f", "sim.emu", "-s", "state", "-n", "-p"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield BmcAddress("127.0.0.1", port, "admin", "secret")
    process.kill()
    process.wait()


def test_a_bmc_of_other_makers(ipmi_sim: BmcAddress, bus: IpmiBus) -> None:
    assert get_power(bus, ipmi_sim) is Power.OFF
    set_power(bus, ipmi_sim, "on")
    assert get_power(bus, ipmi_sim) is Power.ON
    with pytest.raises(BmcAuthenticationFailed, match="password is wrong"):
        get_power(bus, dataclasses.replace(ipmi_sim, password="wrong"))
    with pytest.raises(BmcAuthenticationFailed, match="no such user"):
        get_power(bus, dataclasses.replace(ipmi_sim, username="nobody"))
    with pytest.raises(BmcProtocolError, match="refused the session"):
        get_power(bus, dataclasses.replace(ipmi_sim, cipher_suite=17))
    assert get_power(bus, dataclasses.replace(ipmi_sim, cipher_suite=3)) is Power.ON
