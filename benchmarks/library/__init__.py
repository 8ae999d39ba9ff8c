"""Benchmarks of the library: neighbors, layouts, readers."""
