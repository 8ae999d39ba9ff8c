"""A table of items."""
