"""Reads run directories into runs, groups and frames. Never trains, never draws, never imports torch."""
