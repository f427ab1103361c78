"""What goes wrong with a machine, declared as data."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from baremetal.simulator.checked_mapping import CheckedMapping


@dataclass(frozen=True, slots=True)
class BmcFaults:
    """How a BMC misbehaves.

    :ivar silent: it reads every packet and answers none.
    :ivar wrong_password: it has another password than the enrolment says.
    :ivar drop_packets: probability, for each packet in either direction, that it is lost.
    :ivar garbage: it answers every packet with random bytes.
    :ivar refuse_sessions: it answers Open Session with 'insufficient resources'.
    :ivar slow: seconds by which each answer is late.
    :ivar ignores_soft_off: the machine pays no heed to a soft shutdown.
    """

    silent: bool = False
    wrong_password: bool = False
    drop_packets: float = 0.0
    garbage: bool = False
    refuse_sessions: bool = False
    slow: float = 0.0
    ignores_soft_off: bool = False


@dataclass(frozen=True, slots=True)
class AgentFaults:
    """How a machine's netbooted agent misbehaves.

    :ivar never_boots: a network boot never reaches the agent.
    :ivar slow_boot: simulated seconds that a network boot takes on top of the usual.
    :ivar die_at_step: the agent vanishes without a word in the middle of this step.
    :ivar fail_at_step: the agent reports this step as failed,
    :ivar fail_message: with this error.
    :ivar disappears_after_heartbeat: the agent vanishes once this many heartbeats were accepted.
    :ivar wrong_token: the agent sends a token that it was not given.
    :ivar first_boots: the faults apply to so many network boots, later ones are sound; 0: to all.
    :ivar chance: probability, for each of these boots, that the faults apply to it.
    """

    never_boots: bool = False
    slow_boot: float = 0.0
    die_at_step: str | None = None
    fail_at_step: str | None = None
    fail_message: str = "simulated failure"
    disappears_after_heartbeat: int = 0
    wrong_token: bool = False
    first_boots: int = 0
    chance: float = 1.0

    def on_boot(self, network_boots: int, seed: int) -> "AgentFaults":
        """Return the faults of the ``network_boots``-th network boot, counted from 1.

        The same machine's ``seed`` decides each boot the same way every time.
        """
        if self.first_boots and network_boots > self.first_boots:
            return NO_AGENT_FAULTS
        if self.chance < 1.0 and self.chance <= random.Random(f"{seed}/{network_boots}").random():
            return NO_AGENT_FAULTS
        return self


NO_BMC_FAULTS = BmcFaults()
NO_AGENT_FAULTS = AgentFaults()

#: Faults that one meets often, by the names that a fleet file may call them.
NAMED_FAULTS: Mapping[str, tuple[BmcFaults, AgentFaults]] = {
    "hung": (BmcFaults(silent=True), NO_AGENT_FAULTS),
    "garbage": (BmcFaults(garbage=True), NO_AGENT_FAULTS),
    "drop-half": (BmcFaults(drop_packets=0.5), NO_AGENT_FAULTS),
    "refuse-sessions": (BmcFaults(refuse_sessions=True), NO_AGENT_FAULTS),
    "wrong-password": (BmcFaults(wrong_password=True), NO_AGENT_FAULTS),
    "never-boots": (NO_BMC_FAULTS, AgentFaults(never_boots=True)),
    "dies-writing": (NO_BMC_FAULTS, AgentFaults(die_at_step="write_image")),
    "fails-writing": (NO_BMC_FAULTS, AgentFaults(fail_at_step="write_image")),
}


def read_bmc_faults(fields: CheckedMapping) -> BmcFaults:
    """Return the faults that a ``faults.bmc`` mapping declares.

    :raises FleetFileError: a field is unknown or has a wrong value.
    """
    faults = BmcFaults(
        silent=fields.flag("silent"),
        wrong_password=fields.flag("wrong_password"),
        drop_packets=fields.number("drop_packets", 0.0, most=1.0),
        garbage=fields.flag("garbage"),
        refuse_sessions=fields.flag("refuse_sessions"),
        slow=fields.number("slow", 0.0, most=3600),
        ignores_soft_off=fields.flag("ignores_soft_off"),
    )
    fields.finish()
    return NO_BMC_FAULTS if faults == NO_BMC_FAULTS else faults


def read_agent_faults(fields: CheckedMapping) -> AgentFaults:
    """Return the faults that a ``faults.agent`` mapping declares.

    :raises FleetFileError: a field is unknown or has a wrong value.
    """
    fail_at_step, fail_message = None, AgentFaults().fail_message
    if fields.has("fail_at_step"):
        failure = fields.mapping("fail_at_step")
        fail_at_step = failure.text("step")
        fail_message = failure.text("message", fail_message, longest=2000)
        failure.finish()
    faults = AgentFaults(
        never_boots=fields.flag("never_boots"),
        slow_boot=fields.number("slow_boot", 0.0),
        die_at_step=fields.text("die_at_step") if fields.has("die_at_step") else None,
        fail_at_step=fail_at_step,
        fail_message=fail_message,
        disappears_after_heartbeat=fields.integer("disappears_after_heartbeat", 0),
        wrong_token=fields.flag("wrong_token"),
        first_boots=fields.integer("first_boots", 0),
        chance=fields.number("chance", 1.0, most=1.0),
    )
    fields.finish()
    return NO_AGENT_FAULTS if faults == NO_AGENT_FAULTS else faults
