"""Our dnsmasq answers a machine while its agent is wanted, and nobody else: a real client asks."""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from baremetal.conductor.netboot.dnsmasq import Dnsmasq
from baremetal.drivers.boot import layout
from baremetal.drivers.boot.ipxe import IpxeBoot
from baremetal.drivers.interfaces import BootPlace
from devstack.daemon import Daemon
from devstack.network import Network, NetworkUnavailableError
from tests.unit.drivers.test_ipxe import NODE

pytestmark = [pytest.mark.slow, pytest.mark.services]

_BUSYBOX = "/bin/busybox"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    if shutil.which("dnsmasq") is None or not Path(_BUSYBOX).exists():
        pytest.skip("DHCP IS NOT TESTED: missing: apt-get install dnsmasq-base busybox-static")
    network = Network(tmp_path, clients=1)
    try:
        network.start()
    except NetworkUnavailableError as reason:
        pytest.skip(f"DHCP IS NOT TESTED: {reason}")
    yield network
    network.stop()


def _card(inside: list[str]) -> tuple[str, str]:
    """Name and MAC address of the host's one card."""
    said = subprocess.run([*inside, "ip", "-j", "link"], capture_output=True, check=True).stdout
    (card,) = [link for link in json.loads(said) if link["ifname"] != "lo"]
    return card["ifname"], card["address"]


def _gets_an_address(network: Network, card: str, tries: int) -> bool:
    ask = f"{_BUSYBOX} udhcpc -i {card} -n -q -t {tries} -T 1 -s /bin/true".split()
    done = subprocess.run([*network.client(1), *ask], capture_output=True, check=False, timeout=240)
    return done.returncode == 0


def test_only_a_machine_whose_agent_is_wanted_gets_an_address(
    network: Network, tmp_path: Path
) -> None:
    card, mac = _card(network.client(1))
    server_card, _ = _card(network.server)
    hosts = tmp_path / "hosts"
    hosts.mkdir()
    boot, here = IpxeBoot(), "http://10.83.1.1"
    boot.place = BootPlace(
        tmp_path / "root", here, here, f"{here}/vmlinuz", f"{here}/agent.img", dhcp_hosts=hosts
    )
    boot.place.root.mkdir()
    node = replace(NODE, macs=(mac,))
    dnsmasq = Dnsmasq(
        boot.place, interface=server_card, addresses="10.83.1.10,10.83.1.20", router="", lease=600
    )
    daemon = Daemon("dnsmasq", tmp_path)
    daemon.start([*network.server, *dnsmasq.command()])
    try:
        daemon.wait_for(lambda: "started" in daemon.log(), 120)
        assert not _gets_an_address(network, card, 2), "nobody is known"
        boot.prepare_ramdisk(node)
        assert _gets_an_address(network, card, 60), daemon.log()
        boot.clean_up_ramdisk(node)
        daemon.wait_for(lambda: daemon.log().count(f"read {hosts}/") >= 2, 120)
        assert not _gets_an_address(network, card, 2), "its time is over"
        _forget_all(boot.place, hosts, daemon)
        boot.prepare_ramdisk(node)
        assert _gets_an_address(network, card, 60), daemon.log()
        _forget_all(boot.place, hosts, daemon)
        assert not _gets_an_address(network, card, 2), "its conductor has lost it"
    finally:
        daemon.stop()


def _forget_all(place: BootPlace, hosts: Path, daemon: Daemon) -> None:
    """As a conductor does it; another machine's file is there to see when that is done."""
    layout.drop(place, layout.offered(place).hosts)
    other = hosts / "52-54-00-1a-00-09"
    other.write_text("52:54:00:1a:00:09\n")
    daemon.wait_for(lambda: f"read {other}" in daemon.log(), 120)
    before = daemon.log(1000).count(f"read {other}")
    daemon.send(signal.SIGHUP)
    daemon.wait_for(lambda: daemon.log(1000).count(f"read {other}") > before, 120)
