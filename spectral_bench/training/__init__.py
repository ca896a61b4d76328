"""One training loop for all models and tasks, and the probes that watch it."""
