"""Benchmarks: one script a question, which prints one JSON document.

`python -m benchmarks NAME` runs one; `python -m benchmarks` (or `make bench`) runs all, writes
benchmarks/results/NAME.json, and makes docs/benchmarks.md from them.
"""
