"""One small main per process: reads the configuration, wires objects."""

#: Where all state is, unless a command is told otherwise.
DEFAULT_DIR = "~/.local/share/baremetal"
