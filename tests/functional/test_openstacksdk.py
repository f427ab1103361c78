"""openstacksdk, unchanged, does what its users call, with HTTP basic authentication."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import openstack.utils
import pytest
from openstack.config import OpenStackConfig
from openstack.connection import Connection
from openstack.exceptions import (
    BadRequestException,
    ConflictException,
    HttpException,
    NotFoundException,
    ResourceFailure,
)

from tests.support.plane import PlaneProcess

#: The SDK warns of its own future.
pytestmark = pytest.mark.filterwarnings("ignore")

_SECONDS = 20


@pytest.fixture(scope="module", autouse=True)
def _looks_often() -> Iterator[None]:
    """Let the client look again after 20 ms rather than 2 s."""
    with pytest.MonkeyPatch.context() as patch:
        often = functools.partial(openstack.utils.iterate_timeout, wait=0.02)
        patch.setattr(openstack.utils, "iterate_timeout", often)
        yield


@pytest.fixture(scope="module")
def connection(guarded_plane: PlaneProcess) -> Iterator[Connection]:
    config = OpenStackConfig(config_files=[str(guarded_plane.clouds)], load_envvars=False)
    with Connection(config=config.get_one("baremetal")) as connected:
        # Otherwise it repeats what is refused with 409, for half a minute.
        connected.baremetal.status_code_retries = 0
        yield connected


@pytest.fixture
def baremetal(connection: Connection) -> Iterator[Any]:
    """The SDK's proxy; what a test leaves behind is removed."""
    proxy: Any = connection.baremetal
    yield proxy
    for allocation in list(proxy.allocations()):
        if allocation.node_id is None:
            proxy.delete_allocation(allocation)
    for node in list(proxy.nodes(include_children=True)):
        proxy.set_node_maintenance(node)
        proxy.delete_node(node)
    for chassis in list(proxy.chassis()):
        proxy.delete_chassis(chassis)


@pytest.fixture
def node(baremetal: Any) -> Any:
    return baremetal.create_node(
        name="rack1-node1",
        driver="fake-hardware",
        resource_class="big",
        properties={"memory_mb": 4096},
        extra={"rack": "r1"},
    )


def _available(baremetal: Any, node: Any) -> Any:
    baremetal.set_node_provision_state(node, "manage", wait=True, timeout=_SECONDS)
    return baremetal.set_node_provision_state(node, "provide", wait=True, timeout=_SECONDS)


def test_a_node_is_created_read_changed_and_deleted(baremetal: Any, node: Any) -> None:
    assert node.provision_state == "enroll"
    assert baremetal.get_node("rack1-node1").id == node.id
    assert baremetal.find_node("rack1-node1").id == node.id
    assert baremetal.get_node(node.id).properties == {"memory_mb": 4096}
    few = baremetal.get_node(node.id, fields=["uuid", "name"])
    assert (few.name, few.driver) == ("rack1-node1", None)

    changed = baremetal.update_node(node, extra={"rack": "r2"}, description="new")
    assert (changed.extra, changed.description) == ({"rack": "r2"}, "new")
    patch = [{"op": "add", "path": "/extra/slot", "value": 7}, {"op": "remove", "path": "/name"}]
    patched = baremetal.patch_node(node, patch)
    assert (patched.extra, patched.name) == ({"rack": "r2", "slot": 7}, None)

    baremetal.delete_node(node)
    assert baremetal.find_node(node.id) is None
    baremetal.delete_node(node.id)
    with pytest.raises(NotFoundException, match=f"Node {node.id} could not be found"):
        baremetal.get_node(node.id)


def test_a_driver_is_changed_with_all_its_interfaces(baremetal: Any, node: Any) -> None:
    reset = baremetal.patch_node(
        node, [{"op": "replace", "path": "/driver", "value": "ipmi"}], reset_interfaces=True
    )
    assert (reset.driver, reset.power_interface, reset.deploy_interface) == (
        "ipmi",
        "ipmi",
        "agent",
    )
    with pytest.raises(BadRequestException, match="ipmi_port must be a port"):
        baremetal.update_node(node, driver_info={"ipmi_address": "192.0.2.1", "ipmi_port": "x"})
    secret = baremetal.update_node(node, driver_info={"ipmi_password": "hidden"})
    assert secret.driver_info == {"ipmi_password": "******"}


def test_a_node_lives_its_whole_life(baremetal: Any, node: Any) -> None:
    go = functools.partial(baremetal.set_node_provision_state, node, wait=True, timeout=_SECONDS)
    assert go("manage").provision_state == "manageable"
    assert go("inspect").provision_state == "manageable"
    assert baremetal.get_node_inventory(node)["inventory"]
    steps = [{"interface": "deploy", "step": "erase_devices"}]
    assert go("clean", clean_steps=steps).provision_state == "manageable"
    assert go("provide").provision_state == "available"
    drive = {"meta_data": {"name": "first"}, "user_data": "#cloud-config"}
    assert go("active", config_drive=drive).provision_state == "active"
    assert go("rebuild").provision_state == "active"
    assert go("rescue", rescue_password="let me in").provision_state == "rescue"
    go = functools.partial(baremetal.set_node_provision_state, node)
    go("unrescue")
    baremetal.wait_for_nodes_provision_state([node], "active", timeout=_SECONDS)
    go("deleted", wait=True, timeout=_SECONDS)
    assert baremetal.get_node(node).provision_state == "available"


def test_verbs_that_a_state_forbids_are_refused_in_words(baremetal: Any, node: Any) -> None:
    with pytest.raises(BadRequestException, match='action "active" can not be performed'):
        baremetal.set_node_provision_state(node, "active")
    assert baremetal.get_node(node).provision_state == "enroll"
    _available(baremetal, node)
    baremetal.set_node_provision_state(node, "active", wait=True, timeout=_SECONDS)
    with pytest.raises(ConflictException, match="Can not delete node"):
        baremetal.delete_node(node)
    baremetal.wait_for_node_reservation(node, timeout=_SECONDS)


def test_power_goes_off_on_and_round(baremetal: Any, node: Any) -> None:
    baremetal.set_node_provision_state(node, "manage", wait=True, timeout=_SECONDS)
    for target, reached in (
        ("power on", "power on"),
        ("power off", "power off"),
        ("rebooting", "power on"),
        ("soft power off", "power off"),
    ):
        baremetal.set_node_power_state(node, target, wait=True, timeout=_SECONDS)
        assert baremetal.get_node(node).power_state == reached
    with pytest.raises(BadRequestException, match='"warp" can not be performed'):
        baremetal.set_node_power_state(node, "warp")


def test_maintenance_goes_with_its_reason(baremetal: Any, node: Any) -> None:
    baremetal.set_node_maintenance(node, "fan is loud")
    seen = baremetal.get_node(node)
    assert (seen.is_maintenance, seen.maintenance_reason) == (True, "fan is loud")
    assert [found.id for found in baremetal.nodes(is_maintenance=True)] == [node.id]
    baremetal.unset_node_maintenance(node)
    seen = baremetal.get_node(node)
    assert (seen.is_maintenance, seen.maintenance_reason) == (False, None)


def test_traits_are_set_added_and_removed(baremetal: Any, node: Any) -> None:
    baremetal.set_node_traits(node, ["CUSTOM_GPU", "HW_CPU_X86_VMX"])
    baremetal.add_node_trait(node, "CUSTOM_NVME")
    assert baremetal.get_node(node).traits == ["CUSTOM_GPU", "CUSTOM_NVME", "HW_CPU_X86_VMX"]
    assert baremetal.remove_node_trait(node, "CUSTOM_GPU")
    with pytest.raises(NotFoundException, match="CUSTOM_GPU"):
        baremetal.remove_node_trait(node, "CUSTOM_GPU")
    with pytest.raises(BadRequestException, match="Invalid trait 'loud'"):
        baremetal.add_node_trait(node, "loud")
    baremetal.set_node_traits(node, [])
    assert baremetal.get_node(node).traits == []


def test_validation_says_what_each_interface_wants(baremetal: Any, node: Any) -> None:
    found = baremetal.validate_node(node)
    assert found["power"].result
    assert found["console"].result is None
    ipmi = baremetal.create_node(driver="ipmi")
    found = baremetal.validate_node(ipmi, required=None)
    assert not found["power"].result
    assert "ipmi_address" in found["power"].reason
    with pytest.raises(openstack.exceptions.ValidationException, match="ipmi_address"):
        baremetal.validate_node(ipmi, required=("power",))


def test_the_boot_device_is_read_and_set(baremetal: Any, node: Any) -> None:
    supported = baremetal.get_node_supported_boot_devices(node)["supported_boot_devices"]
    baremetal.set_node_boot_device(node, supported[0], persistent=True)
    assert baremetal.get_node_boot_device(node)["boot_device"] == supported[0]
    with pytest.raises(BadRequestException, match="floppy"):
        baremetal.set_node_boot_device(node, "floppy")


def test_what_no_driver_has_is_empty_or_refused(baremetal: Any, node: Any) -> None:
    assert baremetal.list_node_vifs(node) == []
    assert baremetal.list_node_firmware(node) == {"firmware": []}
    assert baremetal.list_node_vendor_passthru(node) == {}
    assert baremetal.get_node_console(node) == {"console_enabled": False, "console_info": None}
    refused: tuple[Callable[[], Any], ...] = (
        lambda: baremetal.enable_node_console(node),
        lambda: baremetal.inject_nmi_to_node(node),
        lambda: baremetal.attach_vif_to_node(node, "abc"),
        lambda: baremetal.set_node_boot_mode(node, "uefi"),
        lambda: baremetal.set_node_secure_boot(node, target=True),
        lambda: baremetal.attach_vmedia_to_node(node, "cdrom", "http://images.example/x"),
    )
    for ask in refused:
        with pytest.raises(BadRequestException, match=r"support|console interface"):
            ask()


def test_lists_are_paged_filtered_and_detailed(baremetal: Any) -> None:
    made = [
        baremetal.create_node(name=f"page-{n}", driver="fake-hardware", owner=f"o{n % 2}")
        for n in range(7)
    ]
    assert [node.name for node in baremetal.nodes(limit=3)] == [f"page-{n}" for n in range(7)]
    assert len(list(baremetal.nodes(limit=3, paginated=False))) == 3
    after = baremetal.nodes(marker=made[4].id)
    assert [node.name for node in after] == ["page-5", "page-6"]
    assert {node.owner for node in baremetal.nodes(details=True)} == {"o0", "o1"}
    odd = baremetal.nodes(owner="o1", fields=["uuid", "name", "owner"], limit=2)
    assert [node.name for node in odd] == ["page-1", "page-3", "page-5"]
    assert list(baremetal.nodes(provision_state="active", associated=True, driver="ipmi")) == []
    with pytest.raises(BadRequestException, match="provision_state"):
        list(baremetal.nodes(provision_state="dreaming"))


def test_ports_belong_to_nodes(baremetal: Any, node: Any) -> None:
    port = baremetal.create_port(
        address="52:54:00:AA:BB:01", node_id=node.id, is_pxe_enabled=False, extra={"a": 1}
    )
    assert (port.address, port.is_pxe_enabled) == ("52:54:00:aa:bb:01", False)
    assert baremetal.get_port(port.id, fields=["uuid", "address"]).address == port.address
    assert baremetal.find_port(port.id).id == port.id
    for query in ({"address": "52:54:00:aa:bb:01"}, {"node": node.name}, {"node_uuid": node.id}):
        assert [found.id for found in baremetal.ports(details=True, **query)] == [port.id]
    assert baremetal.update_port(port, physical_network="left").physical_network == "left"
    patched = baremetal.patch_port(port, [{"op": "replace", "path": "/extra/a", "value": 2}])
    assert patched.extra == {"a": 2}
    with pytest.raises(ConflictException, match="already exists"):
        baremetal.create_port(address="52:54:00:aa:bb:01", node_id=node.id)
    baremetal.delete_port(port)
    assert baremetal.find_port(port.id) is None


def test_chassis_hold_nodes(baremetal: Any, node: Any) -> None:
    chassis = baremetal.create_chassis(description="left rack", extra={"row": 1})
    assert baremetal.update_node(node, chassis_id=chassis.id).chassis_id == chassis.id
    assert [found.id for found in baremetal.nodes(details=True, chassis_id=chassis.id)] == [node.id]
    assert baremetal.update_chassis(chassis, description="right rack").description == "right rack"
    patched = baremetal.patch_chassis(chassis, [{"op": "remove", "path": "/extra/row"}])
    assert patched.extra == {}
    assert [found.description for found in baremetal.chassis(details=True)] == ["right rack"]
    assert baremetal.get_chassis(chassis.id).id == baremetal.find_chassis(chassis.id).id
    with pytest.raises(HttpException, match="contains nodes"):
        baremetal.delete_chassis(chassis)
    baremetal.update_node(node, chassis_id=None)


def test_allocations_find_nodes(baremetal: Any, node: Any) -> None:
    _available(baremetal, node)
    baremetal.set_node_traits(node, ["CUSTOM_GPU"])
    wish = baremetal.create_allocation(
        resource_class="big", name="wish", traits=["CUSTOM_GPU"], candidate_nodes=[node.name]
    )
    found = baremetal.wait_for_allocation(wish, timeout=_SECONDS)
    assert (found.state, found.node_id) == ("active", node.id)
    assert baremetal.get_node(node).instance_id == found.id
    assert baremetal.get_node(node).allocation_id == found.id
    assert [each.name for each in baremetal.allocations(state="active")] == ["wish"]
    assert baremetal.update_allocation(found, name="kept").name == "kept"
    patched = baremetal.patch_allocation(found, [{"op": "add", "path": "/extra/a", "value": 1}])
    assert patched.extra == {"a": 1}
    baremetal.delete_allocation(found)
    assert baremetal.get_node(node).instance_id is None

    hopeless = baremetal.create_allocation(resource_class="huge")
    with pytest.raises(ResourceFailure, match="huge"):
        baremetal.wait_for_allocation(hopeless, timeout=_SECONDS)


def test_drivers_and_conductors_are_listed(baremetal: Any) -> None:
    drivers = {driver.name: driver for driver in baremetal.drivers(details=True)}
    assert set(drivers) >= {"fake-hardware", "ipmi"}
    assert drivers["ipmi"].default_power_interface == "ipmi"
    assert "ipmi" in baremetal.get_driver("ipmi").enabled_management_interfaces
    (conductor,) = baremetal.conductors(details=True)
    assert conductor.alive
    assert set(baremetal.get_conductor(conductor.hostname).drivers) == set(drivers)
    assert baremetal.get_driver("fake-hardware").hosts == [conductor.hostname]


def test_the_session_negotiates_the_newest_version_of_both(connection: Connection) -> None:
    endpoint: Any = connection.baremetal.get_endpoint_data()
    assert endpoint.min_microversion == (1, 1)
    assert endpoint.max_microversion >= (1, 58)


def test_a_wrong_password_is_refused(guarded_plane: PlaneProcess) -> None:
    config = OpenStackConfig(config_files=[str(guarded_plane.clouds)], load_envvars=False)
    region = config.get_one("baremetal", auth={"password": "wrong"})
    with Connection(config=region) as connected, pytest.raises(HttpException) as refused:
        list(connected.baremetal.nodes())
    assert refused.value.status_code == 401
