"""The Python client: `connect()` and the errors that come of it."""

from baremetal.client.client import Client, connect

__all__ = ["Client", "connect"]
