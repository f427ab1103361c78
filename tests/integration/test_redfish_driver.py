"""The Redfish drivers against services in all sorts of moods."""

import datetime as dt
import gc
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from baremetal.domain import autopsy, states
from baremetal.domain.node import Node
from baremetal.drivers.boot.redfish_virtual_media import RedfishVirtualMediaBoot
from baremetal.drivers.management.redfish import RedfishManagement
from baremetal.drivers.power.redfish import RedfishPower
from baremetal.drivers.redfish import clients
from baremetal.drivers.redfish.clients import RedfishError
from baremetal.simulator.machine import Running
from tests.integration.redfish_rack import PASSWORD, USER, RedfishRack
from tests.support.asking import asked, provision, wait_until
from tests.support.plane import PlaneProcess

PLAIN = Node(uuid="00000001-0000-4000-8000-000000000000", version=1, driver="redfish", name="n")
POWER = RedfishPower()
ISO = "http://images.example.org/ramdisk.iso"
OTHER_ISO = "http://images.example.org/of-somebody-else.iso"


@pytest.fixture(scope="module")
def rack() -> Iterator[RedfishRack]:
    rack = RedfishRack(2)
    yield rack
    rack.stop()


def _state(node: Node) -> str:
    return POWER.get_power_state(node)


def _trouble(node: Node) -> RedfishError:
    with pytest.raises(RedfishError) as caught:
        _state(node)
    assert PASSWORD not in caught.value.message
    return caught.value


def _sessions(rack: RedfishRack) -> int:
    path = f"{rack.url}/redfish/v1/SessionService/Sessions"
    answer = requests.get(path, auth=(USER, PASSWORD), timeout=30)
    return len(answer.json()["Members"])


@pytest.mark.parametrize("how", ["auto", "basic", "session"])
def test_a_service_that_was_restarted_is_logged_in_to_anew(rack: RedfishRack, how: str) -> None:
    node = rack.node(PLAIN, redfish_auth_type=how)
    assert _state(node) == states.POWER_OFF
    rack.restart_service()
    assert _state(node) == states.POWER_OFF


def test_sessions_last_while_clients_are_forgotten_and_end_when_they_are_pushed_out(
    rack: RedfishRack, monkeypatch: pytest.MonkeyPatch
) -> None:
    rack.restart_service()
    monkeypatch.setattr(clients, "_CLIENTS", clients._Clients())
    assert _state(rack.node(PLAIN)) == states.POWER_OFF
    assert _sessions(rack) == 1
    clients._CLIENTS._kept.clear()
    gc.collect()
    assert _sessions(rack) == 1, "memory is freed in any thread, which must not wait"
    monkeypatch.setattr(clients, "_KEPT", 1)
    for how in ("auto", "session", "basic"):
        assert _state(rack.node(PLAIN, redfish_auth_type=how)) == states.POWER_OFF
    assert _sessions(rack) == 1


def test_what_is_so_already_is_not_asked_for(rack: RedfishRack) -> None:
    node, machine = rack.node(PLAIN), rack.machine()
    before = machine.boots
    for _ in range(2):
        POWER.set_power_state(node, states.POWER_ON, 20)
    assert machine.boots == before + 1
    POWER.set_power_state(node, states.REBOOT, 20)
    assert machine.boots == before + 2
    POWER.set_power_state(node, states.POWER_OFF, 20)


def test_a_service_that_never_answers_is_given_up(
    rack: RedfishRack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "_ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        error = _trouble(rack.node(PLAIN, redfish_address=url))
    assert error.cause == autopsy.BMC_UNREACHABLE
    assert url in error.message


def test_a_wrong_password_is_told_from_silence(rack: RedfishRack) -> None:
    for how in ("auto", "basic", "session"):
        node = rack.node(PLAIN, redfish_password="guess", redfish_auth_type=how)
        error = _trouble(node)
        assert error.cause == autopsy.BMC_REFUSED
        assert "redfish_password" in error.message
        assert "guess" not in error.message


def test_a_system_must_be_named_where_there_are_two(rack: RedfishRack) -> None:
    error = _trouble(rack.node(PLAIN, redfish_system_id=None))
    assert (error.cause, "redfish_system_id" in error.message) == (autopsy.CONFIGURATION, True)
    error = _trouble(rack.node(PLAIN, redfish_system_id="/redfish/v1/Systems/nobody"))
    assert (error.cause, "404" in error.message) == (autopsy.BMC_REFUSED, True)


def test_the_boot_mode_of_the_node_goes_with_its_boot_device(rack: RedfishRack) -> None:
    management = RedfishManagement()
    for capabilities, uefi in (("boot_mode:uefi", True), ("cpus:4,boot_mode:bios", False)):
        node = rack.node(replace(PLAIN, properties={"capabilities": capabilities}))
        management.set_boot_device(node, "pxe")
        chosen = rack.call(rack.machine().boot_options.chosen)
        assert chosen is not None
        assert chosen.uefi is uefi


def test_a_medium_is_put_in_and_nobody_elses_is_taken_out(rack: RedfishRack) -> None:
    boot, drive = RedfishVirtualMediaBoot(), rack.machine().media
    node = rack.node(PLAIN, deploy_iso=ISO)
    boot.prepare_ramdisk(node)
    assert drive.image == ISO
    boot.clean_up_ramdisk(node)
    assert drive.image == ""
    drive.image = OTHER_ISO
    boot.clean_up_ramdisk(node)
    assert drive.image == OTHER_ISO
    boot.prepare_ramdisk(node)
    assert drive.image == ISO
    boot.prepare_instance(node)
    assert drive.image == ""


@pytest.mark.slow
def test_a_plane_deploys_a_machine_by_a_virtual_cd(tmp_path: Path) -> None:
    options = "[conductor]\nenabled_hardware_types = redfish\n"
    with PlaneProcess(tmp_path / "state", options=options) as plane:
        rack = RedfishRack(api=plane.url)
        try:
            machine, info = rack.machine(), rack.node(PLAIN, deploy_iso=ISO).driver_info
            body = {
                "driver": "redfish",
                "name": "disc",
                "boot_interface": "redfish-virtual-media",
                "driver_info": dict(info),
                "instance_info": {"image_source": "http://i.example.org/a.raw"},
            }
            uuid = asked(plane, "POST", "nodes", body)["uuid"]
            port = {"address": machine.description.macs[0], "node_uuid": uuid}
            asked(plane, "POST", "ports", port)
            for verb, state in (
                ("manage", "manageable"),
                ("inspect", "manageable"),
                ("provide", "available"),
                ("active", "active"),
            ):
                node = provision(plane, "disc", verb)
                assert node["provision_state"] == state, node["last_error"]
            assert asked(plane, "GET", "nodes/disc")["power_state"] == states.POWER_ON
            wait_until(lambda: machine.running is Running.OPERATING_SYSTEM)
            assert (machine.media.image, machine.network_boots > 0) == ("", True)
            assert PASSWORD not in plane.log(10_000)
        finally:
            rack.stop()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody but itself vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bmc")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "bmc.pem"
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.public_bytes(pem))
    return path


def test_a_certificate_is_verified_unless_it_is_not_wanted(certificate: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    rack = RedfishRack(1, tls=tls)
    try:
        error = _trouble(rack.node(PLAIN))
        assert error.cause == autopsy.BMC_UNREACHABLE
        assert "redfish_verify_ca" in error.message
        bare = rack.url.removeprefix("https://")
        for trusted in (str(certificate), "false", False):
            node = rack.node(PLAIN, redfish_verify_ca=trusted, redfish_address=bare)
            assert _state(node) == states.POWER_OFF
    finally:
        rack.stop()
