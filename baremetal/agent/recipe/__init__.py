"""Builds the ramdisk; runs where it is built, never in the guest."""
