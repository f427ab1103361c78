"""`baremetal share ...`: file systems that clients mount from afar."""
