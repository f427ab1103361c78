"""Drivers."""

from baremetal.auth.rules import OVERSEERS, Rule

GET = Rule("baremetal:driver:get", "See the drivers, and which conductors have them.", OVERSEERS)
GET_PROPERTIES = Rule(
    "baremetal:driver:get_properties", "See what a driver wants to know of a machine.", OVERSEERS
)
GET_RAID_PROPERTIES = Rule(
    "baremetal:driver:get_raid_logical_disk_properties", "See a driver's RAID options.", OVERSEERS
)
VENDOR_PASSTHRU = Rule("baremetal:driver:vendor_passthru", "See a driver's own methods.", OVERSEERS)
