"""The command line: one short function a verb, heavy imports inside the functions."""
