"""Benchmarks of the recurrences against each other, against common implementations, and against the machine's limit."""
