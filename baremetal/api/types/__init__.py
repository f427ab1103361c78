"""The resources' types: each field once, with all that rendering, input and docs need."""
