"""Machines: their records, and what one can ask of them."""

from collections.abc import Collection as Several
from typing import Any
from uuid import UUID

from baremetal.client import errors
from baremetal.client.events import EventFeed, Events
from baremetal.client.resources import Collection
from baremetal.client.transport import Resource, Transport
from baremetal.client.waiting import reaches, wait_for_nodes
from baremetal.client.watching import Subject, Watcher, merge_into_node


class Nodes(Collection):
    """Everything below /v1/nodes; `node` is always a UUID or a name."""

    def __init__(self, transport: Transport, events: Events) -> None:
        super().__init__(transport, "nodes")
        self._events = events

    def uuid_of(self, node: str) -> str:
        """The UUID of a node that may be given by name.

        :raises errors.NotFound: there is no such node
        """
        try:
            return str(UUID(node))
        except ValueError:
            uuid: str = self.get(node, fields=("uuid",))["uuid"]
            return uuid

    def provision(self, node: str, target: str, **arguments: Any) -> None:
        """Ask for a provisioning verb, e.g. `provide`; its arguments are the API's."""
        given = {name: value for name, value in arguments.items() if value is not None}
        self._call("PUT", node, "states", "provision", json={"target": target} | given)

    def set_power(self, node: str, target: str) -> None:
        """Ask for `power on`, `power off`, `rebooting`, `soft power off` or `soft rebooting`."""
        self._call("PUT", node, "states", "power", json={"target": target})

    def states(self, node: str) -> Resource:
        """Power and provision state, present and wanted."""
        states: Resource = self._call("GET", node, "states")
        return states

    def set_maintenance(self, node: str, reason: str | None = None) -> None:
        """Take a node out of service."""
        self._call("PUT", node, "maintenance", json={"reason": reason} if reason else {})

    def unset_maintenance(self, node: str) -> None:
        """Bring a node back into service."""
        self._call("DELETE", node, "maintenance")

    def boot_device(self, node: str) -> Resource:
        """What the BMC says it will boot from: `boot_device` and `persistent`."""
        device: Resource = self._call("GET", node, "management", "boot_device")
        return device

    def boot_devices(self, node: str) -> list[str]:
        """What it could boot from."""
        answer = self._call("GET", node, "management", "boot_device", "supported")
        devices: list[str] = answer["supported_boot_devices"]
        return devices

    def set_boot_device(self, node: str, device: str, *, persistent: bool = False) -> None:
        """Boot from there: the next time, or every time."""
        body = {"boot_device": device, "persistent": persistent}
        self._call("PUT", node, "management", "boot_device", json=body)

    def validate(self, node: str) -> Resource:
        """Whether each interface could do its work: {interface: {result, reason}}."""
        verdicts: Resource = self._call("GET", node, "validate")
        return verdicts

    def traits(self, node: str) -> list[str]:
        """Names of the node's traits."""
        names: list[str] = self._call("GET", node, "traits")["traits"]
        return names

    def set_traits(self, node: str, names: Several[str]) -> None:
        """Give the node these traits and no others."""
        self._call("PUT", node, "traits", json={"traits": list(names)})

    def add_trait(self, node: str, name: str) -> None:
        """Give it one more."""
        self._call("PUT", node, "traits", name)

    def remove_trait(self, node: str, name: str) -> None:
        """Take one away."""
        self._call("DELETE", node, "traits", name)

    def inventory(self, node: str) -> Resource:
        """What inspection found: `inventory` and `plugin_data`."""
        found: Resource = self._call("GET", node, "inventory")
        return found

    def history(self, node: str) -> list[Resource]:
        """What happened to the node, as the service noted it."""
        entries: list[Resource] = self._call("GET", node, "history")["history"]
        return entries

    def history_entry(self, node: str, uuid: str) -> Resource:
        """One entry of the history, in full."""
        entry: Resource = self._call("GET", node, "history", uuid)
        return entry

    def watcher(self, feed: EventFeed, uuids: Several[str]) -> Watcher:
        """Tells every change of these nodes; one that is no more has the state `(deleted)`."""
        subject = Subject(self.get, "node_uuid", merge_into_node, gone=_deleted)
        return Watcher(subject, feed, uuids)

    def wait_for(self, node: str, state: str, timeout: float | None = None) -> Resource:
        """The node, once it is in that provision state; `timeout` is in seconds.

        :raises errors.EndedBadly: it is in a failed state, from where it never will be
        :raises errors.WaitTimeout: it is not there in time
        """
        uuid = self.uuid_of(node)
        with EventFeed(self._events) as feed:
            outcome = wait_for_nodes(self.watcher(feed, [uuid]), reaches(state), timeout=timeout)[
                uuid
            ]
        if outcome.ok:
            return outcome.node
        error = errors.WaitTimeout if outcome.timed_out else errors.EndedBadly
        raise error(f"{node}: {outcome.reason}")


def _deleted(uuid: str, missing: errors.NotFound) -> Resource:
    return {"uuid": uuid, "provision_state": "(deleted)", "last_error": missing.fault}
