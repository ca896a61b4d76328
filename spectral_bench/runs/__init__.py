"""A run is a directory: written while it happens, readable at any moment, never overwritten."""
