"""The data service: moves bytes between stores, as durable operations."""
