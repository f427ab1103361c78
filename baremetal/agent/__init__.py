"""The agent that runs on a machine's ramdisk; it carries out plans there."""
