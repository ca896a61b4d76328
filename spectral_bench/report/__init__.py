"""Tables and documents about runs, for people and for programs."""
