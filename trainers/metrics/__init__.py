"""Metrics that two trainers or more report."""
