"""Fleets of simulated machines: real IPMI 2.0 BMCs and netbooted agents, on the real wire."""
