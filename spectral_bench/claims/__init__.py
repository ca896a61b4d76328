"""Claims of papers, and our own: what they say, the rule and the runs that decide them, and the verdict."""
