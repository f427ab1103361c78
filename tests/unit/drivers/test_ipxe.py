"""What the boot interface ipxe lays out, and takes back."""

from dataclasses import replace
from pathlib import Path

import pytest

from baremetal.domain.errors import InvalidInput
from baremetal.domain.node import Node
from baremetal.drivers.boot.ipxe import IpxeBoot
from baremetal.drivers.interfaces import BootPlace

NODE = Node(
    uuid="00000001-0000-4000-8000-000000000000",
    version=1,
    driver="ipmi",
    macs=("52:54:00:1a:00:01", "52:54:00:1a:00:02"),
)


@pytest.fixture
def boot(tmp_path: Path) -> IpxeBoot:
    boot = IpxeBoot()
    boot.place = BootPlace(
        tmp_path / "root",
        "http://10.0.0.1:8089",
        "http://10.0.0.1:6385/baremetal",
        "http://10.0.0.1/vmlinuz",
        "http://10.0.0.1/agent.img",
        "console=ttyS0",
        tmp_path / "hosts",
        (tmp_path / "ramdisks",),
    )
    return boot


def _files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_each_card_gets_a_script_while_the_agent_is_wanted(boot: IpxeBoot, tmp_path: Path) -> None:
    boot.prepare_ramdisk(NODE)
    scripts = _files(tmp_path / "root")
    assert sorted(scripts) == ["nodes/52-54-00-1a-00-01.ipxe", "nodes/52-54-00-1a-00-02.ipxe"]
    first, _node, kernel, ramdisk, last = scripts["nodes/52-54-00-1a-00-01.ipxe"].splitlines()
    assert (first, last) == ("#!ipxe", "boot")
    assert kernel == (
        "kernel http://10.0.0.1/vmlinuz initrd=ramdisk "
        "ipa-api-url=http://10.0.0.1:6385/baremetal BOOTIF=01-52-54-00-1a-00-01 console=ttyS0"
    )
    assert ramdisk == "initrd --name ramdisk http://10.0.0.1/agent.img"
    hosts = _files(tmp_path / "hosts")
    assert hosts["52-54-00-1a-00-01"] == "52:54:00:1a:00:01\n"
    boot.clean_up_ramdisk(NODE)
    assert _files(tmp_path / "root") == {}
    hosts = _files(tmp_path / "hosts")
    assert hosts["52-54-00-1a-00-01"] == "52:54:00:1a:00:01,ignore\n"


def test_a_file_is_served_under_a_name_of_its_own_for_each_version(
    boot: IpxeBoot, tmp_path: Path
) -> None:
    ramdisk = tmp_path / "ramdisks/my.img"
    ramdisk.parent.mkdir()
    info = {"deploy_ramdisk": f"file://{ramdisk}", "kernel_append_params": ""}
    node = replace(NODE, driver_info=info)
    with pytest.raises(InvalidInput, match=r"my\.img cannot be booted"):
        boot.prepare_ramdisk(node)
    for content in ("one", "two, which is longer"):
        ramdisk.write_text(content)
        boot.prepare_ramdisk(node)
        boot.prepare_ramdisk(node)
        script = _files(tmp_path / "root")["nodes/52-54-00-1a-00-01.ipxe"]
        url = script.split("--name ramdisk ")[1].split()[0]
        served = tmp_path / "root" / url.removeprefix("http://10.0.0.1:8089/")
        assert served.read_text() == content
    assert len(list((tmp_path / "root/files").iterdir())) == 2


@pytest.mark.parametrize("name", ["deploy_kernel", "deploy_ramdisk"])
def test_a_node_can_not_have_a_file_from_elsewhere_handed_out(
    boot: IpxeBoot, tmp_path: Path, name: str
) -> None:
    secret, inside = tmp_path / "shadow", tmp_path / "ramdisks"
    secret.write_text("root:secret")
    inside.mkdir()
    (inside / "link.img").symlink_to(secret)
    (tmp_path / "ramdisks-of-others").mkdir()
    for url in (
        f"file://{secret}",
        f"file://{tmp_path}/absent",
        f"file://{inside}/../shadow",
        f"file://{inside}/%2e%2e/shadow",
        f"file://{inside}/link.img",
        f"file://{tmp_path}/ramdisks-of-others/agent.img",
    ):
        node = replace(NODE, driver_info={name: url})
        for refused in (boot.validate, boot.prepare_ramdisk):
            with pytest.raises(InvalidInput, match=r"\[netboot\]file_paths"):
                refused(node)
    for url in (f"file://elsewhere{secret}", f"file://{inside}/%00", f"FTP://{inside}/x"):
        with pytest.raises(InvalidInput, match="URL"):
            boot.validate(replace(NODE, driver_info={name: url}))
    for url in (f"file://{inside}/absent", f"file://{inside}"):
        with pytest.raises(InvalidInput, match="no such file"):
            boot.validate(replace(NODE, driver_info={name: url}))
    assert not (tmp_path / "root").exists()


def test_a_link_may_name_the_directory_and_the_configuration_any_file(
    boot: IpxeBoot, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a $1.img").write_text("one")
    (tmp_path / "ramdisks").symlink_to(tmp_path / "real")
    own = {"deploy_ramdisk": f"file://{tmp_path}/ramdisks/a%20$1.img"}
    boot.prepare_ramdisk(replace(NODE, driver_info=own))
    script = _files(tmp_path / "root")["nodes/52-54-00-1a-00-01.ipxe"]
    assert "a%20%241.img\n" in script
    (tmp_path / "agent.img").write_text("another")
    assert boot.place is not None
    boot.place = replace(boot.place, deploy_ramdisk=f"file://{tmp_path}/agent.img")
    boot.prepare_ramdisk(NODE)
    assert sorted(path.read_text() for path in (tmp_path / "root/files").iterdir()) == [
        "another",
        "one",
    ]


@pytest.mark.parametrize(
    ("kernel", "info", "said"),
    [
        ("", {}, r"\[netboot\]deploy_kernel"),
        ("http://a/k", {"deploy_ramdisk": "http://a b"}, "deploy_ramdisk"),
        ("http://a/k", {"kernel_append_params": "one\ntwo"}, "one line"),
    ],
)
def test_what_is_missing_or_wrong_is_told_before_anything_is_touched(
    boot: IpxeBoot, tmp_path: Path, kernel: str, info: dict[str, str], said: str
) -> None:
    assert boot.place is not None
    boot.place = replace(boot.place, deploy_kernel=kernel)
    with pytest.raises(InvalidInput, match=said):
        boot.prepare_ramdisk(replace(NODE, driver_info=info))
    with pytest.raises(InvalidInput, match="no port"):
        boot.validate(replace(NODE, driver_info={"deploy_kernel": "http://a/k"}, macs=()))
    assert _files(tmp_path) == {}


def test_a_conductor_that_serves_nothing_says_so() -> None:
    with pytest.raises(InvalidInput, match=r"\[netboot\]host"):
        IpxeBoot().validate(NODE)
    IpxeBoot().clean_up_ramdisk(NODE)
