"""Hyperparameters searched for: the trials of a study become points of a launcher."""
