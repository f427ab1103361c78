"""The Image API v2, beside the Bare Metal API: its routes, its controllers, its errors."""
