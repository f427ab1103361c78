"""The share service: carries out operations on shares."""
