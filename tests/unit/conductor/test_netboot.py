"""What a conductor serves to machines that boot, and the DHCP server that it runs."""

import http.client
import shutil
import subprocess
from pathlib import Path

import pytest

from baremetal.conductor.netboot.dnsmasq import Dnsmasq
from baremetal.conductor.netboot.file_server import FileServer
from baremetal.conductor.netboot.service import Netboot
from baremetal.domain.errors import InvalidInput
from baremetal.drivers.interfaces import BootPlace
from tests.support.configuration import fresh_configuration


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_it_serves_files_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "nodes").mkdir(parents=True)
    (root / "nodes/a.ipxe").write_text("#!ipxe\n")
    (root / "nodes/.draft-1").write_text("half")
    (tmp_path / "secret").write_text("secret")
    server = FileServer(("127.0.0.1", 0), root)
    port = server.start()
    try:
        assert _get(port, "/nodes/a.ipxe") == (200, b"#!ipxe\n")
        for path in ("/nodes/", "/nodes/.draft-1", "/../secret", "/%2e%2e/secret", "/nodes/b"):
            assert _get(port, path)[0] == 404, path
    finally:
        server.stop()


def test_it_takes_what_is_configured(tmp_path: Path) -> None:
    conf = fresh_configuration(tmp_path)
    assert Netboot(conf).place is None
    conf.set_override("url", "http://boot.example.org/b/", group="netboot")
    with pytest.raises(InvalidInput, match=r"\[netboot\]api_url"):
        Netboot(conf)
    conf.set_override("host", "10.0.0.9", group="api")
    place = Netboot(conf).place
    assert place is not None
    assert place.root == tmp_path / "netboot"
    assert place.file_paths == (tmp_path / "ramdisks", Path("/var/lib/baremetal/ramdisks"))
    assert (place.url, place.dhcp_hosts) == ("http://boot.example.org/b", None)
    assert place.api_url == "http://10.0.0.9:6385/baremetal"
    conf.set_override("provider", "dnsmasq", group="dhcp")
    with pytest.raises(InvalidInput, match=r"\[dhcp\]interface"):
        Netboot(conf)
    conf.clear_override("url", group="netboot")
    with pytest.raises(InvalidInput, match=r"\[netboot\]host"):
        Netboot(conf)


def test_dnsmasq_understands_what_it_is_told(tmp_path: Path) -> None:
    if shutil.which("dnsmasq") is None:
        pytest.skip("DHCP IS NOT TESTED: missing: apt-get install dnsmasq-base")
    place = BootPlace(tmp_path, "http://10.0.0.1", "http://10.0.0.1", dhcp_hosts=tmp_path / "hosts")
    dnsmasq = Dnsmasq(
        place, interface="br0", addresses="10.0.0.2,10.0.0.9", router="10.0.0.1", lease=600
    )
    command = dnsmasq.command()
    options = command[command.index("dnsmasq") :]
    done = subprocess.run([*options, "--test"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "syntax check OK" in done.stderr
