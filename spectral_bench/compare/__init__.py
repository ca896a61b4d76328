"""Statistics of groups of runs, against each other and against published numbers. Reads no files of runs."""
