"""Who runs the points of a grid: a loop, processes, a cluster. It changes no number."""
