"""Benchmarks of the app in a browser."""
