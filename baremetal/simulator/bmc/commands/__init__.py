"""What the BMC can do: one module per network function, each a table of commands."""

from baremetal.simulator.bmc.commands import application, chassis, lan, payload, sensor, storage
from baremetal.simulator.bmc.commands.contract import CommandTable

COMMANDS: CommandTable = {
    **application.COMMANDS,
    **chassis.COMMANDS,
    **lan.COMMANDS,
    **payload.COMMANDS,
    **sensor.COMMANDS,
    **storage.COMMANDS,
}
"""Every command; what is not in it is answered with 0xC1, invalid command."""
