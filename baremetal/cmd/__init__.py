"""One small main per process: reads the configuration, wires objects."""
