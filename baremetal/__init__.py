"""Baremetal: the control plane for the physical side of a private cloud."""
