"""One file per resource: what each route does."""
