"""How bytes move: `transfer` copies an object to another place, the cheapest legal way."""

from baremetal.motion.transfer import transfer
from baremetal.motion.wishes import Cancelled, Outcome, Progress, Wishes

__all__ = ["Cancelled", "Outcome", "Progress", "Wishes", "transfer"]
