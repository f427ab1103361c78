"""The stores of the house, one file each; found by entry point, not by import."""
