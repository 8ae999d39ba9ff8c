"""Layouts, neighbor graphs and clusters, computed in worker processes."""
