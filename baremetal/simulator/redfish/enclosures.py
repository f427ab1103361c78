"""What a system sits in, with its sensors (DSP0268, Chassis, Thermal, Power)."""

from collections.abc import Iterator
from typing import Any

from baremetal.simulator.bmc.chassis import Chassis
from baremetal.simulator.bmc.sensors import SENSORS
from baremetal.simulator.redfish.resources import (
    CHASSIS,
    MANAGERS,
    OK,
    SYSTEMS,
    Resource,
    link,
    resource,
)

_TEMPERATURE, _VOLTAGE, _FAN, _OTHER = 0x01, 0x02, 0x04, 0x0B


def enclosure(name: str, chassis: Chassis) -> Resource:
    """The box."""
    path, identity = f"{CHASSIS}/{name}", chassis.identity
    fields = {
        "ChassisType": "RackMount",
        "Manufacturer": identity.manufacturer,
        "Model": identity.product,
        "SerialNumber": identity.serial,
        "PowerState": "On" if chassis.powered_on else "Off",
        "Status": OK,
        "Thermal": link(f"{path}/Thermal"),
        "Power": link(f"{path}/Power"),
        "Links": {
            "ComputerSystems": [link(f"{SYSTEMS}/{name}")],
            "ManagedBy": [link(f"{MANAGERS}/{name}")],
        },
    }
    return resource(path, "Chassis.v1_11_0", name, fields)


def thermal(name: str, chassis: Chassis) -> Resource:
    """Temperatures and fans."""
    fields = {
        "Temperatures": list(_readings(chassis, _TEMPERATURE, "ReadingCelsius")),
        "Fans": [{**fan, "ReadingUnits": "RPM"} for fan in _readings(chassis, _FAN, "Reading")],
    }
    return resource(f"{CHASSIS}/{name}/Thermal", "Thermal.v1_6_0", "Thermal", fields)


def power(name: str, chassis: Chassis) -> Resource:
    """Voltages and power supplies."""
    fields = {
        "Voltages": list(_readings(chassis, _VOLTAGE, "ReadingVolts")),
        "PowerSupplies": list(_readings(chassis, _OTHER, "LastPowerOutputWatts")),
    }
    return resource(f"{CHASSIS}/{name}/Power", "Power.v1_6_0", "Power", fields)


def _readings(chassis: Chassis, kind: int, field: str) -> Iterator[dict[str, Any]]:
    for sensor in SENSORS.values():
        if sensor.kind != kind:
            continue
        raw = sensor.read(chassis.identity.guid, powered_on=chassis.powered_on)
        scale = sensor.factor * 10.0**sensor.exponent
        value = None if raw is None else round(raw * scale, 2)
        state = "Absent" if value is None else "Enabled"
        yield {
            "MemberId": str(sensor.number),
            "Name": sensor.name,
            field: value,
            "Status": {"State": state, "Health": "OK"},
        }
