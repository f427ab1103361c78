"""Placement: which node fulfils a wish, and why none does."""
