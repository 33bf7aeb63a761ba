"""Benchmarks: `python -m tests.bench NAME --json [--quick]`. They measure and never judge."""
