"""Computer systems: power, and what to boot from (DSP0268, ComputerSystem)."""

import uuid
from collections.abc import Mapping
from typing import Any

from baremetal.simulator.bmc.boot_options import BootDevice, Override
from baremetal.simulator.bmc.chassis import Chassis, PowerAction, WrongState
from baremetal.simulator.redfish.resources import (
    CHASSIS,
    MANAGERS,
    OK,
    SYSTEMS,
    Refusal,
    Resource,
    collection,
    link,
    resource,
    wrong_value,
)

_ACTIONS = {
    "On": PowerAction.ON,
    "ForceOff": PowerAction.OFF,
    "GracefulShutdown": PowerAction.SOFT_OFF,
    "ForceRestart": PowerAction.RESET,
    "PowerCycle": PowerAction.CYCLE,
    "Nmi": PowerAction.DIAGNOSTIC,
}
_DEVICES = {
    "None": None,
    "Pxe": BootDevice.PXE,
    "Hdd": BootDevice.DISK,
    "Cd": BootDevice.CDROM,
    "BiosSetup": BootDevice.SETUP,
}
_TARGETS: dict[int, str] = {device: name for name, device in _DEVICES.items() if device}
_ENABLED = ("Disabled", "Once", "Continuous")
_MODES = {"Legacy": False, "UEFI": True}
_TARGET = "BootSourceOverrideTarget"
_DURATION = "BootSourceOverrideEnabled"
_MODE = "BootSourceOverrideMode"


def system(name: str, chassis: Chassis) -> Resource:
    """The system as it is now."""
    path, identity = f"{SYSTEMS}/{name}", chassis.identity
    reset = {"target": f"{path}/Actions/ComputerSystem.Reset"}
    fields = {
        "SystemType": "Physical",
        "UUID": str(uuid.UUID(bytes_le=identity.guid)),
        "Manufacturer": identity.manufacturer,
        "Model": identity.product,
        "SerialNumber": identity.serial,
        "PowerState": "On" if chassis.powered_on else "Off",
        "Status": OK,
        "Boot": _boot(chassis.boot_options.chosen()),
        "EthernetInterfaces": link(f"{path}/EthernetInterfaces"),
        "Links": {
            "Chassis": [link(f"{CHASSIS}/{name}")],
            "ManagedBy": [link(f"{MANAGERS}/{name}")],
        },
        "Actions": {
            "#ComputerSystem.Reset": {**reset, "ResetType@Redfish.AllowableValues": [*_ACTIONS]}
        },
    }
    return resource(path, "ComputerSystem.v1_10_0", name, fields)


def interfaces(name: str, _chassis: Chassis) -> Resource:
    """Its network cards: the one that the chassis tells of."""
    return collection(f"{SYSTEMS}/{name}/EthernetInterfaces", "EthernetInterface", ["NIC1"])


def interface(name: str, chassis: Chassis) -> Resource:
    """That network card."""
    mac = chassis.identity.mac
    fields = {"MACAddress": mac, "PermanentMACAddress": mac, "Status": OK}
    path = f"{SYSTEMS}/{name}/EthernetInterfaces/NIC1"
    return resource(path, "EthernetInterface.v1_5_0", "NIC 1", fields)


def reset(chassis: Chassis, body: Mapping[str, Any]) -> None:
    """Begin a power action.

    :raises Refusal: there is no such action, or it cannot be now.
    """
    wanted = body.get("ResetType")
    action = _ACTIONS.get(wanted) if isinstance(wanted, str) else None
    if action is None:
        raise wrong_value("ResetType", wanted, _ACTIONS)
    try:
        chassis.control(action)
    except WrongState:
        raise Refusal(
            409, "ActionNotSupported", f"{wanted} needs a system that is on; this one is off."
        ) from None


def change(chassis: Chassis, body: Mapping[str, Any]) -> None:
    """Change what can be changed: what to boot from.

    :raises Refusal: anything else, or no such device, duration or mode.
    """
    boot = body.get("Boot")
    unknown = set(body) - {"Boot"}
    if unknown or not isinstance(boot, dict):
        names = ", ".join(sorted(unknown)) or "Boot"
        raise Refusal(400, "PropertyNotWritable", f"Cannot be written like this: {names}.")
    before = _boot(chassis.boot_options.chosen())
    target = _one_of(boot, _TARGET, _DEVICES, before[_TARGET])
    duration = _one_of(boot, _DURATION, _ENABLED, before[_DURATION])
    mode = _one_of(boot, _MODE, _MODES, before.get(_MODE, ""))
    device = _DEVICES[target]
    if device is None or duration == "Disabled":
        chassis.boot_options.choose(None)
    else:
        chassis.boot_options.choose(Override(device, duration == "Continuous", _MODES.get(mode)))


def _one_of(boot: Mapping[str, Any], field: str, accepted: Any, otherwise: str) -> str:
    value = boot.get(field, otherwise)
    if field in boot and not (isinstance(value, str) and value in accepted):
        raise wrong_value(field, value, accepted)
    return str(value)


def _boot(override: Override | None) -> dict[str, Any]:
    said: dict[str, Any] = {_DURATION: "Disabled", _TARGET: "None"}
    if override is not None and override.device in _TARGETS:
        said[_DURATION] = "Continuous" if override.persistent else "Once"
        said[_TARGET] = _TARGETS[override.device]
        if override.uefi is not None:
            said[_MODE] = "UEFI" if override.uefi else "Legacy"
    allowable = "@Redfish.AllowableValues"
    return said | {f"{_TARGET}{allowable}": [*_DEVICES], f"{_MODE}{allowable}": [*_MODES]}
