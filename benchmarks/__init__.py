"""Benchmarks: one script per question, each of which prints one JSON document.

`python -m benchmarks NAME` runs one; `python -m benchmarks` (or `make bench`) runs all, writes
benchmarks/results/NAME.json, and builds docs/benchmarks.md from these files.
"""
