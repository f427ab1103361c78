"""Drivers: small classes behind small interfaces, found by stevedore."""
