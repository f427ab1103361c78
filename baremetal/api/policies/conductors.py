"""Conductors."""

from baremetal.auth.rules import OVERSEERS, Rule

GET = Rule("baremetal:conductor:get", "See the conductors, and who is alive.", OVERSEERS)
