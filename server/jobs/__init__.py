"""Layouts, graphs and clusters computed in worker processes."""
