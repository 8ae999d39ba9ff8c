"""Metrics that two or more trainers report."""
