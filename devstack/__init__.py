"""The real thing on one machine: broker, database and services, without systemd."""
