"""Benchmarks of the trainers against their peers."""
