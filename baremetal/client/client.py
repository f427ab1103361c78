"""The client as one object: a connection, and the collections that it leads to."""

from baremetal.client.clouds import find_cloud
from baremetal.client.events import EventFeed, Events
from baremetal.client.images import Images
from baremetal.client.nodes import Nodes
from baremetal.client.resources import Collection, Drivers, Operations
from baremetal.client.shares import Shares
from baremetal.client.transport import Transport
from baremetal.client.watching import Subject, Watcher, merge_into_operation


class Client:
    """The Bare Metal API as Python objects."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.events = Events(transport)
        self.nodes = Nodes(transport, self.events)
        self.ports = Collection(transport, "ports")
        self.chassis = Collection(transport, "chassis")
        self.drivers = Drivers(transport, "drivers")
        self.conductors = Collection(transport, "conductors")
        self.allocations = Collection(transport, "allocations")
        self.images = Images(transport.beside("/image"))
        self.shares = Shares(transport.beside("/share"))
        self.operations = Operations(transport, "operations")

    def operation_watcher(self, feed: EventFeed, uuid: str) -> Watcher:
        """Tells every change of an operation."""
        subject = Subject(self.operations.get, "operation_uuid", merge_into_operation)
        return Watcher(subject, feed, [uuid])


def connect(cloud: str | None = None, endpoint: str | None = None) -> Client:
    """A client for the cloud that the arguments, the environment or clouds.yaml name.

    Nothing is sent yet.

    :param cloud: an entry of clouds.yaml; $OS_CLOUD by default
    :param endpoint: the API root, instead of the configured one
    :raises errors.NotConfigured: there is no such cloud, or its entry is not usable
    """
    found = find_cloud(cloud, endpoint)
    return Client(Transport(found.session, found.root))
