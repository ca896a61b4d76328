"""Timing of the recurrences against each other and against what people use today."""
