"""Timing of the recurrences against each other, against what people use today, and against the machine's limit."""
