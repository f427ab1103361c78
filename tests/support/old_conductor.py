"""A conductor of the release before: it speaks version 1.0 of the contract, without `load`."""

import sys

from baremetal.cmd import backend  # noqa: F401 - must come first

# isort: split

import oslo_messaging

from baremetal.cmd import conductor
from baremetal.conductor.manager import ConductorEndpoint

ConductorEndpoint.target = oslo_messaging.Target(version="1.0")
del ConductorEndpoint.load

if __name__ == "__main__":
    sys.exit(conductor.main())
