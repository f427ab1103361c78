"""Durable operations: claimed, run step by step, resumed by whoever is left."""
