"""What the agent says when something cannot be done."""


class StepFailed(Exception):
    """A step cannot be done; the message is for the operator."""


class PlanDropped(Exception):
    """Nobody waits for the plan any more."""
