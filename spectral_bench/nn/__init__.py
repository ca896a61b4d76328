"""Recurrence kernels, transitions, layers and models."""
