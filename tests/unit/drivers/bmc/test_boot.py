import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal.drivers.bmc.address import BmcAddress, RawCommand
from baremetal.drivers.bmc.boot import (
    BootDevice,
    BootSetting,
    decode_boot_flags,
    encode_boot_flags,
    get_boot_device,
    set_boot_device,
)
from baremetal.drivers.bmc.errors import BmcCommandFailed
from tests.unit.drivers.bmc.wire import ADDRESS, Wire

settings = st.builds(
    BootSetting,
    st.sampled_from([device for device in BootDevice if device is not BootDevice.NONE]),
    st.booleans(),
    st.booleans(),
)


@pytest.mark.parametrize(
    ("setting", "data"),
    [
        (BootSetting(BootDevice.PXE), "058004000000"),
        (BootSetting(BootDevice.DISK, persistent=True), "05c008000000"),
        (BootSetting(BootDevice.CDROM, uefi=True), "05a014000000"),
        (BootSetting(BootDevice.BIOS, persistent=True, uefi=True), "05e018000000"),
        (BootSetting(BootDevice.NONE, persistent=True), "050000000000"),
    ],
)
def test_boot_flags_are_encoded(setting: BootSetting, data: str) -> None:
    command = encode_boot_flags(setting)
    assert (command.netfn, command.command, command.data.hex()) == (0, 8, data)
    assert command.repeatable


@given(settings)
def test_what_was_set_is_read_back(setting: BootSetting) -> None:
    wire = Wire()
    set_boot_device(wire, ADDRESS, setting.device, persistent=setting.persistent, uefi=setting.uefi)
    if setting.device is not BootDevice.FLOPPY:  # the simulated BMC knows none
        assert get_boot_device(wire, ADDRESS) == setting


@pytest.mark.parametrize(
    ("data", "setting"),
    [
        ("01058004000000", BootSetting(BootDevice.PXE)),
        ("0105c020000000", BootSetting(BootDevice.CDROM, persistent=True)),  # remote CD
        ("01050004000000", BootSetting(BootDevice.NONE)),  # not valid
        ("01858004000000", BootSetting(BootDevice.PXE)),  # parameter locked
        ("01058038000000", BootSetting(BootDevice.NONE)),  # reserved device
    ],
)
def test_boot_flags_are_decoded(data: str, setting: BootSetting) -> None:
    assert decode_boot_flags(bytes.fromhex(data)) == setting


@pytest.mark.parametrize("data", ["", "0105", "01038000"])
def test_odd_boot_flags_are_refused(data: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|parameter"):
        decode_boot_flags(bytes.fromhex(data))


def test_the_flags_outlive_a_minute_without_a_power_command() -> None:
    wire = Wire()
    set_boot_device(wire, ADDRESS, "pxe")
    wire.wait(90.0)
    assert get_boot_device(wire, ADDRESS).device is BootDevice.PXE


def test_a_bmc_that_cannot_keep_them_is_set_all_the_same() -> None:
    class Reluctant(Wire):
        def execute(self, bmc: BmcAddress, command: RawCommand, timeout: float = 30.0) -> bytes:
            if command.data[:1] == b"\x03":
                raise BmcCommandFailed.declined(bmc, command.netfn, command.command, 0x80)
            return super().execute(bmc, command, timeout)

    wire = Reluctant()
    set_boot_device(wire, ADDRESS, "disk", uefi=True)
    assert get_boot_device(wire, ADDRESS) == BootSetting(BootDevice.DISK, uefi=True)


def test_none_takes_the_override_back() -> None:
    wire = Wire()
    set_boot_device(wire, ADDRESS, "pxe", persistent=True)
    set_boot_device(wire, ADDRESS, "none")
    assert get_boot_device(wire, ADDRESS) == BootSetting(BootDevice.NONE)
