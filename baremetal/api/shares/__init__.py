"""The Shared File Systems API v2, beside the others."""
