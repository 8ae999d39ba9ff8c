"""A grid of small images of items."""
