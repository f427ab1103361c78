"""A driver as somebody else would write it, for machines that are files."""
