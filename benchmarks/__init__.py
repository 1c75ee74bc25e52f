"""Measurements: each is `python -m benchmarks.NAME`, prints a table and writes JSON."""
