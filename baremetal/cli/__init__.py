"""The `baremetal` command: people speak to the service by it."""
