"""What the system is about, as frozen types and tables: no I/O, no clock, no configuration."""
