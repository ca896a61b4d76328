"""Statistics of groups of runs, against each other and against published numbers. Never reads files."""
