"""`baremetal node ...`: machines."""
