"""What groups of runs say against each other and against published numbers. Never reads files."""
