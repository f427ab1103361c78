"""Which versions there are, and what is where."""

from typing import Any

from baremetal.api import versions
from baremetal.api.call import Call

#: Collection -> the microversion that brought it.
COLLECTIONS = {
    "chassis": 1,
    "nodes": 1,
    "ports": 1,
    "drivers": 1,
    "lookup": 22,
    "heartbeat": 22,
    "conductors": 49,
    "allocations": 52,
}


def _version(call: Call) -> dict[str, Any]:
    return {
        "id": "v1",
        "links": [{"href": f"{call.base}/v1/", "rel": "self"}],
        "status": "CURRENT",
        "min_version": f"1.{versions.MINIMUM}",
        "version": f"1.{versions.MAXIMUM}",
    }


def root(call: Call) -> dict[str, Any]:
    """The versions of the API."""
    return {
        "name": "OpenStack Ironic API",
        "description": "Baremetal: the control plane for the physical side of a private cloud.",
        "default_version": _version(call),
        "versions": [_version(call)],
    }


def v1(call: Call) -> dict[str, Any]:
    """The resources of v1."""
    body: dict[str, Any] = {
        "id": "v1",
        "links": [{"href": f"{call.base}/v1/", "rel": "self"}],
        "media_types": {
            "base": "application/json",
            "type": "application/vnd.openstack.ironic.v1+json",
        },
        "version": _version(call),
    }
    for name, since in COLLECTIONS.items():
        if call.version >= since:
            body[name] = [
                {"href": f"{call.base}/v1/{name}/", "rel": "self"},
                {"href": f"{call.base}/{name}/", "rel": "bookmark"},
            ]
    return body
