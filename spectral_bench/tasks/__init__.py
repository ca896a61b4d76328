"""Tasks: each knows its data, its loss, its metric, its baseline and when it counts as solved."""
