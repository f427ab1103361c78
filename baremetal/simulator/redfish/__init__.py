"""A Redfish service (DMTF DSP0266) for any number of chassis."""
