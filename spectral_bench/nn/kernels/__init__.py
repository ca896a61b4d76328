"""Recurrences over time with hand-written backpropagation, and the readable references they are tested against."""
