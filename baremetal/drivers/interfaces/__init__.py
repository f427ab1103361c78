"""The contracts a driver may fulfil; all that a third party needs to write one."""

from baremetal.drivers.interfaces.base import Interface, Property
from baremetal.drivers.interfaces.boot import BootInterface
from baremetal.drivers.interfaces.console import ConsoleInterface
from baremetal.drivers.interfaces.deploy import DeployInterface
from baremetal.drivers.interfaces.inspect import InspectInterface
from baremetal.drivers.interfaces.management import ManagementInterface
from baremetal.drivers.interfaces.place import BootPlace
from baremetal.drivers.interfaces.power import PowerInterface
from baremetal.drivers.interfaces.rescue import RescueInterface

__all__ = [
    "BootInterface",
    "BootPlace",
    "ConsoleInterface",
    "DeployInterface",
    "InspectInterface",
    "Interface",
    "ManagementInterface",
    "PowerInterface",
    "Property",
    "RescueInterface",
]
