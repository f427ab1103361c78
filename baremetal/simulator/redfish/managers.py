"""Managers: a system's BMC, with its drive for virtual media (DSP0268, Manager, VirtualMedia)."""

from collections.abc import Mapping
from typing import Any

from baremetal.simulator.bmc.chassis import Chassis, MediaDrive, MediumError
from baremetal.simulator.redfish.resources import (
    CHASSIS,
    MANAGERS,
    OK,
    SYSTEMS,
    Refusal,
    Resource,
    collection,
    link,
    not_found,
    resource,
)

_DRIVE = "Cd"


def manager(name: str, _chassis: Chassis) -> Resource:
    """The BMC of a system."""
    path = f"{MANAGERS}/{name}"
    fields = {
        "ManagerType": "BMC",
        "Status": OK,
        "VirtualMedia": link(f"{path}/VirtualMedia"),
        "Links": {
            "ManagerForServers": [link(f"{SYSTEMS}/{name}")],
            "ManagerForChassis": [link(f"{CHASSIS}/{name}")],
        },
    }
    return resource(path, "Manager.v1_9_0", f"BMC of {name}", fields)


def drives(name: str, chassis: Chassis) -> Resource:
    """The drives: one, or none."""
    names = [_DRIVE] if chassis.media else []
    return collection(f"{MANAGERS}/{name}/VirtualMedia", "VirtualMedia", names)


def drive(name: str, chassis: Chassis) -> Resource:
    """The drive, and what is in it.

    :raises Refusal: there is none.
    """
    path, image = f"{MANAGERS}/{name}/VirtualMedia/{_DRIVE}", _drive_of(chassis).image
    actions = {
        f"#VirtualMedia.{action}": {"target": f"{path}/Actions/VirtualMedia.{action}"}
        for action in ("InsertMedia", "EjectMedia")
    }
    fields = {
        "MediaTypes": ["CD", "DVD"],
        "Image": image or None,
        "ImageName": image.rpartition("/")[2] or None,
        "Inserted": bool(image),
        "ConnectedVia": "URI" if image else "NotConnected",
        "WriteProtected": True,
        "Actions": actions,
    }
    return resource(path, "VirtualMedia.v1_4_0", "Virtual CD", fields)


async def insert(chassis: Chassis, body: Mapping[str, Any]) -> None:
    """Put a medium in.

    :raises Refusal: it does not say which, or it cannot be read.
    """
    media, image = _drive_of(chassis), body.get("Image")
    if not isinstance(image, str) or not image.startswith(("http://", "https://")):
        raise Refusal(400, "PropertyValueFormatError", "Image must be an http or https URL.")
    if body.get("Inserted") is False or body.get("WriteProtected") is False:
        raise Refusal(400, "PropertyValueNotInList", "A medium is inserted, to be read only.")
    user, password = body.get("UserName"), body.get("Password")
    access = (user, password) if isinstance(user, str) and isinstance(password, str) else None
    try:
        await media.insert(image, access)
    except MediumError as error:
        raise Refusal(400, "CouldNotEstablishConnection", str(error)) from error


async def eject(chassis: Chassis) -> None:
    """Take the medium out.

    :raises Refusal: there is no drive.
    """
    await _drive_of(chassis).eject()


def _drive_of(chassis: Chassis) -> MediaDrive:
    if chassis.media is None:
        raise not_found("drive for virtual media")
    return chassis.media
