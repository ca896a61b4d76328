"""Reads run directories, compares what they came to, and draws it. Never trains, never imports torch."""
